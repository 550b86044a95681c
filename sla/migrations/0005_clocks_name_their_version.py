"""From now on every clock names the version of the policy that it runs under."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sla", "0004_first_versions")]
    operations = [
        migrations.AlterField(
            model_name="clock",
            name="policy_version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="sla.policyversion",
            ),
        ),
        migrations.AlterField(
            model_name="firing",
            name="percent",
            field=models.PositiveSmallIntegerField(
                help_text="The step's, as it was when it fired."
            ),
        ),
    ]
