"""What was promised before versions of policies were kept is version 1 of each policy."""

from django.db import migrations
from django.db.models import OuterRef, Subquery
from django.utils import timezone

WRITTEN = (
    "priority_id", "metric", "amount", "unit", "goal_amount", "kept_by_lowering", "note",
)


def publish(apps, schema_editor):
    model = {name: apps.get_model("sla", name) for name in (
        "Policy", "PolicyVersion", "Clock", "Firing", "EscalationStep",
    )}
    for policy in model["Policy"].objects.filter(current_version=None):
        targets = policy.targets.order_by("priority__rank", "metric")
        rules = policy.pause_rules.order_by("metric", "condition")
        policy.current_version = model["PolicyVersion"].objects.create(
            policy=policy,
            number=1,
            calendar_id=policy.calendar_id,
            targets=[{name: getattr(target, name) for name in WRITTEN} for target in targets],
            pause_rules=[[rule.metric, rule.condition] for rule in rules],
            published_at=timezone.now(),
        )
        policy.save(update_fields=["current_version"])
        model["Clock"].objects.filter(policy=policy, policy_version=None).update(
            policy_version=policy.current_version
        )
    percent = model["EscalationStep"].objects.filter(pk=OuterRef("step")).values("percent")
    model["Firing"].objects.filter(percent=None).update(percent=Subquery(percent))


class Migration(migrations.Migration):
    dependencies = [("sla", "0003_versions_and_recalculations")]
    operations = [migrations.RunPython(publish, migrations.RunPython.noop)]
