from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('tickets', '0037_second_factor'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='has_shortcuts',
            field=models.BooleanField(default=True, help_text="Single keys act in the queue and on a ticket's page.", verbose_name='keyboard shortcuts'),
        ),
    ]
