"""What comes in and goes out: mails, escalations, notifications, customers' reports, the portal."""

import datetime
import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models

TABLES = [
    migrations.CreateModel(
        name='Parcel',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('created_at', models.DateTimeField()),
            ('emptied_at', models.DateTimeField(help_text='When its files were deleted.', null=True)),
        ],
        options={
            'ordering': ['pk'],
            'indexes': [models.Index(condition=models.Q(('emptied_at', None)), fields=['created_at'], name='parcel_not_emptied')],
        },
    ),
    migrations.CreateModel(
        name='Enclosure',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('parcel', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='enclosures', to='tickets.parcel')),
            ('filename', models.CharField(max_length=255)),
            ('content_type', models.CharField(max_length=255)),
            ('content_id', models.CharField(blank=True, help_text='By which the HTML shows it, at cid:...; else a file.', max_length=255)),
            ('content', models.BinaryField()),
        ],
        options={
            'ordering': ['pk'],
        },
    ),
    migrations.CreateModel(
        name='Delivery',
        fields=[
            ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
            ('key', models.CharField(help_text='Of its cause and recipient: queued once.', max_length=400, unique=True)),
            ('ticket', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='tickets.ticket')),
            ('message', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='tickets.message')),
            ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('parcel', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='tickets.parcel')),
            ('occasion', models.CharField(max_length=40)),
            ('channel', models.CharField(default='email', max_length=20)),
            ('recipient', models.CharField(help_text='The address as the channel knows it.', max_length=320)),
            ('subject', models.CharField(max_length=400)),
            ('text', models.TextField()),
            ('html', models.TextField(blank=True)),
            ('mail_message_id', models.CharField(help_text='Made once, the same at every attempt (RFC 5322).', max_length=255, unique=True)),
            ('in_reply_to', models.TextField(blank=True, help_text='The Message-ID that it answers.')),
            ('references', models.TextField(blank=True, help_text='The Message-IDs of the conversation.')),
            ('reply_to', models.CharField(blank=True, help_text='Where answers go.', max_length=320)),
            ('from_name', models.CharField(blank=True, help_text='The agent who writes.', max_length=150)),
            ('state', models.CharField(choices=[('queued', 'Queued'), ('leased', 'Being sent'), ('sent', 'Sent'), ('dead', 'Not delivered'), ('cancelled', 'Cancelled')], default='queued', max_length=20)),
            ('attempts', models.PositiveSmallIntegerField(default=0)),
            ('next_attempt_at', models.DateTimeField(help_text='When a worker may take it; for a leased one, when the lease runs out.')),
            ('lease_token', models.UUIDField(null=True)),
            ('last_error', models.TextField(blank=True)),
            ('created_at', models.DateTimeField()),
            ('sent_at', models.DateTimeField(null=True)),
            ('provider_id', models.CharField(blank=True, help_text='What the mail provider calls it.', max_length=255)),
            ('fate', models.CharField(blank=True, choices=[('delivered', 'Delivered'), ('delayed', 'Delayed'), ('bounced', 'Bounced'), ('complained', 'Reported as spam')], max_length=20)),
            ('fate_at', models.DateTimeField(null=True)),
            ('fate_detail', models.TextField(blank=True)),
        ],
        options={
            'verbose_name_plural': 'deliveries',
            'ordering': ['-created_at'],
            'indexes': [models.Index(condition=models.Q(('state__in', ['queued', 'leased'])), fields=['next_attempt_at'], name='delivery_due'), models.Index(condition=models.Q(('provider_id', ''), _negated=True), fields=['provider_id'], name='delivery_provider'), models.Index(condition=models.Q(('parcel__isnull', False)), fields=['parcel'], name='delivery_parcel')],
        },
    ),
    migrations.CreateModel(
        name='UndeliverableAddress',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('address', models.EmailField(max_length=320, unique=True)),
            ('at', models.DateTimeField()),
            ('reason', models.TextField()),
            ('delivery', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='tickets.delivery')),
        ],
        options={
            'ordering': ['-at'],
        },
    ),
    migrations.CreateModel(
        name='InboundMessage',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('channel', models.CharField(default='email', max_length=20)),
            ('mailbox', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='inbound', to='tickets.mailbox')),
            ('key', models.CharField(max_length=255, unique=True)),
            ('digest', models.CharField(help_text='SHA-256 of the bytes, in hexadecimal.', max_length=64)),
            ('raw', models.BinaryField()),
            ('size', models.PositiveIntegerField(help_text='In bytes.')),
            ('received_at', models.DateTimeField()),
            ('sender', models.CharField(blank=True, help_text='As it says itself.', max_length=320)),
            ('subject', models.CharField(blank=True, max_length=200)),
            ('state', models.CharField(choices=[('waiting', 'Waiting'), ('leased', 'Being read'), ('done', 'Done'), ('quarantined', 'In quarantine')], default='waiting', max_length=20)),
            ('outcome', models.CharField(blank=True, choices=[('ticket', 'New ticket'), ('reply', 'Reply'), ('ignored', 'Ignored')], max_length=20)),
            ('reason', models.TextField(blank=True, help_text='Why it was ignored, or put in quarantine.')),
            ('ticket', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='inbound', to='tickets.ticket')),
            ('message', models.OneToOneField(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='inbound', to='tickets.message')),
            ('attempts', models.PositiveSmallIntegerField(default=0)),
            ('waits', models.PositiveSmallIntegerField(default=0, help_text='How often it waited for an older message that it may answer.')),
            ('next_attempt_at', models.DateTimeField(help_text='When a worker may take it; for a leased one, when the lease runs out.')),
            ('lease_token', models.UUIDField(null=True)),
            ('settled_at', models.DateTimeField(null=True)),
        ],
        options={
            'ordering': ['-received_at', '-pk'],
            'indexes': [models.Index(condition=models.Q(('state__in', ['waiting', 'leased'])), fields=['next_attempt_at'], name='inbound_due')],
            'constraints': [models.UniqueConstraint(fields=('mailbox', 'digest'), name='inbound_once', nulls_distinct=False), models.CheckConstraint(condition=models.Q(models.Q(('state', 'done'), _negated=True), models.Q(('outcome', ''), _negated=True), _connector='OR'), name='what_is_done_has_an_outcome')],
        },
    ),
    migrations.CreateModel(
        name='ChannelPause',
        fields=[
            ('channel', models.CharField(max_length=20, primary_key=True, serialize=False)),
            ('since', models.DateTimeField()),
            ('until', models.DateTimeField(help_text='When the next one is tried.')),
            ('reason', models.TextField()),
        ],
        options={
            'ordering': ['channel'],
        },
    ),
    migrations.CreateModel(
        name='Escalation',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('ticket', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='escalations', to='tickets.ticket')),
            ('at', models.DateTimeField()),
            ('firing', models.OneToOneField(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='escalation', to='sla.firing')),
            ('raised_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('day', models.DateField(help_text="Of a customer's escalation, in the calendar's zone: one a day.", null=True)),
            ('reason', models.TextField(blank=True)),
            ('told', models.TextField(blank=True, help_text='Whom it was told, in words.')),
            ('acknowledged_at', models.DateTimeField(null=True)),
            ('acknowledged_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('acknowledged_as', models.CharField(blank=True, help_text="The address, where it is nobody's here.", max_length=320)),
        ],
        options={
            'ordering': ['-at', '-pk'],
            'indexes': [models.Index(condition=models.Q(('acknowledged_at', None)), fields=['-at'], name='escalation_open')],
            'constraints': [models.UniqueConstraint(fields=('ticket', 'day'), name='one_customer_escalation_a_day'), models.CheckConstraint(condition=models.Q(models.Q(('day', None), ('firing__isnull', False), ('raised_by', None)), models.Q(('day__isnull', False), ('firing', None), ('raised_by__isnull', False)), _connector='OR'), name='escalation_by_step_or_person'), models.CheckConstraint(condition=models.Q(models.Q(('acknowledged_as', ''), ('acknowledged_at', None), ('acknowledged_by', None)), models.Q(('acknowledged_at__isnull', False), ('acknowledged_by__isnull', False)), models.Q(('acknowledged_at__isnull', False), models.Q(('acknowledged_as', ''), _negated=True)), _connector='OR'), name='acknowledged_by_somebody')],
        },
    ),
    migrations.CreateModel(
        name='Notification',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='notifications', to=settings.AUTH_USER_MODEL)),
            ('ticket', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notifications', to='tickets.ticket')),
            ('kind', models.CharField(choices=[('assigned', 'Assigned to you'), ('mentioned', 'Mentioned you'), ('customer_replied', 'Customer replied'), ('at_risk', 'Promise at risk'), ('notice', 'For your attention')], max_length=20)),
            ('at', models.DateTimeField()),
            ('by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('detail', models.CharField(blank=True, help_text='A few words of what it is.', max_length=300)),
            ('cause', models.CharField(help_text='Tells one person of one thing once.', max_length=200)),
            ('read_at', models.DateTimeField(null=True)),
            ('mail_due_at', models.DateTimeField(help_text='When it is to go by mail; empty: it went, or is not to.', null=True)),
        ],
        options={
            'ordering': ['-pk'],
            'indexes': [models.Index(models.F('user'), models.OrderBy(models.F('id'), descending=True), name='notification_of_user'), models.Index(condition=models.Q(('read_at', None)), fields=['user', 'ticket'], name='notification_unread'), models.Index(condition=models.Q(('mail_due_at__isnull', False)), fields=['mail_due_at', 'user'], name='notification_mail_due'), models.Index(fields=['at'], name='notification_at')],
            'constraints': [models.UniqueConstraint(fields=('user', 'cause'), name='notified_once_of_a_cause')],
        },
    ),
    migrations.CreateModel(
        name='NotificationChoices',
        fields=[
            ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='notification_choices', serialize=False, to=settings.AUTH_USER_MODEL)),
            ('assigned', models.CharField(choices=[('off', 'Not at all'), ('bell', 'In the bell'), ('at_once', 'In the bell, and by mail at once'), ('digest', 'In the bell, and by mail with others')], default='at_once', max_length=10)),
            ('mentioned', models.CharField(choices=[('off', 'Not at all'), ('bell', 'In the bell'), ('at_once', 'In the bell, and by mail at once'), ('digest', 'In the bell, and by mail with others')], default='at_once', max_length=10)),
            ('customer_replied', models.CharField(choices=[('off', 'Not at all'), ('bell', 'In the bell'), ('at_once', 'In the bell, and by mail at once'), ('digest', 'In the bell, and by mail with others')], default='bell', max_length=10)),
            ('at_risk', models.CharField(choices=[('off', 'Not at all'), ('bell', 'In the bell')], default='bell', max_length=10)),
            ('notice', models.CharField(choices=[('off', 'Not at all'), ('bell', 'In the bell')], default='bell', max_length=10)),
            ('digest', models.CharField(choices=[('hour', 'Every hour in which the desk is open'), ('day', 'Once a day')], default='hour', max_length=10)),
            ('daily_at', models.TimeField(default=datetime.time(8, 0), help_text="In this person's own time zone.")),
        ],
        options={
            'verbose_name_plural': 'notification choices',
        },
    ),
    migrations.CreateModel(
        name='CustomerReport',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('organization', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='monthly_reports', to='tickets.organization')),
            ('month', models.DateField(help_text='Its first day.')),
            ('made_at', models.DateTimeField()),
        ],
        options={
            'ordering': ['-month'],
            'constraints': [models.UniqueConstraint(fields=('organization', 'month'), name='one_customer_report_a_month'), models.CheckConstraint(condition=models.Q(('month__day', 1)), name='customer_report_is_about_a_month')],
        },
    ),
    migrations.CreateModel(
        name='PortalSettings',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('incident', models.CharField(blank=True, help_text="A sentence or two at the top of the customers' pages; empty: no banner.", max_length=300, verbose_name='known incident')),
            ('incident_url', models.URLField(blank=True, help_text='For example your status page.', verbose_name='where to read more')),
            ('incident_until', models.DateTimeField(blank=True, help_text='Empty: until somebody empties the text.', null=True, verbose_name='shown until')),
            ('publishes_attainment', models.BooleanField(default=False, help_text='How many promises of the last 90 days were kept, on the page of the policy.', verbose_name='publish attainment')),
            ('asks_for_work', models.BooleanField(default=False, help_text='Against floods: a browser computes for a second before the form is taken. Who has no JavaScript signs in first.', verbose_name='ask browsers for a proof of work')),
        ],
        options={
            'verbose_name': "customers' pages",
            'verbose_name_plural': "customers' pages",
            'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='one_row_of_portal_settings')],
        },
    ),
    migrations.CreateModel(
        name='Allowance',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('key', models.CharField(help_text='What, and a digest of who.', max_length=100)),
            ('begins_at', models.DateTimeField(help_text='Of the window.')),
            ('ends_at', models.DateTimeField(db_index=True, help_text='When the row may go.')),
            ('used', models.PositiveIntegerField(default=0)),
        ],
        options={
            'constraints': [models.UniqueConstraint(fields=('key', 'begins_at'), name='one_allowance_a_window')],
        },
    ),
]
