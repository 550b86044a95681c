"""What is due next and what is late is read by the deadline of running clocks."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("sla", "0009_permissions_for_breaches")]
    operations = [
        migrations.AddIndex(
            model_name="clock",
            index=models.Index(
                fields=["due_at"],
                condition=Q(stopped_at=None, superseded_at=None),
                name="clock_due",
            ),
        ),
    ]
