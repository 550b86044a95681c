"""What is promised: calendars, priorities and policies."""

import django.core.validators
import django.db.models.deletion
import re
import sla.models.calendars
from django.db import migrations, models

TABLES = [
    migrations.CreateModel(
        name='Calendar',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('name', models.CharField(max_length=100, unique=True)),
            ('time_zone', models.CharField(default='Asia/Kolkata', help_text='The zone in which the opening hours below are read, for example Asia/Kolkata.', max_length=64, validators=[sla.models.calendars.is_time_zone])),
            ('country', models.CharField(blank=True, help_text='ISO 3166 code, whose public holidays are offered.', max_length=3)),
            ('subdivision', models.CharField(blank=True, help_text='ISO 3166-2 code or region within the country, if any.', max_length=32)),
            ('current_version', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sla.calendarversion')),
        ],
        options={
            'ordering': ['name'],
        },
    ),
    migrations.CreateModel(
        name='CalendarVersion',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('calendar', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='sla.calendar')),
            ('number', models.PositiveIntegerField()),
            ('time_zone', models.CharField(max_length=64)),
            ('week', models.JSONField(help_text='Weekday (Monday is 0) to spans of HH:MM.')),
            ('exceptions', models.JSONField(help_text='ISO date to name and spans.')),
            ('published_at', models.DateTimeField()),
        ],
        options={
            'ordering': ['calendar', '-number'],
            'constraints': [models.UniqueConstraint(fields=('calendar', 'number'), name='calendar_version_once')],
        },
    ),
    migrations.CreateModel(
        name='Holiday',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('calendar', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='holidays', to='sla.calendar')),
            ('date', models.DateField()),
            ('name', models.CharField(max_length=200)),
            ('opens', models.CharField(blank=True, help_text='Leave both times empty when support is closed all day.', max_length=5, validators=[django.core.validators.RegexValidator(re.compile('^(?:[01]\\d|2[0-3]):[0-5]\\d$|^24:00$'), 'Write the time as HH:MM, from 00:00 to 24:00.')])),
            ('closes', models.CharField(blank=True, max_length=5, validators=[django.core.validators.RegexValidator(re.compile('^(?:[01]\\d|2[0-3]):[0-5]\\d$|^24:00$'), 'Write the time as HH:MM, from 00:00 to 24:00.')])),
        ],
        options={
            'ordering': ['date', 'opens'],
            'constraints': [models.UniqueConstraint(fields=('calendar', 'date', 'opens'), name='holiday_once', violation_error_message='This date already has such an exception.'), models.CheckConstraint(condition=models.Q(models.Q(('closes', ''), ('opens', '')), models.Q(('closes__gt', models.F('opens')), models.Q(('opens', ''), _negated=True)), _connector='OR'), name='holiday_closes_after_opening', violation_error_message='Give both times, closing after opening, or neither for a day without hours.')],
        },
    ),
    migrations.CreateModel(
        name='OpeningHours',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('calendar', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='opening_hours', to='sla.calendar')),
            ('weekday', models.PositiveSmallIntegerField(choices=[(0, 'Monday'), (1, 'Tuesday'), (2, 'Wednesday'), (3, 'Thursday'), (4, 'Friday'), (5, 'Saturday'), (6, 'Sunday')])),
            ('opens', models.CharField(default='09:00', max_length=5, validators=[django.core.validators.RegexValidator(re.compile('^(?:[01]\\d|2[0-3]):[0-5]\\d$|^24:00$'), 'Write the time as HH:MM, from 00:00 to 24:00.')])),
            ('closes', models.CharField(default='17:00', help_text='Up to 24:00.', max_length=5, validators=[django.core.validators.RegexValidator(re.compile('^(?:[01]\\d|2[0-3]):[0-5]\\d$|^24:00$'), 'Write the time as HH:MM, from 00:00 to 24:00.')])),
        ],
        options={
            'verbose_name': 'opening span',
            'verbose_name_plural': 'opening hours',
            'ordering': ['weekday', 'opens'],
            'constraints': [models.UniqueConstraint(fields=('calendar', 'weekday', 'opens'), name='opening_hours_once', violation_error_message='This weekday already has a span that opens at that time.'), models.CheckConstraint(condition=models.Q(('closes__gt', models.F('opens'))), name='opening_hours_close_after_opening', violation_error_message='A span closes after it opens; write a night shift as two spans on two days.')],
        },
    ),
    migrations.CreateModel(
        name='Priority',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('code', models.CharField(help_text='Short, for example P1.', max_length=10, unique=True)),
            ('rank', models.PositiveSmallIntegerField(help_text='1 is the most urgent.', unique=True)),
            ('name', models.CharField(max_length=50)),
            ('definition', models.TextField(blank=True, help_text='When a ticket has this priority.')),
            ('examples', models.TextField(blank=True, help_text='What belongs there, one example a line.')),
            ('is_default', models.BooleanField(default=False, help_text='Used where nothing says the priority.', verbose_name='default')),
        ],
        options={
            'verbose_name_plural': 'priorities',
            'ordering': ['rank'],
            'constraints': [models.UniqueConstraint(condition=models.Q(('is_default', True)), fields=('is_default',), name='one_default_priority', violation_error_message='Another priority is the default already.')],
        },
    ),
    migrations.CreateModel(
        name='Policy',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('name', models.CharField(max_length=100, unique=True)),
            ('calendar', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='policies', to='sla.calendar')),
            ('is_default', models.BooleanField(default=False, help_text='Holds for every organization without its own policy.', verbose_name='default')),
            ('current_version', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sla.policyversion')),
        ],
        options={
            'verbose_name_plural': 'policies',
            'ordering': ['name'],
            'constraints': [models.UniqueConstraint(condition=models.Q(('is_default', True)), fields=('is_default',), name='one_default_policy', violation_error_message='Another policy is the default already.')],
        },
    ),
    migrations.CreateModel(
        name='PolicyVersion',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('policy', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='sla.policy')),
            ('number', models.PositiveIntegerField()),
            ('calendar', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sla.calendar')),
            ('targets', models.JSONField(help_text='A target each, as the rows had it.')),
            ('pause_rules', models.JSONField(help_text='Pairs of a metric and what pauses it.')),
            ('published_at', models.DateTimeField()),
        ],
        options={
            'ordering': ['policy', '-number'],
            'constraints': [models.UniqueConstraint(fields=('policy', 'number'), name='policy_version_once')],
        },
    ),
    migrations.CreateModel(
        name='PauseRule',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('policy', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='pause_rules', to='sla.policy')),
            ('metric', models.CharField(choices=[('first_response', 'First response'), ('next_response', 'Next response'), ('resolution', 'Resolution')], max_length=20)),
            ('condition', models.CharField(choices=[('waiting_for_customer', 'Waiting for the customer'), ('with_engineering', 'With engineering')], max_length=30)),
        ],
        options={
            'ordering': ['metric', 'condition'],
            'constraints': [models.UniqueConstraint(fields=('policy', 'metric', 'condition'), name='pause_rule_once', violation_error_message='This policy has that rule already.')],
        },
    ),
    migrations.CreateModel(
        name='Target',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('policy', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='targets', to='sla.policy')),
            ('priority', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='targets', to='sla.priority')),
            ('metric', models.CharField(choices=[('first_response', 'First response'), ('next_response', 'Next response'), ('resolution', 'Resolution')], max_length=20)),
            ('amount', models.PositiveIntegerField(help_text='The promise is broken after this much time.', validators=[django.core.validators.MinValueValidator(1, 'A target is at least 1: a promise needs some time.')], verbose_name='limit')),
            ('unit', models.CharField(choices=[('hours', 'hours, day and night'), ('business_hours', 'business hours'), ('business_days', 'business days')], max_length=20)),
            ('goal_amount', models.PositiveIntegerField(blank=True, help_text='Optional, in the same unit: the ticket turns amber then.', null=True, validators=[django.core.validators.MinValueValidator(1, 'A goal is at least 1; leave it empty for none.')], verbose_name='goal')),
            ('kept_by_lowering', models.BooleanField(default=False, help_text="Lowering the ticket's priority in time (a workaround) keeps this promise.", verbose_name='kept by lowering')),
            ('note', models.CharField(blank=True, help_text='Shown to customers beside the promise.', max_length=200)),
        ],
        options={
            'ordering': ['priority__rank', 'metric'],
            'constraints': [models.UniqueConstraint(fields=('policy', 'priority', 'metric'), name='one_target_per_metric', violation_error_message='This policy already has a target for that priority.'), models.CheckConstraint(condition=models.Q(('amount__gte', 1)), name='target_at_least_one', violation_error_message='A target is at least 1: a promise needs some time.'), models.CheckConstraint(condition=models.Q(('goal_amount', None), models.Q(('goal_amount__gte', 1), ('goal_amount__lte', models.F('amount'))), _connector='OR'), name='goal_before_limit', violation_error_message='The goal comes before the limit.')],
        },
    ),
    migrations.CreateModel(
        name='BreachReason',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('name', models.CharField(help_text='Such as “Waited for a supplier”: reports count breaches by it.', max_length=100, unique=True)),
            ('position', models.PositiveSmallIntegerField(default=100, help_text='Lower ones come first.')),
            ('is_active', models.BooleanField(default=True, help_text='Others can be chosen no more; what has them keeps them.', verbose_name='active')),
        ],
        options={
            'ordering': ['position', 'name'],
        },
    ),
    migrations.CreateModel(
        name='Sweep',
        fields=[
            ('name', models.CharField(max_length=50, primary_key=True, serialize=False)),
            ('period_seconds', models.PositiveIntegerField(help_text='How often it is meant to run.')),
            ('last_run_at', models.DateTimeField(help_text='When the last run that went through began.', null=True)),
            ('running_since', models.DateTimeField(null=True)),
            ('took_ms', models.PositiveIntegerField(default=0)),
            ('did', models.PositiveIntegerField(default=0, help_text='How many rows the last run handled.')),
            ('alarmed_at', models.DateTimeField(help_text='When the administrators were told that it is late.', null=True)),
        ],
        options={
            'ordering': ['name'],
        },
    ),
]
