"""Who is at a ticket now. UNLOGGED: it is written all day, and worth nothing after a crash."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [('tickets', '0034_bulk_actions_begin_once'),
    ]
    operations = [
        migrations.CreateModel(
            name='Presence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('seen_at', models.DateTimeField(help_text='When the open page last said so.')),
                ('typing_at', models.DateTimeField(help_text='When something was last typed there.', null=True)),
                ('ticket', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='presences', to='tickets.ticket')),
                ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('ticket', 'user'), name='present_once_at_a_ticket')],
            },
        ),
        migrations.RunSQL(
            'ALTER TABLE tickets_presence SET UNLOGGED', migrations.RunSQL.noop
        ),
    ]
