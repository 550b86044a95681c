"""Promises that run for tickets, and the reports on them."""

import datetime
import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import sla.models.calendars
from django.conf import settings
from django.db import migrations, models

TABLES = [
    migrations.CreateModel(
        name='Recalculation',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('calendar_version', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sla.calendarversion')),
            ('policy_version', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sla.policyversion')),
            ('steps_of', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='sla.policy')),
            ('requested_at', models.DateTimeField()),
            ('requested_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('total', models.PositiveIntegerField(help_text='Clocks that were open when it was asked for.')),
            ('done', models.PositiveIntegerField(default=0, help_text='Clocks that it has come to.')),
            ('moved', models.PositiveIntegerField(default=0, help_text='Clocks whose deadline moved.')),
            ('failed', models.PositiveIntegerField(default=0, help_text='Clocks that could not be reckoned anew, and stay as they were.')),
            ('cursor', models.BigIntegerField(default=0)),
            ('finished_at', models.DateTimeField(null=True)),
        ],
        options={
            'ordering': ['-pk'],
            'indexes': [models.Index(condition=models.Q(('finished_at', None)), fields=['id'], name='recalculation_unfinished')],
            'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('calendar_version__isnull', False), ('policy_version', None), ('steps_of', None)), models.Q(('calendar_version', None), ('policy_version__isnull', False), ('steps_of', None)), models.Q(('calendar_version', None), ('policy_version', None), ('steps_of__isnull', False)), _connector='OR'), name='recalculation_has_one_cause')],
        },
    ),
    migrations.CreateModel(
        name='EscalationStep',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('policy', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='steps', to='sla.policy')),
            ('priority', models.ForeignKey(blank=True, help_text='Empty: every one.', null=True, on_delete=django.db.models.deletion.PROTECT, to='sla.priority')),
            ('metric', models.CharField(blank=True, choices=[('first_response', 'First response'), ('next_response', 'Next response'), ('resolution', 'Resolution')], help_text='Empty: every one.', max_length=20)),
            ('percent', models.PositiveSmallIntegerField(help_text="Of the target's time; 100 is the moment when the promise is broken.", validators=[django.core.validators.MinValueValidator(1, 'A step comes after at least one percent of the target.')])),
            ('roles', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('assignee', 'Assignee, or the team while nobody is assigned'), ('team', 'Team'), ('team_lead', 'Team lead'), ('spoc', 'Single point of contact'), ('escalation_address', 'Escalation address'), ('managers', 'Managers'), ('engineering', 'Engineering')], max_length=30), blank=True, help_text='Whom it tells.')),
            ('hand_to', models.ForeignKey(blank=True, help_text='The team that gets the ticket then; empty: it stays where it is.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tickets.team', verbose_name='hands to')),
            ('raises_to_engineering', models.BooleanField(default=False, help_text='Marks the ticket as with engineering.', verbose_name='to engineering')),
            ('marks_escalated', models.BooleanField(default=False, help_text='The queue shows the ticket as escalated.', verbose_name='marks as escalated')),
            ('only_in_opening_hours', models.BooleanField(default=False, help_text='Outside of them it waits for the next opening.', verbose_name='only in opening hours')),
            ('is_active', models.BooleanField(default=True, verbose_name='active')),
        ],
        options={
            'ordering': ['percent'],
            'constraints': [models.UniqueConstraint(fields=('policy', 'priority', 'metric', 'percent'), name='escalation_step_once', nulls_distinct=False, violation_error_message='This policy has that step already.'), models.CheckConstraint(condition=models.Q(('percent__gte', 1)), name='step_after_the_start', violation_error_message='A step comes after at least one percent of the target.')],
        },
    ),
    migrations.CreateModel(
        name='Clock',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('ticket', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='clocks', to='tickets.ticket')),
            ('policy', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sla.policy')),
            ('policy_version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sla.policyversion')),
            ('priority', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sla.priority')),
            ('metric', models.CharField(choices=[('first_response', 'First response'), ('next_response', 'Next response'), ('resolution', 'Resolution')], max_length=20)),
            ('target_amount', models.PositiveIntegerField()),
            ('target_unit', models.CharField(choices=[('hours', 'hours, day and night'), ('business_hours', 'business hours'), ('business_days', 'business days')], max_length=20)),
            ('goal_amount', models.PositiveIntegerField(null=True)),
            ('kept_by_lowering', models.BooleanField(default=False)),
            ('calendar_version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sla.calendarversion')),
            ('earlier_promise', models.ForeignKey(help_text='The promise before the priority was raised: never answered later than that.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sla.clock')),
            ('started_at', models.DateTimeField()),
            ('paused_at', models.DateTimeField(null=True)),
            ('stopped_at', models.DateTimeField(null=True)),
            ('superseded_at', models.DateTimeField(null=True)),
            ('voided_at', models.DateTimeField(help_text='When it turned out that nobody was promised anything: spam.', null=True)),
            ('goal_at', models.DateTimeField(null=True)),
            ('due_at', models.DateTimeField()),
            ('next_step_at', models.DateTimeField(null=True)),
            ('counted_seconds', models.PositiveBigIntegerField(help_text='Time used until it ended, as its own target counts.', null=True)),
            ('business_seconds', models.PositiveBigIntegerField(help_text="Time used until it ended, in the calendar's opening hours.", null=True)),
        ],
        options={
            'ordering': ['due_at'],
            'permissions': [('view_reports', 'Can view SLA reports')],
            'indexes': [models.Index(condition=models.Q(('next_step_at__isnull', False), ('stopped_at', None), ('superseded_at', None)), fields=['next_step_at'], name='clock_next_step'), models.Index(condition=models.Q(('stopped_at', None), ('superseded_at', None)), fields=['id'], name='clock_running'), models.Index(condition=models.Q(('stopped_at', None), ('superseded_at', None)), fields=['due_at'], name='clock_due'), models.Index(fields=['started_at'], name='clock_started')],
            'constraints': [models.UniqueConstraint(condition=models.Q(('stopped_at', None), ('superseded_at', None)), fields=('ticket', 'metric'), name='one_running_clock_per_metric'), models.CheckConstraint(condition=models.Q(('stopped_at', None), ('superseded_at', None), _connector='OR'), name='clock_ends_once'), models.CheckConstraint(condition=models.Q(('voided_at', None), ('stopped_at__isnull', False), ('superseded_at__isnull', False), _connector='OR'), name='a_void_clock_has_ended'), models.CheckConstraint(condition=models.Q(('target_amount__gte', 1)), name='clock_has_time')],
        },
    ),
    migrations.CreateModel(
        name='ClockEvent',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('clock', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='events', to='sla.clock')),
            ('kind', models.CharField(choices=[('started', 'Started'), ('paused', 'Paused'), ('resumed', 'Resumed'), ('stopped', 'Stopped'), ('reopened', 'Runs on'), ('superseded', 'Replaced'), ('recalculated', 'Reckoned anew'), ('voided', 'Does not count'), ('restored', 'Counts again')], max_length=20)),
            ('at', models.DateTimeField()),
            ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('reason', models.CharField(blank=True, max_length=500)),
            ('due_before', models.DateTimeField(null=True)),
            ('due_after', models.DateTimeField(null=True)),
        ],
        options={
            'ordering': ['at', 'pk'],
        },
    ),
    migrations.CreateModel(
        name='Pause',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('clock', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='pauses', to='sla.clock')),
            ('reason', models.CharField(choices=[('waiting_for_customer', 'Waiting for the customer'), ('with_engineering', 'With engineering'), ('resolved', 'Resolved')], max_length=30)),
            ('started_at', models.DateTimeField()),
            ('ended_at', models.DateTimeField(null=True)),
        ],
        options={
            'ordering': ['started_at'],
            'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('clock', 'reason'), name='one_open_pause_per_reason'), models.CheckConstraint(condition=models.Q(('ended_at', None), ('ended_at__gte', models.F('started_at')), _connector='OR'), name='pause_ends_after_it_starts')],
        },
    ),
    migrations.CreateModel(
        name='Firing',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('clock', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='firings', to='sla.clock')),
            ('step', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='firings', to='sla.escalationstep')),
            ('percent', models.PositiveSmallIntegerField(help_text="The step's, as it was when it fired.")),
            ('at', models.DateTimeField()),
        ],
        options={
            'ordering': ['at', 'pk'],
            'constraints': [models.UniqueConstraint(fields=('clock', 'step'), name='step_fires_once_per_clock')],
        },
    ),
    migrations.CreateModel(
        name='BreachNote',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('clock', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='breach_notes', to='sla.clock')),
            ('reason', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='notes', to='sla.breachreason')),
            ('note', models.TextField(blank=True)),
            ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('at', models.DateTimeField()),
            ('replaced_at', models.DateTimeField(help_text='When another one took its place; empty: it is the present one.', null=True)),
        ],
        options={
            'ordering': ['at', 'pk'],
            'constraints': [models.UniqueConstraint(condition=models.Q(('replaced_at', None)), fields=('clock',), name='one_present_breach_note'), models.CheckConstraint(condition=models.Q(('reason__isnull', False), models.Q(('note', ''), _negated=True), _connector='OR'), name='breach_note_says_something')],
        },
    ),
    migrations.CreateModel(
        name='SavedReport',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('name', models.CharField(max_length=80)),
            ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='saved_reports', to=settings.AUTH_USER_MODEL)),
            ('is_shared', models.BooleanField(default=False, help_text='With everybody who may read reports; else you alone.', verbose_name='shared')),
            ('page', models.CharField(choices=[('overview', 'Overview'), ('breakdown', 'Breakdown'), ('breaches', 'Breaches')], default='overview', max_length=20)),
            ('query', models.CharField(blank=True, help_text='As it stands in the address.', max_length=1000, verbose_name='question')),
        ],
        options={
            'ordering': ['name', 'pk'],
            'constraints': [models.UniqueConstraint(models.F('owner'), django.db.models.functions.text.Lower('name'), name='one_saved_report_of_a_name', violation_error_message='You have a report of that name.')],
        },
    ),
    migrations.CreateModel(
        name='ReportSchedule',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('report', models.ForeignKey(on_delete=django.db.models.deletion.RESTRICT, related_name='schedules', to='sla.savedreport')),
            ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='report_schedules', to=settings.AUTH_USER_MODEL)),
            ('every', models.CharField(choices=[('day', 'Every day'), ('week', 'Every week'), ('month', 'Every month')], default='week', max_length=10, verbose_name='sent')),
            ('weekday', models.PositiveSmallIntegerField(choices=[(0, 'Monday'), (1, 'Tuesday'), (2, 'Wednesday'), (3, 'Thursday'), (4, 'Friday'), (5, 'Saturday'), (6, 'Sunday')], default=0, help_text='Of a weekly one.')),
            ('day', models.PositiveSmallIntegerField(default=1, help_text='Of a monthly one. A shorter month has it on its last day.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(31)], verbose_name='day of the month')),
            ('time', models.TimeField(default=datetime.time(8, 0), verbose_name='at')),
            ('time_zone', models.CharField(help_text='Such as Asia/Kolkata.', max_length=64, validators=[sla.models.calendars.is_time_zone])),
            ('is_active', models.BooleanField(default=True, help_text='Others are not sent.', verbose_name='active')),
            ('next_at', models.DateTimeField(editable=False, help_text='Empty: it is not sent.', null=True, verbose_name='next time')),
            ('problem', models.TextField(blank=True, editable=False, help_text='Why it was not sent the last time.')),
            ('test_to', models.ForeignKey(editable=False, help_text='Who asked to get it once, now.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('recipients', models.ManyToManyField(help_text='Those who may read reports. Who may no more gets none.', related_name='reports_by_mail', to=settings.AUTH_USER_MODEL, verbose_name='to')),
        ],
        options={
            'verbose_name': 'report by mail',
            'verbose_name_plural': 'reports by mail',
            'ordering': ['report__name', 'pk'],
            'indexes': [models.Index(condition=models.Q(('next_at__isnull', False)), fields=['next_at'], name='report_schedule_due')],
            'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('is_active', True), ('next_at__isnull', False)), models.Q(('is_active', False), ('next_at__isnull', True)), _connector='OR'), name='active_report_has_a_next_time'), models.CheckConstraint(condition=models.Q(('day__gte', 1), ('day__lte', 31), ('weekday__lte', 6)), name='report_schedule_has_days')],
        },
    ),
    migrations.CreateModel(
        name='SentReport',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('schedule', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sent', to='sla.reportschedule')),
            ('due_at', models.DateTimeField()),
            ('made_at', models.DateTimeField()),
            ('left_out', models.PositiveIntegerField(default=0, help_text='Earlier occasions that were missed, and not made up for.')),
            ('problem', models.TextField(blank=True)),
        ],
        options={
            'ordering': ['-due_at'],
            'constraints': [models.UniqueConstraint(fields=('schedule', 'due_at'), name='one_sent_report_an_occasion')],
        },
    ),
]
