"""Each queue of the sidebar is a stretch of an index."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tickets", "0028_saved_views")]

    operations = [
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('assignee'), models.OrderBy(models.F('next_due_at'), nulls_last=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('status__in', ['new', 'open', 'pending'])), name='ticket_of_assignee'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('team'), models.OrderBy(models.F('next_due_at'), nulls_last=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('status__in', ['new', 'open', 'pending'])), name='ticket_of_team'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.OrderBy(models.F('next_due_at'), nulls_last=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('status__in', ['new', 'open', 'pending']), ('assignee', None)), name='ticket_unassigned'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.OrderBy(models.F('next_due_at'), nulls_last=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('status', 'pending')), name='ticket_pending'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.OrderBy(models.F('next_due_at'), nulls_last=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('status__in', ['new', 'open', 'pending']), ('with_engineering', True)), name='ticket_with_engineering'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.OrderBy(models.F('next_due_at'), nulls_last=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('status__in', ['new', 'open', 'pending']), ('escalated_at__isnull', False)), name='ticket_escalated'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.OrderBy(models.F('resolved_at'), descending=True, nulls_last=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('status__in', ['resolved', 'closed'])), name='ticket_solved'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.OrderBy(models.F('updated_at'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('status__in', ['new', 'open', 'pending'])), name='ticket_updated'),
        ),
    ]
