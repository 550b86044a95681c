"""How agents work: macros, rules, saved views, many tickets at once."""

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

TABLES = [
    migrations.CreateModel(
        name='Macro',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('name', models.CharField(max_length=100)),
            ('description', models.CharField(blank=True, help_text='When to use it: shown beside its name.', max_length=300)),
            ('team', models.ForeignKey(blank=True, help_text="Whose macro it is; empty: everybody's.", null=True, on_delete=django.db.models.deletion.CASCADE, related_name='macros', to='tickets.team')),
            ('position', models.PositiveSmallIntegerField(default=0, help_text='Small numbers come first.')),
            ('is_active', models.BooleanField(default=True, verbose_name='active')),
            ('steps', models.JSONField(default=list)),
        ],
        options={
            'ordering': ['position', 'name', 'pk'],
            'constraints': [models.UniqueConstraint(fields=('team', 'name'), name='one_macro_of_a_name_per_team', nulls_distinct=False, violation_error_message='There is a macro of this name already.')],
        },
    ),
    migrations.CreateModel(
        name='CannedReply',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('title', models.CharField(help_text='Agents find it by these words.', max_length=100)),
            ('text', models.TextField()),
            ('team', models.ForeignKey(blank=True, help_text='Only its members, and those who work on its tickets; empty: everybody.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='canned_replies', to='tickets.team')),
            ('is_active', models.BooleanField(default=True, verbose_name='active')),
        ],
        options={
            'verbose_name_plural': 'canned replies',
            'ordering': ['title', 'pk'],
            'constraints': [models.UniqueConstraint(django.db.models.functions.text.Lower('title'), models.F('team'), name='canned_reply_by_its_title', nulls_distinct=False, violation_error_message='There is a canned reply of this title already.')],
        },
    ),
    migrations.CreateModel(
        name='SavedView',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('name', models.CharField(max_length=60)),
            ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='saved_views', to=settings.AUTH_USER_MODEL)),
            ('team', models.ForeignKey(blank=True, help_text='Whose members see it too; empty: you alone.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='saved_views', to='tickets.team')),
            ('query', models.CharField(blank=True, help_text="As they stand in the queue's address.", max_length=1000, verbose_name='filters')),
            ('sort', models.CharField(blank=True, max_length=20, verbose_name='order')),
            ('columns', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=30), blank=True, default=list, help_text="Empty: each reader's own.")),
        ],
        options={
            'ordering': ['name', 'pk'],
            'constraints': [models.UniqueConstraint(models.F('owner'), django.db.models.functions.text.Lower('name'), condition=models.Q(('team', None)), name='one_private_view_of_a_name', violation_error_message='You have a view of that name.'), models.UniqueConstraint(models.F('team'), django.db.models.functions.text.Lower('name'), condition=models.Q(('team__isnull', False)), name='one_view_of_a_name_in_a_team', violation_error_message='The team has a view of that name.')],
        },
    ),
    migrations.CreateModel(
        name='Rule',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('name', models.CharField(max_length=100, unique=True)),
            ('description', models.CharField(blank=True, help_text='What it is good for.', max_length=300)),
            ('position', models.PositiveSmallIntegerField(default=0, help_text='Small numbers are followed first.')),
            ('is_active', models.BooleanField(default=True, verbose_name='active')),
            ('when', models.CharField(choices=[('opened', 'A ticket is opened'), ('customer_wrote', 'The customer writes'), ('replied', 'An agent replies'), ('status_changed', 'The status changes'), ('priority_changed', 'The priority changes'), ('assigned', 'The ticket is assigned'), ('tagged', 'A tag is added'), ('idle', 'Nobody does anything for some time')], max_length=20)),
            ('idle_hours', models.PositiveSmallIntegerField(blank=True, help_text="Of the ticket's calendar, since a person last did something; while unsolved.", null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(2000)], verbose_name='for so many business hours')),
            ('idle_while_waiting', models.BooleanField(default=False, help_text='Otherwise a ticket that waits for the customer counts as not idle.', verbose_name='also while waiting for the customer')),
            ('conditions', models.JSONField(blank=True, default=list)),
            ('steps', models.JSONField(default=list)),
            ('failures', models.PositiveSmallIntegerField(default=0, editable=False, help_text='Since it last went through.', verbose_name='failures in a row')),
            ('switched_off_at', models.DateTimeField(editable=False, help_text='When the desk switched it off; empty: it did not.', null=True)),
            ('switched_off_because', models.TextField(blank=True, editable=False)),
        ],
        options={
            'ordering': ['position', 'pk'],
            'indexes': [models.Index(condition=models.Q(('is_active', True)), fields=['when'], name='rule_when')],
            'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('when', 'idle'), _negated=True), ('idle_hours__gte', 1), _connector='OR'), name='idle_rule_names_its_hours', violation_error_message='Say after how many business hours.')],
        },
    ),
    migrations.CreateModel(
        name='IdleMark',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('rule', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='marks', to='tickets.rule')),
            ('calendar', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='sla.calendar')),
            ('hours', models.PositiveSmallIntegerField(help_text='That the rule waited for then.')),
            ('until', models.DateTimeField()),
            ('ticket_number', models.BigIntegerField()),
        ],
        options={
            'constraints': [models.UniqueConstraint(fields=('rule', 'calendar'), name='one_idle_mark_per_calendar')],
        },
    ),
    migrations.CreateModel(
        name='RuleCue',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('event', models.OneToOneField(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='cue', to='tickets.event')),
            ('root', models.ForeignKey(help_text='The first event of the chain, where a rule led to this one.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tickets.event')),
            ('depth', models.PositiveSmallIntegerField(default=0, help_text='How many rules led to it.')),
            ('whens', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), default=list, help_text='What happened, as rules call it.')),
            ('ticket', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tickets.ticket')),
            ('rule', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tickets.rule')),
            ('idle_since', models.DateTimeField(null=True)),
            ('attempts', models.PositiveSmallIntegerField(default=0)),
            ('next_attempt_at', models.DateTimeField(help_text='When a worker may take it; empty: now.', null=True)),
        ],
        options={
            'ordering': ['pk'],
            'constraints': [models.UniqueConstraint(fields=('rule', 'ticket', 'idle_since'), name='idle_cue_once'), models.CheckConstraint(condition=models.Q(models.Q(('event__isnull', False), ('idle_since', None), ('rule', None)), models.Q(('event', None), ('idle_since__isnull', False), ('rule__isnull', False)), _connector='OR'), name='cue_of_event_or_idleness')],
        },
    ),
    migrations.CreateModel(
        name='RuleRun',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('rule', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='runs', to='tickets.rule')),
            ('ticket', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rule_runs', to='tickets.ticket')),
            ('cause', models.ForeignKey(help_text='What it followed from.', on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tickets.event')),
            ('root', models.ForeignKey(help_text='What began the chain.', on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tickets.event')),
            ('idle_since', models.DateTimeField(help_text='Since when nobody had done anything.', null=True)),
            ('at', models.DateTimeField()),
            ('outcome', models.CharField(choices=[('done', 'Done'), ('nothing', 'Nothing to do'), ('failed', 'Failed')], max_length=20)),
            ('detail', models.TextField(blank=True, help_text='What it did, or why not.')),
        ],
        options={
            'ordering': ['-at', '-pk'],
            'indexes': [models.Index(fields=['rule', '-at'], name='rule_run_latest')],
            'constraints': [models.UniqueConstraint(fields=('rule', 'root'), name='rule_once_per_cause'), models.UniqueConstraint(fields=('rule', 'ticket', 'idle_since'), name='rule_once_per_idleness')],
        },
    ),
    migrations.CreateModel(
        name='BulkJob',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='bulk_jobs', to=settings.AUTH_USER_MODEL)),
            ('title', models.CharField(default='', help_text='The steps in words, of when it began.', max_length=300)),
            ('steps', models.JSONField()),
            ('made_at', models.DateTimeField()),
            ('total', models.PositiveIntegerField(help_text='Tickets that were chosen.')),
            ('done', models.PositiveIntegerField(default=0)),
            ('refused', models.PositiveIntegerField(default=0)),
            ('cancelled_at', models.DateTimeField(null=True)),
            ('finished_at', models.DateTimeField(null=True)),
            ('nonce', models.CharField(editable=False, help_text='Of the page that began it: sending it twice begins it once.', max_length=64, null=True, unique=True)),
        ],
        options={
            'verbose_name': 'bulk action',
            'ordering': ['-pk'],
            'indexes': [models.Index(condition=models.Q(('finished_at', None)), fields=['id'], name='bulk_job_unfinished'), models.Index(fields=['by', '-id'], name='bulk_job_of_agent')],
        },
    ),
    migrations.CreateModel(
        name='BulkRow',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('job', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rows', to='tickets.bulkjob')),
            ('ticket', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tickets.ticket')),
            ('state', models.CharField(choices=[('waiting', 'Waiting'), ('done', 'Done'), ('refused', 'Refused'), ('cancelled', 'Cancelled')], default='waiting', max_length=10)),
            ('reason', models.TextField(blank=True, help_text='Why it was refused, as a sentence.')),
        ],
        options={
            'ordering': ['pk'],
            'indexes': [models.Index(condition=models.Q(('state', 'waiting')), fields=['job', 'id'], name='bulk_row_waiting'), models.Index(condition=models.Q(('state', 'refused')), fields=['job', 'id'], name='bulk_row_refused')],
            'constraints': [models.UniqueConstraint(fields=('job', 'ticket'), name='a_ticket_once_in_a_bulk_job')],
        },
    ),
    migrations.CreateModel(
        name='ImportJob',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('kind', models.CharField(choices=[('tickets', 'Tickets'), ('people', 'People')], max_length=10)),
            ('name', models.CharField(max_length=255, verbose_name='file')),
            ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('made_at', models.DateTimeField()),
            ('total', models.PositiveIntegerField()),
            ('bad', models.PositiveIntegerField(default=0, help_text='Rows that have to be mended first.')),
            ('done', models.PositiveIntegerField(default=0)),
            ('same', models.PositiveIntegerField(default=0, help_text='Rows that were here already.')),
            ('refused', models.PositiveIntegerField(default=0)),
            ('begun_at', models.DateTimeField(null=True)),
            ('finished_at', models.DateTimeField(null=True)),
        ],
        options={
            'verbose_name': 'import',
            'ordering': ['-pk'],
            'indexes': [models.Index(condition=models.Q(('begun_at__isnull', False), ('finished_at', None)), fields=['id'], name='import_unfinished')],
        },
    ),
    migrations.CreateModel(
        name='ImportRow',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('job', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rows', to='tickets.importjob')),
            ('number', models.PositiveIntegerField(help_text='As a spreadsheet counts; the titles are 1.')),
            ('values', models.JSONField(default=dict, help_text='The cells; emptied when they are here.')),
            ('words', models.TextField(help_text='What would happen, what happened, or what is wrong.')),
            ('state', models.CharField(choices=[('bad', 'To be mended'), ('waiting', 'Waiting'), ('done', 'Brought in'), ('same', 'Here already'), ('refused', 'Refused')], max_length=10)),
            ('ticket', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='tickets.ticket')),
        ],
        options={
            'ordering': ['pk'],
            'indexes': [models.Index(condition=models.Q(('state', 'waiting')), fields=['job', 'id'], name='import_row_waiting'), models.Index(condition=models.Q(('state__in', ['bad', 'refused'])), fields=['job', 'id'], name='import_row_wrong')],
            'constraints': [models.UniqueConstraint(fields=('job', 'number'), name='a_row_once_in_an_import')],
        },
    ),
]
