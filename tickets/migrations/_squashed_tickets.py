"""Tickets, and what is said and done there."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.functions.datetime
import django.db.models.functions.text
import tickets.models.messages
from django.conf import settings
from django.db import migrations, models

TABLES = [
    migrations.CreateModel(
        name='Tag',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('name', models.CharField(max_length=50, unique=True)),
        ],
        options={
            'ordering': ['name'],
            'constraints': [models.CheckConstraint(condition=models.Q(('name', django.db.models.functions.text.Lower('name')), models.Q(('name', ''), _negated=True), ('name__regex', '^\\S+$')), name='tag_is_one_word_in_lower_case', violation_error_message='A tag is one word in lower case.')],
        },
    ),
    migrations.CreateModel(
        name='Ticket',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('subject', models.CharField(max_length=200)),
            ('requester', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tickets', to=settings.AUTH_USER_MODEL)),
            ('organization', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='tickets', to='tickets.organization')),
            ('request_type', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='tickets', to='tickets.requesttype')),
            ('share_of_users', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='share of users affected, in %')),
            ('priority', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tickets', to='sla.priority')),
            ('status', models.CharField(choices=[('new', 'New'), ('open', 'Open'), ('pending', 'Waiting for customer'), ('resolved', 'Resolved'), ('closed', 'Closed')], default='new', max_length=20)),
            ('closed_as', models.CharField(blank=True, choices=[('merged', 'Merged'), ('spam', 'Spam')], default='', max_length=10)),
            ('merged_into', models.ForeignKey(blank=True, db_index=False, help_text='The ticket that goes on in its place, never one that is merged itself.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='merged', to='tickets.ticket')),
            ('with_engineering', models.BooleanField(default=False)),
            ('engineering_reason', models.CharField(blank=True, default='', max_length=500)),
            ('engineering_expected_on', models.DateField(blank=True, help_text='When engineering expects to be done: customers see it.', null=True)),
            ('team', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='tickets', to='tickets.team')),
            ('assignee', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='assigned_tickets', to=settings.AUTH_USER_MODEL)),
            ('channel', models.CharField(choices=[('web', 'Web form'), ('email', 'E-mail'), ('slack', 'Slack'), ('google_chat', 'Google Chat'), ('whatsapp', 'WhatsApp'), ('phone', 'Telephone')], default='web', max_length=20)),
            ('mailbox', models.ForeignKey(blank=True, help_text='That it came by, and that answers name.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='tickets', to='tickets.mailbox')),
            ('nonce', models.CharField(editable=False, help_text='Of the submission that made it: submitting twice makes one ticket.', max_length=64, null=True, unique=True)),
            ('external_reference', models.CharField(blank=True, default='', editable=False, help_text='What the desk that it was brought in from called it.', max_length=100)),
            ('submitted_at', models.DateTimeField()),
            ('updated_at', models.DateTimeField()),
            ('first_responded_at', models.DateTimeField(blank=True, null=True)),
            ('resolved_at', models.DateTimeField(blank=True, null=True)),
            ('closed_at', models.DateTimeField(blank=True, null=True)),
            ('escalated_at', models.DateTimeField(blank=True, help_text='When it was escalated last; empty: never.', null=True)),
            ('links_void_before', models.DateTimeField(blank=True, editable=False, help_text='Links made until then are void.', null=True)),
            ('next_due_at', models.DateTimeField(blank=True, help_text='The next promise; empty while none is running.', null=True)),
            ('acted_at', models.DateTimeField(editable=False, help_text='When a person last did something, or it last stopped waiting for the customer.', null=True)),
            ('tags', models.ManyToManyField(blank=True, related_name='tickets', to='tickets.tag')),
        ],
        options={
            'ordering': ['-pk'],
            'permissions': [('view_every_ticket', 'Can see the tickets of every team')],
            'indexes': [models.Index(condition=models.Q(('closed_as', ''), _negated=True), fields=['id'], name='ticket_uncounted'), models.Index(condition=models.Q(('status__in', ['new', 'open', 'pending'])), fields=['submitted_at'], name='ticket_age'), models.Index(condition=models.Q(('merged_into__isnull', False)), fields=['merged_into'], name='ticket_merged_into'), models.Index(models.OrderBy(models.F('next_due_at'), nulls_last=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('status__in', ['new', 'open', 'pending'])), include=('requester', 'organization', 'team', 'assignee', 'with_engineering'), name='ticket_queue'), models.Index(models.F('team'), models.OrderBy(models.F('next_due_at'), nulls_last=True), models.F('id'), condition=models.Q(('assignee', None), ('status__in', ['new', 'open'])), name='ticket_pool'), models.Index(condition=models.Q(('status__in', ['new', 'open'])), fields=['assignee', 'id'], name='ticket_at_hand'), models.Index(condition=models.Q(('status__in', ['new', 'open', 'pending'])), fields=['acted_at', 'id'], name='ticket_idle'), models.Index(models.OrderBy(models.F('next_due_at'), nulls_last=True), models.OrderBy(models.F('id'), descending=True), name='ticket_due_next'), models.Index(models.F('assignee'), models.OrderBy(models.F('next_due_at'), nulls_last=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('status__in', ['new', 'open', 'pending'])), include=('requester', 'organization', 'team', 'with_engineering'), name='ticket_of_assignee'), models.Index(models.F('team'), models.OrderBy(models.F('next_due_at'), nulls_last=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('status__in', ['new', 'open', 'pending'])), include=('requester', 'organization', 'assignee', 'with_engineering'), name='ticket_of_team'), models.Index(models.OrderBy(models.F('next_due_at'), nulls_last=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('status__in', ['new', 'open', 'pending']), ('assignee', None)), include=('requester', 'organization', 'team', 'assignee', 'with_engineering'), name='ticket_unassigned'), models.Index(models.OrderBy(models.F('next_due_at'), nulls_last=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('status', 'pending')), include=('requester', 'organization', 'team', 'assignee', 'with_engineering'), name='ticket_pending'), models.Index(models.OrderBy(models.F('next_due_at'), nulls_last=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('status__in', ['new', 'open', 'pending']), ('with_engineering', True)), include=('requester', 'organization', 'team', 'assignee', 'with_engineering'), name='ticket_with_engineering'), models.Index(models.OrderBy(models.F('next_due_at'), nulls_last=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('status__in', ['new', 'open', 'pending']), ('escalated_at__isnull', False)), include=('requester', 'organization', 'team', 'assignee', 'with_engineering'), name='ticket_escalated'), models.Index(models.OrderBy(models.F('resolved_at'), descending=True, nulls_last=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('status__in', ['resolved', 'closed'])), name='ticket_solved'), models.Index(models.OrderBy(models.F('updated_at'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('status__in', ['new', 'open', 'pending'])), name='ticket_updated')],
            'constraints': [models.UniqueConstraint(condition=models.Q(('external_reference', ''), _negated=True), fields=('external_reference',), name='one_ticket_of_an_external_reference'), models.CheckConstraint(condition=models.Q(('share_of_users', None), ('share_of_users__lte', 100), _connector='OR'), name='share_of_users_is_a_percentage'), models.CheckConstraint(condition=models.Q(('closed_as', ''), ('status', 'closed'), _connector='OR'), name='only_a_closed_one_is_closed_as'), models.CheckConstraint(condition=models.Q(models.Q(('closed_as', 'merged'), ('merged_into__isnull', False)), models.Q(models.Q(('closed_as', 'merged'), _negated=True), ('merged_into', None)), _connector='OR'), name='a_merged_one_says_where'), models.CheckConstraint(condition=models.Q(('merged_into', models.F('id')), _negated=True), name='not_merged_into_itself'), models.CheckConstraint(condition=models.Q(('with_engineering', True), models.Q(('engineering_expected_on', None), ('engineering_reason', '')), _connector='OR'), name='only_engineering_is_expected')],
        },
    ),
    migrations.CreateModel(
        name='TicketLink',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('ticket', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='links', to='tickets.ticket')),
            ('other', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='backlinks', to='tickets.ticket')),
            ('kind', models.CharField(choices=[('related', 'Related to'), ('split_from', 'Split from'), ('follow_up', 'Follow-up of')], default='related', max_length=20)),
            ('at', models.DateTimeField()),
            ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
        ],
        options={
            'ordering': ['pk'],
            'constraints': [models.UniqueConstraint(django.db.models.functions.comparison.Least('ticket', 'other'), django.db.models.functions.comparison.Greatest('ticket', 'other'), name='one_link_of_a_pair'), models.CheckConstraint(condition=models.Q(('ticket', models.F('other')), _negated=True), name='no_link_to_itself')],
        },
    ),
    migrations.CreateModel(
        name='Message',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('ticket', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='tickets.ticket')),
            ('author', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('by_staff', models.BooleanField(help_text='Whether the author wrote as a member of staff.')),
            ('is_public', models.BooleanField(help_text='The customer sees it; an internal note is not.')),
            ('text', models.TextField()),
            ('channel', models.CharField(choices=[('web', 'Web form'), ('email', 'E-mail'), ('slack', 'Slack'), ('google_chat', 'Google Chat'), ('whatsapp', 'WhatsApp'), ('phone', 'Telephone')], default='web', max_length=20)),
            ('sent_at', models.DateTimeField()),
            ('is_automatic', models.BooleanField(default=False, help_text='Written by a machine: an out-of-office answer, or a rule of ours.')),
            ('is_accepted', models.BooleanField(default=True, help_text='False: somebody unknown wrote it; only staff see it until then.')),
            ('mail_message_id', models.CharField(blank=True, help_text='Of the mail that brought it (RFC 5322, 3.6.4).', max_length=998)),
            ('whole_text', models.TextField(blank=True, help_text='With quotes and signature, where `text` is the new part alone.')),
            ('html', models.TextField(blank=True, help_text='As it was sent: never shown unsanitised.')),
            ('remarks', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, help_text='What a reader should know about it.')),
            ('split_into', models.ForeignKey(db_index=False, help_text='The ticket that answers it now; here it stays where it was said.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='tickets.ticket')),
        ],
        options={
            'ordering': ['sent_at', 'pk'],
            'indexes': [models.Index(condition=models.Q(('mail_message_id', ''), _negated=True), fields=['mail_message_id'], name='message_mail_id')],
        },
    ),
    migrations.CreateModel(
        name='Attachment',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('message', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attachments', to='tickets.message')),
            ('file', models.FileField(max_length=200, upload_to=tickets.models.messages.random_path)),
            ('filename', models.CharField(max_length=255)),
            ('content_type', models.CharField(max_length=100)),
            ('size', models.PositiveBigIntegerField(help_text='In bytes.')),
            ('content_id', models.CharField(blank=True, help_text='By which the HTML names an inline image (RFC 2392).', max_length=255)),
        ],
        options={
            'ordering': ['pk'],
        },
    ),
    migrations.CreateModel(
        name='Event',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('ticket', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='events', to='tickets.ticket')),
            ('kind', models.CharField(choices=[('opened', 'Opened'), ('replied', 'Replied'), ('customer_replied', 'Customer replied'), ('noted', 'Internal note'), ('assigned', 'Assigned'), ('handed_back', 'Handed back'), ('priority_changed', 'Priority changed'), ('waiting', 'Waiting for customer'), ('resumed', 'Resumed'), ('to_engineering', 'Escalated to engineering'), ('from_engineering', 'Back from engineering'), ('escalated', 'Escalation'), ('escalated_by_customer', 'Escalated by the customer'), ('acknowledged', 'Escalation acknowledged'), ('automatic', 'Automatic message'), ('unverified', 'Message of somebody unknown'), ('accepted', 'Message accepted'), ('followed', 'Follower added'), ('unfollowed', 'Follower removed'), ('links_voided', 'Links declared void'), ('rated', 'Rated'), ('resolved', 'Resolved'), ('reopened', 'Reopened'), ('closed', 'Closed'), ('tagged', 'Tag added'), ('untagged', 'Tag removed'), ('linked', 'Linked'), ('unlinked', 'Link removed'), ('merged', 'Merged into another ticket'), ('took_in', 'Another ticket merged into this one'), ('split', 'Split off'), ('split_from', 'Split from another ticket'), ('expected', 'Expected date of engineering'), ('spam', 'Marked as spam'), ('not_spam', 'Not spam after all'), ('undelivered', 'Message not delivered'), ('sent_automatically', 'Automatic message sent'), ('notified', 'People told'), ('idle', 'Idle'), ('imported', 'Brought in from another desk'), ('rule', 'Rule'), ('macro', 'Macro')], max_length=30)),
            ('at', models.DateTimeField()),
            ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('detail', models.TextField(blank=True, help_text='What changed and why, as a sentence.')),
            ('state', models.JSONField(editable=False, help_text='The ticket after it: status, priority, team, assignee, engineering.', null=True)),
            ('turn', models.CharField(blank=True, choices=[('in', 'Came in'), ('out', 'Solved'), ('again', 'Reopened')], default='', editable=False, help_text='Whether the ticket came in, was solved or reopened by it; else empty.', max_length=5)),
        ],
        options={
            'ordering': ['at', 'pk'],
            'indexes': [models.Index(condition=models.Q(('turn', ''), _negated=True), fields=['at'], include=('turn', 'ticket'), name='event_turn'), models.Index(condition=models.Q(('kind', 'to_engineering')), fields=['ticket', 'at'], name='event_to_engineering'), models.Index(condition=models.Q(('kind__in', ['to_engineering', 'escalated_by_customer'])), fields=['kind', 'at'], name='event_escalations')],
        },
    ),
    migrations.CreateModel(
        name='Follower',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('ticket', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='followers', to='tickets.ticket')),
            ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='following', to=settings.AUTH_USER_MODEL)),
            ('added_at', models.DateTimeField()),
            ('added_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('sees_from', models.DateTimeField(help_text='Sees only what is said from then on; empty: the whole conversation.', null=True)),
        ],
        options={
            'ordering': ['pk'],
            'constraints': [models.UniqueConstraint(fields=('ticket', 'user'), name='follows_once')],
        },
    ),
    migrations.CreateModel(
        name='Holding',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('ticket', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='holdings', to='tickets.ticket')),
            ('team', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tickets.team')),
            ('assignee', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('since', models.DateTimeField()),
            ('until', models.DateTimeField(null=True)),
        ],
        options={
            'ordering': ['since'],
            'indexes': [models.Index(fields=['ticket', 'since'], name='holding_of_ticket')],
            'constraints': [models.UniqueConstraint(condition=models.Q(('until', None)), fields=('ticket',), name='one_present_holding_per_ticket'), models.CheckConstraint(condition=models.Q(('until', None), ('until__gt', models.F('since')), _connector='OR'), name='holding_has_a_span')],
        },
    ),
    migrations.CreateModel(
        name='LastRead',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('ticket', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reads', to='tickets.ticket')),
            ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reads', to=settings.AUTH_USER_MODEL)),
            ('at', models.DateTimeField()),
        ],
        options={
            'constraints': [models.UniqueConstraint(fields=('ticket', 'user'), name='one_last_read_of_a_person')],
        },
    ),
    migrations.CreateModel(
        name='Presence',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('ticket', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='presences', to='tickets.ticket')),
            ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('seen_at', models.DateTimeField(help_text='When the open page last said so.')),
            ('typing_at', models.DateTimeField(help_text='When something was last typed there.', null=True)),
        ],
        options={
            'constraints': [models.UniqueConstraint(fields=('ticket', 'user'), name='present_once_at_a_ticket')],
        },
    ),
    migrations.CreateModel(
        name='Rating',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('ticket', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='rating', to='tickets.ticket')),
            ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('stars', models.PositiveSmallIntegerField(help_text='From 1, bad, to 5, good.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(5)])),
            ('comment', models.TextField(blank=True)),
            ('at', models.DateTimeField()),
        ],
        options={
            'constraints': [models.CheckConstraint(condition=models.Q(('stars__gte', 1), ('stars__lte', 5)), name='rating_of_one_to_five_stars')],
        },
    ),
    migrations.CreateModel(
        name='SearchDocument',
        fields=[
            ('ticket', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='words', serialize=False, to='tickets.ticket')),
            ('document', django.contrib.postgres.search.SearchVectorField()),
        ],
        options={
            'indexes': [django.contrib.postgres.indexes.GinIndex(fastupdate=False, fields=['document'], name='search_document')],
        },
    ),
    migrations.CreateModel(
        name='SearchMark',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('ticket_id', models.BigIntegerField()),
            ('due_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
        ],
        options={
            'indexes': [models.Index(fields=['due_at', 'id'], name='search_mark_due'), models.Index(fields=['ticket_id'], name='search_mark_ticket')],
        },
    ),
]
