"""Plans all tickets of the demo: who asks for what, when, and what becomes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sla.models import Metric, Priority
from tickets.management.demo_desk import NotReady, stories
from tickets.management.demo_desk.conversations import FILES
from tickets.management.demo_desk.plots import Plot
from tickets.management.demo_desk.setting import Case, Setting, Step
from tickets.management.demo_desk.stories import Kind
from tickets.models import RequestType, Ticket

IN_BUSINESS_HOURS = 0.82
CHANNELS = {
    Ticket.Channel.WEB: 50,
    Ticket.Channel.EMAIL: 32,
    Ticket.Channel.PHONE: 8,
    Ticket.Channel.SLACK: 5,
    Ticket.Channel.WHATSAPP: 3,
    Ticket.Channel.GOOGLE_CHAT: 2,
}
# Of an outage that is no "System down" by its share; the texts name a share in any case.
SOME_SHARE = 30
# How far from the end the deadline lies of a ticket that is due soon, or late.
SOON = (timedelta(minutes=15), timedelta(hours=6))
OVERDUE = (timedelta(hours=-20), timedelta(minutes=-30))
GRID = timedelta(minutes=20)
EARLIER = timedelta(hours=16)
TRIES = 8


class Planner:
    """Draws the tickets between `start` and `end`, both absolute instants.

    Raises NotReady when customers can ask for nothing that the demo has words for.
    """

    def __init__(self, setting: Setting, *, start: datetime, end: datetime) -> None:
        self.setting, self.start, self.end = setting, start, end
        types = RequestType.objects.filter(is_active=True, name__in=FILES)
        self.types = list(types.select_related("priority", "priority_below", "team"))
        if not self.types:
            raise NotReady(
                "None of the default request types is active: switch one on in the admin, "
                "or run manage.py load_policy --overwrite."
            )

    def steps(self, tickets: int) -> list[Step]:
        """Every act of so many tickets up to the end, in the order of time."""
        drawn = stories.kinds(tickets, self.setting.rng)
        plots = [self._plot(self._case(number, kind), kind) for number, kind in enumerate(drawn)]
        return sorted(step for plot in plots for step in plot.steps if step.at <= self.end)

    def _plot(self, case: Case, kind: Kind) -> Plot:
        """The story told; one that must have happened by the end begins early enough for that."""
        for _ in range(TRIES):
            plot = Plot(self.setting, case)
            kind.story(plot)
            is_over = plot.steps[-1].at <= self.end
            if is_over or kind.situation not in (stories.FRESH, stories.EARLY):
                break
            case = replace(case, submitted=max(self.start, case.submitted - EARLIER))
        return plot

    def _case(self, number: int, kind: Kind) -> Case:
        rng, people = self.setting.rng, self.setting.people
        request_type, share = self._request(kind)
        priority = request_type.priority_for(share)
        return Case(
            number=number,
            submitted=self._submitted(kind, priority),
            requester=rng.choice(people.customers),
            agent=rng.choice(people.support[1:]),
            engineer=rng.choice(people.engineering),
            request_type=request_type,
            share=share,
            priority=priority,
            channel=rng.choices(list(CHANNELS), list(CHANNELS.values()))[0],
            talk=self.setting.words.conversation(
                request_type.name, share=share or SOME_SHARE, needs=kind.needs
            ),
        )

    def _request(self, kind: Kind) -> tuple[RequestType, int | None]:
        """What is asked for, with the share of users where the type wants to know it."""
        rng = self.setting.rng
        fitting = [row for row in self.types if self._fits(row, kind)] or self.types
        row = rng.choices(fitting, [FILES[row.name][1] for row in fitting])[0]
        threshold = row.share_threshold
        if threshold is None:
            return row, None
        many = rng.random() < 0.5 if kind.critical is None else kind.critical
        return row, rng.randint(threshold + 1, 100) if many else rng.randint(1, max(1, threshold))

    def _fits(self, row: RequestType, kind: Kind) -> bool:
        if not self.setting.words.have(kind.needs, about=row.name):
            return False
        is_critical = self.setting.is_most_urgent(row.priority)
        if kind.critical is None:
            return True
        return is_critical if kind.critical else not is_critical or row.asks_share

    def _submitted(self, kind: Kind, priority: Priority) -> datetime:
        rng, length = self.setting.rng, self.end - self.start
        if kind.situation == stories.JUST_IN:
            return self.end - _seconds(rng.uniform(0.01, min(5 / 24, length.days)))
        if kind.situation == stories.FRESH:
            return self.end - min(length, _seconds(rng.uniform(0.4, 1.4)))
        if kind.situation == stories.EARLY:
            return self._arrival(until=self.start + length * 0.5)
        if kind.situation not in (stories.DUE_SOON, stories.LATE):
            return self._arrival(until=self.end)
        metric = Metric.FIRST_RESPONSE if kind.story is stories.untouched else Metric.RESOLUTION
        return self._due_around_the_end(priority, metric, late=kind.situation == stories.LATE)

    def _arrival(self, *, until: datetime) -> datetime:
        """Some time since the start, mostly in business hours."""
        rng, hours = self.setting.rng, self.setting.hours
        working = hours.between(self.start, until)
        if working and rng.random() < IN_BUSINESS_HOURS:
            at = hours.add(self.start, working * rng.uniform(0.001, 1))
        else:
            at = self.start + (until - self.start) * rng.random()
        return at.replace(microsecond=0)

    def _due_around_the_end(self, priority: Priority, metric: str, *, late: bool) -> datetime:
        """A submission that is due soon, or late; over a weekend the nearest that there is.

        Deadlines never move back as submissions come later, so the search ends there.
        """
        low, high = (self.end + margin for margin in (OVERDUE if late else SOON))
        found, at = [], self.end - GRID
        later = earlier = at
        while at >= self.start:
            earlier, due = at, self.setting.due(priority, metric, start=at)
            if due < low:
                break
            if due <= high:
                found.append(at)
            else:
                later = at
            at -= GRID
        return self.setting.rng.choice(found) if found else earlier if late else later


def _seconds(days: float) -> timedelta:
    return timedelta(seconds=round(days * 24 * 60 * 60))
