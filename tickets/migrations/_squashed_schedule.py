"""The sweeps that celery beat runs. Only created here: a schedule edited in the admin stays."""

from django.db import migrations

EVERY_SECONDS = 10
# A wake-up that waited longer than this in the broker is worth nothing: a newer one is there.
EXPIRES_AFTER_SECONDS = 60

TASKS = {
    "Send waiting mail": "tickets.tasks.deliver",
    "Fire due escalation steps": "tickets.tasks.escalate",
    "Reckon deadlines anew": "tickets.tasks.recalculate",
    "Fetch mail": "tickets.tasks.fetch_mail",
    "Read mail that arrived": "tickets.tasks.read_mail",
    "Hand out tickets": "tickets.tasks.hand_out",
    "Act on many tickets": "tickets.tasks.act_in_bulk",
    "Follow the rules": "tickets.tasks.follow_rules",
    "Write the words that search reads": "tickets.tasks.index_search",
    "Write to agents of their tickets": "tickets.tasks.notify",
    "Send the monthly reports of customers": "tickets.tasks.send_reports",
    "Bring in files": "tickets.tasks.bring_in",
    "Send saved reports by mail": "tickets.tasks.send_scheduled_reports",
}


def create(apps, schema_editor):
    interval = apps.get_model("django_celery_beat", "IntervalSchedule")
    task = apps.get_model("django_celery_beat", "PeriodicTask")
    schedule, _ = interval.objects.get_or_create(every=EVERY_SECONDS, period="seconds")
    for name, path in TASKS.items():
        task.objects.get_or_create(
            name=name,
            defaults={
                "task": path,
                "interval": schedule,
                "expire_seconds": EXPIRES_AFTER_SECONDS,
            },
        )


def remove(apps, schema_editor):
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(name__in=TASKS).delete()


OPERATIONS = [migrations.RunPython(create, remove)]
