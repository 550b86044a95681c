from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tickets", "0010_permissions_for_the_portal")]

    operations = [
        migrations.AddField(
            model_name="inboundmessage",
            name="waits",
            field=models.PositiveSmallIntegerField(
                default=0,
                help_text="How often it waited for an older message that it may answer.",
            ),
        ),
        migrations.AddField(
            model_name="mailbox",
            name="doubts",
            field=models.JSONField(
                default=dict,
                editable=False,
                help_text="Messages that the server did not give, by UID: how often, when last, "
                "and why.",
            ),
        ),
        migrations.AlterField(
            model_name="mailbox",
            name="last_uid",
            field=models.BigIntegerField(
                editable=False,
                help_text="Up to which everything has been stored, or is in doubt.",
                null=True,
            ),
        ),
    ]
