"""November 2026 of a customer in Berlin, with a holiday in India: Monday the 9th.

Times are local to Asia/Kolkata (+05:30); in Berlin (+01:00) the month begins on 1 Nov 04:30 and
ends on 1 Dec 04:30 of them.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from sla.models import Policy
from tests import factories
from tests.sla.november import Story, ist
from tickets import lifecycle, spam
from tickets.models import Organization, Rating, User

NOVEMBER = date(2026, 11, 1)
# 1 December, 08:00 in Berlin.
DUE = datetime(2026, 12, 1, 7, tzinfo=UTC)


@dataclass
class Acme:
    """What each ticket is promised, and what comes of it, stands beside it."""

    organization: Organization
    spoc: User
    maria: User
    story: Story


def tell(policy: Policy) -> Acme:
    """P3: 1 and 5 business days. P1: 2 and 12 hours, day and night."""
    calendar = policy.calendar
    calendar.holidays.create(date=date(2026, 11, 9), name="Diwali")
    calendar.publish(at=ist(1, "00:00", 10))
    story = Story()
    spoc = factories.agent(name="Sam Spoc")
    organization = factories.organization(
        "Acme", spoc=spoc, time_zone="Europe/Berlin", language="de"
    )
    maria = factories.customer(
        "maria@acme.example", name="Maria", organization=organization, gets_report=True
    )
    # Nobody asked for it, and another customer's.
    factories.customer("eve@acme.example", organization=organization)
    bolt = factories.organization("Bolt")
    bert = factories.customer("bert@bolt.example", organization=bolt, gets_report=True)

    def opened(name: str, code: str, day: int, clock: str, month: int = 11) -> None:
        at, by = ist(day, clock, month), bert if name == "of Bolt" else maria
        story.tickets[name] = factories.ticket(code, at=at, subject=name, requester=by)

    # In Berlin it is still October, 23:30. Never answered: unsolved for ever.
    opened("of October", "P3", 1, "04:00")
    # First response due Tue 10 10:00, because Monday is a holiday: answered 09:30 (kept).
    # Resolution due Mon 16 10:00, solved at 11:00 (1 h late).
    opened("over the holiday", "P3", 6, "10:00")
    story.reply(story.tickets["over the holiday"], 10, "09:30")
    lifecycle.add_note(
        ticket=story.tickets["over the holiday"],
        by=story.agent,
        text="They pay late.",
        at=ist(10, "09:40"),
    )
    story.resolve(story.tickets["over the holiday"], 16, "11:00")
    # Answered after 1 h, solved after 11 h (both kept).
    opened("down", "P1", 12, "10:00")
    story.reply(story.tickets["down"], 12, "11:00")
    story.resolve(story.tickets["down"], 12, "21:00")
    # First response due Tue 1 Dec 10:00, which is missed when the report is made, at 12:30.
    # Resolution due Mon 7 Dec (running).
    opened("at the end", "P3", 30, "10:00")
    opened("junk", "P3", 17, "10:00")
    spam.mark_spam(ticket=story.tickets["junk"], by=story.agent, at=ist(17, "11:00"))
    opened("of Bolt", "P3", 3, "10:00")
    for name, stars in (("down", 4), ("over the holiday", 5)):
        Rating.objects.create(
            ticket=story.tickets[name], by=maria, stars=stars, at=ist(18, "10:00")
        )
    return Acme(organization, spoc, maria, story)
