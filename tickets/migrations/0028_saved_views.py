"""Views of the queue that agents keep, and the columns they choose."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ('sla', '0005_clocks_name_their_version'),
        ('tickets', '0027_search_schedule'),
    ]

    operations = [
        migrations.CreateModel(
            name='SavedView',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60)),
                ('query', models.CharField(blank=True, help_text="As they stand in the queue's address.", max_length=1000, verbose_name='filters')),
                ('sort', models.CharField(blank=True, max_length=20, verbose_name='order')),
                ('columns', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=30), blank=True, default=list, help_text="Empty: each reader's own.")),
            ],
            options={
                'ordering': ['name', 'pk'],
            },
        ),
        migrations.AddField(
            model_name='user',
            name='queue_columns',
            field=models.JSONField(blank=True, default=dict, editable=False, help_text='Name of a queue -> the columns that this agent chose there.'),
        ),
        migrations.AddField(
            model_name='savedview',
            name='owner',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='saved_views', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='savedview',
            name='team',
            field=models.ForeignKey(blank=True, help_text='Whose members see it too; empty: you alone.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='saved_views', to='tickets.team'),
        ),
        migrations.AddConstraint(
            model_name='savedview',
            constraint=models.UniqueConstraint(models.F('owner'), django.db.models.functions.text.Lower('name'), condition=models.Q(('team', None)), name='one_private_view_of_a_name', violation_error_message='You have a view of that name.'),
        ),
        migrations.AddConstraint(
            model_name='savedview',
            constraint=models.UniqueConstraint(models.F('team'), django.db.models.functions.text.Lower('name'), condition=models.Q(('team__isnull', False)), name='one_view_of_a_name_in_a_team', violation_error_message='The team has a view of that name.'),
        ),
    ]
