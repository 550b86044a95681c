"""People, their organizations and teams, and what they ask for."""

import datetime
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import sla.models.calendars
import tickets.models.secrets
from django.conf import settings
from django.db import migrations, models

TABLES = [
    migrations.CreateModel(
        name='User',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('password', models.CharField(max_length=128, verbose_name='password')),
            ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
            ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
            ('email', models.EmailField(max_length=254, unique=True, verbose_name='e-mail')),
            ('name', models.CharField(blank=True, max_length=150)),
            ('organization', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='users', to='tickets.organization')),
            ('time_zone', models.CharField(blank=True, help_text="Times are shown in this zone; empty: the calendar's own.", max_length=64, validators=[sla.models.calendars.is_time_zone])),
            ('language', models.CharField(blank=True, choices=[('en-gb', 'English'), ('de', 'Deutsch')], help_text="Of the customers' pages and of mails; empty: as the browser asks, and English.", max_length=10)),
            ('gets_report', models.BooleanField(default=False, help_text='Of his organization, where it is sent: with the subjects of all its tickets.', verbose_name='gets the monthly report')),
            ('verified_at', models.DateTimeField(blank=True, editable=False, help_text='When this person first proved that the address is his; empty: never.', null=True)),
            ('links_void_before', models.DateTimeField(blank=True, editable=False, help_text='Ticket links made until then are void.', null=True)),
            ('second_factor_at', models.DateTimeField(blank=True, editable=False, help_text='When this member of staff set up the second factor; empty: there is none.', null=True)),
            ('is_staff', models.BooleanField(default=False, help_text='May sign in to the desk; customers may not.', verbose_name='staff')),
            ('queue_columns', models.JSONField(blank=True, default=dict, editable=False, help_text='Name of a queue -> the columns that this agent chose there.')),
            ('signature', models.TextField(blank=True, help_text='Below what this agent writes to customers.')),
            ('capacity', models.PositiveSmallIntegerField(blank=True, help_text='So many open tickets, beside those that wait for their customers, are handed to this agent by themselves; empty: no limit.', null=True)),
            ('has_shortcuts', models.BooleanField(default=True, help_text="Single keys act in the queue and on a ticket's page.", verbose_name='keyboard shortcuts')),
            ('is_active', models.BooleanField(default=True, verbose_name='active')),
            ('blocked_at', models.DateTimeField(blank=True, editable=False, help_text='For sending spam: mails of this person are ignored, and get no answer.', null=True, verbose_name='blocked since')),
            ('joined_at', models.DateTimeField(auto_now_add=True)),
            ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
            ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
        ],
        options={
            'ordering': ['email'],
            'indexes': [django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.search.SearchVector('name', 'email', models.Func('email', models.Value('@.-_+'), models.Value('     '), function='translate', output_field=models.TextField()), config='simple'), fastupdate=False, name='user_words'), models.Index(condition=models.Q(('is_active', True), ('is_staff', True)), fields=['name', 'email'], name='user_staff')],
            'constraints': [models.CheckConstraint(condition=models.Q(('email', django.db.models.functions.text.Lower('email'))), name='user_email_in_lower_case', violation_error_message='Write the address in lower case.')],
        },
    ),
    migrations.CreateModel(
        name='Organization',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('name', models.CharField(max_length=200, unique=True)),
            ('spoc', models.ForeignKey(blank=True, help_text="The member of staff whom this customer's escalations reach.", limit_choices_to={'is_staff': True}, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='organizations_in_care', to=settings.AUTH_USER_MODEL, verbose_name='single point of contact')),
            ('policy', models.ForeignKey(blank=True, help_text='Empty: the default policy.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sla.policy')),
            ('domains', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=253), blank=True, default=list, help_text='Who writes from an address there belongs to it, such as acme.example.')),
            ('cc_follows', models.BooleanField(default=False, help_text='Its people in the copy of a mail get the answers too.', verbose_name='copied people follow')),
            ('shares_tickets', models.BooleanField(default=False, help_text='Who is signed in sees, and may answer, every ticket of the organization.', verbose_name="people see each other's tickets")),
            ('time_zone', models.CharField(blank=True, help_text="Of its monthly report; empty: that of its policy's calendar.", max_length=64, validators=[sla.models.calendars.is_time_zone])),
            ('language', models.CharField(blank=True, choices=[('en-gb', 'English'), ('de', 'Deutsch')], help_text='Of its monthly report; empty: English.', max_length=10)),
            ('sends_report', models.BooleanField(default=False, help_text='To its single point of contact, and to those of its people who are marked.', verbose_name='send a monthly report')),
            ('report_time', models.TimeField(default=datetime.time(8, 0), help_text='On the first of the next month, in its time zone.', verbose_name='sent at')),
            ('next_report_month', models.DateField(editable=False, help_text='The first day of the month that is reported next.', null=True)),
            ('next_report_at', models.DateTimeField(editable=False, help_text='When; empty: `tickets.monthly_reports` sets it.', null=True)),
        ],
        options={
            'ordering': ['name'],
            'indexes': [django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.search.SearchVector('name', config='simple'), fastupdate=False, name='organization_words'), models.Index(condition=models.Q(('sends_report', True)), fields=['next_report_at'], name='organization_report')],
        },
    ),
    migrations.CreateModel(
        name='Team',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('name', models.CharField(max_length=100, unique=True)),
            ('lead', models.ForeignKey(blank=True, limit_choices_to={'is_staff': True}, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='teams_led', to=settings.AUTH_USER_MODEL)),
            ('is_engineering', models.BooleanField(default=False, help_text='Escalation steps that tell engineering tell this team.', verbose_name='engineering')),
            ('assignment', models.CharField(choices=[('manual', 'By hand'), ('round_robin', 'Round robin'), ('least_loaded', 'Least loaded')], default='manual', help_text='How tickets that nobody has are handed to those members who are at work.', max_length=20)),
            ('last_assigned', models.ForeignKey(blank=True, editable=False, help_text='Whose turn it was last.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('members', models.ManyToManyField(blank=True, limit_choices_to={'is_staff': True}, related_name='teams', to=settings.AUTH_USER_MODEL)),
        ],
        options={
            'ordering': ['name'],
        },
    ),
    migrations.CreateModel(
        name='Availability',
        fields=[
            ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='availability', serialize=False, to=settings.AUTH_USER_MODEL)),
            ('is_away', models.BooleanField(default=False, verbose_name='away')),
            ('since', models.DateTimeField(help_text='When this was set; empty: never.', null=True)),
            ('until', models.DateTimeField(help_text='Away no longer than that; empty: open end.', null=True)),
            ('hands_back', models.BooleanField(default=False, help_text='While away, open tickets go back to their team.')),
            ('set_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('seen_at', models.DateTimeField(help_text='When this agent last opened a page.', null=True)),
        ],
        options={
            'verbose_name_plural': 'availability',
            'indexes': [models.Index(condition=models.Q(('hands_back', True)), fields=['user'], name='availability_hands_back')],
            'constraints': [models.CheckConstraint(condition=models.Q(('is_away', True), models.Q(('hands_back', False), ('until', None)), _connector='OR'), name='only_who_is_away_comes_back')],
        },
    ),
    migrations.CreateModel(
        name='RequestType',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('name', models.CharField(max_length=100, unique=True)),
            ('sentence', models.CharField(blank=True, help_text='Shown beside the choice.', max_length=200)),
            ('priority', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='request_types', to='sla.priority')),
            ('share_threshold', models.PositiveSmallIntegerField(blank=True, help_text='Empty: the share is not asked for.', null=True, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(99)], verbose_name='share of users above which the priority holds, in %')),
            ('priority_below', models.ForeignKey(blank=True, help_text='The priority when no more users than that are affected.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sla.priority')),
            ('team', models.ForeignKey(blank=True, help_text='Who gets it first.', null=True, on_delete=django.db.models.deletion.PROTECT, to='tickets.team')),
            ('position', models.PositiveSmallIntegerField(default=0, help_text='Small numbers come first.')),
            ('is_active', models.BooleanField(default=True, verbose_name='active')),
        ],
        options={
            'ordering': ['position', 'name'],
            'constraints': [models.CheckConstraint(condition=models.Q(('share_threshold', None), ('priority_below__isnull', False), _connector='OR'), name='threshold_needs_the_other_priority', violation_error_message='Say which priority holds at or below the threshold.')],
        },
    ),
    migrations.CreateModel(
        name='Mailbox',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('address', models.EmailField(help_text='Customers write to it.', max_length=254, unique=True)),
            ('team', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='mailboxes', to='tickets.team')),
            ('request_type', models.ForeignKey(blank=True, help_text='Of its mail; empty: none, and so the default priority.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='mailboxes', to='tickets.requesttype')),
            ('is_active', models.BooleanField(default=True, verbose_name='active')),
            ('host', models.CharField(blank=True, help_text='Empty: it is not fetched by IMAP.', max_length=253, verbose_name='IMAP server')),
            ('port', models.PositiveIntegerField(default=993, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(65535)])),
            ('security', models.CharField(choices=[('tls', 'TLS from the start'), ('starttls', 'STARTTLS'), ('plain', 'None: for a server on this machine')], default='tls', max_length=10)),
            ('login', models.CharField(blank=True, max_length=320)),
            ('auth', models.CharField(choices=[('password', 'Login and password'), ('xoauth2', 'Access token (XOAUTH2)')], default='password', max_length=10, verbose_name='authentication')),
            ('secret', tickets.models.secrets.SecretField(blank=True, help_text='Kept encrypted, and never shown again.', verbose_name='password or token')),
            ('folder', models.CharField(default='INBOX', max_length=200)),
            ('uid_validity', models.BigIntegerField(editable=False, null=True)),
            ('last_uid', models.BigIntegerField(editable=False, help_text='Up to which everything has been stored, or is in doubt.', null=True)),
            ('doubts', models.JSONField(default=dict, editable=False, help_text='Messages that the server did not give, by UID: how often, when last, and why.')),
            ('last_fetched_at', models.DateTimeField(editable=False, null=True)),
            ('failures', models.PositiveIntegerField(default=0, editable=False)),
            ('paused_until', models.DateTimeField(editable=False, null=True)),
            ('last_error', models.TextField(blank=True, editable=False)),
        ],
        options={
            'verbose_name_plural': 'mailboxes',
            'ordering': ['address'],
            'constraints': [models.CheckConstraint(condition=models.Q(('address', django.db.models.functions.text.Lower('address'))), name='mailbox_address_in_lower_case', violation_error_message='Write the address in lower case.')],
        },
    ),
]
