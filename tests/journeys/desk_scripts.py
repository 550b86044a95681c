"""What the journeys of the desk need in the product's database: Python for `Product.run`."""

TAKEN = 20
MANY, OVER = 2_000, 40
TEAM = "Launches"

# Tickets for a day's work; and a team with many, a manager's, some of which are over.
PREPARE = f"""
from django.utils import timezone
from sla.models import Priority
from tickets import lifecycle
from tickets.models import Macro, Team, Ticket, User

at = timezone.now()
agent = User.objects.staff().filter(groups__name="Agent").order_by("pk").first()
mira = User.objects.customer("mira@day.example", "Mira")
kind = Priority.objects.get(code="P3")

def opened(subject, **fields):
    return lifecycle.open_ticket(
        priority=kind, requester=mira, subject=subject, text="Please look.", at=at, **fields
    )

waits, over = (opened(f"{TEAM} {{name}}") for name in ("waits", "over"))
lifecycle.resolve(ticket=over, by=agent, text="It is done.", at=at)
lifecycle.close(ticket=over, by=agent, at=at)
team = Team.objects.create(name="{TEAM}")
team.members.set(User.objects.staff())
theirs = User.objects.staff().filter(groups__name="Manager").order_by("pk").first()
Ticket.objects.filter(pk__in=[waits.pk, over.pk]).update(team=team, assignee=theirs)
names = [field.attname for field in Ticket._meta.concrete_fields if not field.primary_key]
for base, number in ((waits, {MANY - OVER - 1}), (over, {OVER - 1})):
    base = Ticket.objects.get(pk=base.pk)
    values = {{name: getattr(base, name) for name in names}}
    Ticket.objects.bulk_create([Ticket(**values) for _ in range(number)])

for number in range({TAKEN}):
    opened(f"Day {{number}}")

Macro.objects.create(
    name="Known incident",
    steps=[
        {{"do": "assign_to_me"}},
        {{"do": "reply", "text": "Dear {{{{ requester }}}}, we know of it. {{{{ agent }}}}"}},
    ],
)
"""

# Tickets at a steady rate, until its input is closed; then says how many.
FLOW = """
import select, sys, time
from django.utils import timezone
from sla.models import Priority
from tickets import lifecycle
from tickets.models import User

kind = Priority.objects.get(code="P3")
nils = User.objects.customer("nils@flow.example", "Nils")
begun, made = time.monotonic(), 0
while made < {most}:
    left = begun + made * 60 / {rate} - time.monotonic()
    if select.select([sys.stdin], [], [], max(left, 0))[0]:
        break
    lifecycle.open_ticket(
        priority=kind, requester=nils, subject=f"Flow {{made}}", text="One of many.",
        at=timezone.now(),
    )
    made += 1
print(made, time.monotonic() - begun)
"""
