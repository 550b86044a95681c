"""The sweeps that celery beat runs. Only created here: a schedule edited in the admin stays."""

from django.db import migrations

EVERY_SECONDS = 10
# A wake-up that waited longer than this in the broker is worth nothing: a newer one is there.
EXPIRES_AFTER_SECONDS = 60

TASKS = {
    "Send waiting mail": "tickets.tasks.deliver",
    "Fire due escalation steps": "tickets.tasks.escalate",
}


def create(apps, schema_editor, tasks=TASKS):
    interval = apps.get_model("django_celery_beat", "IntervalSchedule")
    task = apps.get_model("django_celery_beat", "PeriodicTask")
    schedule, _ = interval.objects.get_or_create(every=EVERY_SECONDS, period="seconds")
    for name, path in tasks.items():
        task.objects.get_or_create(
            name=name,
            defaults={
                "task": path,
                "interval": schedule,
                "expire_seconds": EXPIRES_AFTER_SECONDS,
            },
        )


def remove(apps, schema_editor, tasks=TASKS):
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(name__in=tasks).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("tickets", "0001_initial"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]
    operations = [migrations.RunPython(create, remove)]
