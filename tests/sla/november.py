"""Fourteen tickets of November 2026, told by the lifecycle's own verbs.

Times are local to Asia/Kolkata (+05:30), without holidays; the 2nd is a Monday.
"""

from datetime import UTC, date, datetime, timedelta

from sla.reports import Period
from tests import factories
from tickets import lifecycle
from tickets.models import Ticket, User

ZONE = "Asia/Kolkata"
# Somebody from whom no ticket is hidden.
ALL_SEEING = User(is_staff=True, is_superuser=True)
NOVEMBER = Period.of_days(date(2026, 11, 1), date(2026, 11, 30), ZONE)


def ist(day: int, clock: str, month: int = 11) -> datetime:
    """An instant from a local day and time."""
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, month, day, hour, minute, tzinfo=UTC) - timedelta(hours=5, minutes=30)


NOW = ist(20, "12:00")


class Story:
    """Tickets told by the lifecycle's own verbs, each with a name."""

    def __init__(self) -> None:
        self.agent: User = factories.agent(name="Asha")
        self.tickets: dict[str, Ticket] = {}

    def open(self, name: str, code: str, day: int, clock: str, month: int = 11) -> Ticket:
        ticket = factories.ticket(code, at=ist(day, clock, month), subject=name)
        self.tickets[name] = ticket
        return ticket

    def reply(self, ticket: Ticket, day: int, clock: str) -> None:
        lifecycle.reply(ticket=ticket, by=self.agent, text="We look at it.", at=ist(day, clock))

    def resolve(self, ticket: Ticket, day: int, clock: str) -> None:
        lifecycle.resolve(ticket=ticket, by=self.agent, at=ist(day, clock))

    def wait(self, ticket: Ticket, day: int, clock: str) -> None:
        lifecycle.wait_for_customer(ticket=ticket, by=self.agent, at=ist(day, clock))

    def make(self, ticket: Ticket, code: str, day: int, clock: str) -> None:
        lifecycle.change_priority(
            ticket=ticket, priority=factories.priority(code), by=self.agent, at=ist(day, clock)
        )


def tell() -> Story:
    """The tickets; beside each what becomes of its first response and its resolution.

    P1: 2 hours and 12 hours. P2: 8 business hours and 72 hours. P3: 1 and 5 business days.
    """
    told = Story()

    # P3: answered in 2 h of the day (kept), solved after 16 business hours (kept).
    ticket = told.open("in time", "P3", 2, "10:00")
    told.reply(ticket, 2, "12:00")
    told.resolve(ticket, 4, "10:00")

    # P3: due Tue 3 10:00, answered 11:00 after 9 h (broken); due Mon 9 10:00, solved a day later
    # after 7 + 4*8 + 8 + 1 = 48 h (broken).
    ticket = told.open("stopped late", "P3", 2, "10:00")
    told.reply(ticket, 3, "11:00")
    told.resolve(ticket, 10, "10:00")

    # P3: due Tue 17 10:00, never answered (broken); resolution due Mon 23 (running).
    told.open("running late", "P3", 16, "10:00")

    # P3: due Mon 23 and Fri 27 (both running).
    told.open("running in time", "P3", 20, "10:00")

    # P3: answered after 1 h (kept); resolution paused on the second day (running).
    ticket = told.open("paused", "P3", 9, "10:00")
    told.reply(ticket, 9, "11:00")
    told.wait(ticket, 10, "10:00")

    # P3: answered after 2 h (kept); resolution due Mon 16 10:00, paused a day after (broken).
    ticket = told.open("paused late", "P3", 9, "10:00")
    told.reply(ticket, 9, "12:00")
    told.wait(ticket, 17, "10:00")

    # P3 for an hour: both replaced in time (left out). P1 from 11:00: answered after 1 h (kept),
    # solved 22:00, due 23:00: 11 h day and night, 6 h of them open (kept).
    ticket = told.open("raised in time", "P3", 2, "10:00")
    told.make(ticket, "P1", 2, "11:00")
    told.reply(ticket, 2, "12:00")
    told.resolve(ticket, 2, "22:00")

    # P3: first response due Tue 3 10:00, raised 12:00 (broken); resolution replaced (left out).
    # P2 from Tue 3 12:00: answered after 1 h (kept); due Fri 6 12:00, solved Sat 7 12:00:
    # 96 h, of them 5 + 3*8 = 29 h open (broken).
    ticket = told.open("raised late", "P3", 2, "10:00")
    told.make(ticket, "P2", 3, "12:00")
    told.reply(ticket, 3, "13:00")
    told.resolve(ticket, 7, "12:00")

    # P1: answered after 1 h (kept), lowered after 10 h, 7 h of them open (kept).
    # P2 resolution from Mon 2 10:00: solved after 48 h, 7 + 8 + 1 = 16 h of them open (kept).
    ticket = told.open("lowered in time", "P1", 2, "10:00")
    told.reply(ticket, 2, "11:00")
    told.make(ticket, "P2", 2, "20:00")
    told.resolve(ticket, 4, "10:00")

    # P1: answered after 3 h (broken), lowered after 24 h, 8 h of them open (broken).
    # P2 resolution due Thu 5 10:00, solved a day later: 96 h, 7 + 3*8 + 1 = 32 h open (broken).
    ticket = told.open("lowered late", "P1", 2, "10:00")
    told.reply(ticket, 2, "13:00")
    told.make(ticket, "P2", 3, "10:00")
    told.resolve(ticket, 6, "10:00")

    # P1: first response due 11:00 today (broken), resolution due 21:00 today (running).
    told.open("P1 running late", "P1", 20, "09:00")

    # P3 at the first instant of the period, a Sunday: due Mon 2 17:00 and Fri 6 17:00, and met at
    # that very instant after 8 h and 40 h (both kept).
    ticket = told.open("to the minute", "P3", 1, "00:00")
    told.reply(ticket, 2, "17:00")
    told.resolve(ticket, 6, "17:00")

    # P3: answered after half an hour (kept); solved Tue 3, reopened Wed 4, solved Thu 5 after
    # 8 + 8 h (kept).
    ticket = told.open("reopened", "P3", 2, "10:00")
    told.reply(ticket, 2, "10:30")
    told.resolve(ticket, 3, "10:00")
    lifecycle.reopen(ticket=ticket, by=told.agent, at=ist(4, "10:00"))
    told.resolve(ticket, 5, "10:00")

    # A minute before the period: not in it, though it was broken in it.
    told.open("of October", "P3", 31, "23:59", month=10)
    return told
