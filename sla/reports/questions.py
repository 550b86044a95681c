"""What a report is asked, as the fields of an address: so a question can be sent as a link.

The same form reads the address of a page, a saved report, and a report that is sent by mail.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

from django import forms
from django.apps import apps
from django.conf import settings
from django.db.models import QuerySet

from sla.core.hours import Hours
from sla.models import BreachReason, Metric, Policy, Priority, hours_of
from sla.reports.filters import NOBODY, Engineering, Filters
from sla.reports.periods import Period

FIRST_YEAR, LAST_YEAR = 2000, 2100
DAY = timedelta(days=1)
DEFAULT_SPAN = "30d"
ELAPSED = "elapsed"

# Filters whose fields clean to what they take.
PLAIN = ("metric", "team", "agent", "spoc", "request_type", "channel", "tag", "reason")

type Days = tuple[date, date]


def _last_month(today: date) -> Days:
    last = today.replace(day=1) - DAY
    return last.replace(day=1), last


def _last_week(today: date) -> Days:
    monday = today - timedelta(days=today.weekday() + 7)
    return monday, monday + 6 * DAY


# What people ask for most, told from today: first and last day, both included.
SPANS: dict[str, tuple[str, Callable[[date], Days]]] = {
    "7d": ("Last 7 days", lambda today: (today - 6 * DAY, today)),
    "30d": ("Last 30 days", lambda today: (today - 29 * DAY, today)),
    "90d": ("Last 90 days", lambda today: (today - 89 * DAY, today)),
    "yesterday": ("Yesterday", lambda today: (today - DAY, today - DAY)),
    "last_week": ("Last week", _last_week),
    "month": ("This month", lambda today: (today.replace(day=1), today)),
    "last_month": ("Last month", _last_month),
    "all": ("All time", lambda today: (date(FIRST_YEAR, 1, 1), today)),
}


@dataclass(frozen=True)
class Question:
    """Local days from `first` to `last`, both included, in `zone`; and what counts.

    `span` is the name of the days where they follow from the present day, else "". `times` says
    which times are shown of how long promises took: "" in opening hours, or ELAPSED.
    """

    first: date
    last: date
    zone: str
    filters: Filters
    span: str = ""
    times: str = ""

    @property
    def period(self) -> Period:
        return Period.of_days(self.first, self.last, self.zone)

    @property
    def before(self) -> Question | None:
        """The days before, as many; calendar months are compared with months. None: all time."""
        if self.span == "all":
            return None
        first, last = self.first, self.last
        if first.day == 1 and (last + DAY).day == 1:
            months = (last.year - first.year) * 12 + last.month - first.month + 1
            year, month = divmod(first.year * 12 + first.month - 1 - months, 12)
            days = date(year, month + 1, 1), first - DAY
        else:
            days = first - (last - first) - DAY, first - DAY
        if days[0].year < FIRST_YEAR:
            return None
        return Question(*days, self.zone, self.filters)

    def query(self, **changes: Any) -> str:
        """The question as an address has it, without "?"; `changes` are fields in other words.

        A change to None or "" leaves that field out.
        """
        days = {"span": self.span} if self.span else {"first": self.first, "last": self.last}
        asked = {field.name: getattr(self.filters, field.name) for field in fields(Filters)}
        asked["times"] = self.times
        words = {name: str(value) for name, value in (days | asked | changes).items()
                 if value not in (None, "")}  # fmt: skip
        return urlencode(words)


@dataclass(frozen=True)
class NoOrganization:
    """What tickets of nobody's organization have in its place."""

    pk: int = NOBODY

    def __str__(self) -> str:
        return "No organization"


class OrganizationField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """An organization by its number, or NOBODY."""

    def to_python(self, value: Any) -> Any:
        return NoOrganization() if str(value) == str(NOBODY) else super().to_python(value)


class QuestionForm(forms.Form):
    """The fields of a report's address. An empty one asks about everything."""

    span = forms.ChoiceField(
        label="Period",
        choices=[("", "The days below"), *((name, title) for name, (title, _) in SPANS.items())],
        required=False,
    )
    first = forms.DateField(label="From", required=False, input_formats=["%Y-%m-%d"])
    last = forms.DateField(label="To", required=False, input_formats=["%Y-%m-%d"])
    priority = forms.ModelChoiceField(
        Priority.objects.all(), to_field_name="code", required=False, empty_label="Every priority"
    )
    metric = forms.ChoiceField(choices=[("", "Every metric"), *Metric.choices], required=False)
    team = forms.TypedChoiceField(required=False, coerce=int, empty_value=None)
    agent = forms.TypedChoiceField(required=False, coerce=int, empty_value=None)
    organization = OrganizationField(None, required=False)
    spoc = forms.TypedChoiceField(
        label="Single point of contact", required=False, coerce=int, empty_value=None
    )
    request_type = forms.TypedChoiceField(required=False, coerce=int, empty_value=None)
    channel = forms.ChoiceField(required=False)
    tag = forms.TypedChoiceField(required=False, coerce=int, empty_value=None)
    engineering = forms.ChoiceField(
        choices=[
            (Engineering.EITHER.value, "With and without engineering"),
            (Engineering.WITH.value, "With engineering"),
            (Engineering.WITHOUT.value, "Without engineering"),
        ],
        required=False,
    )
    reason = forms.TypedChoiceField(
        label="Reason of the breach", required=False, coerce=int, empty_value=None
    )
    times = forms.ChoiceField(
        label="Times of promises",
        choices=[("", "In opening hours"), (ELAPSED, "Elapsed, with nights and pauses")],
        required=False,
    )

    not_a_day = "That is not a day. Write it as year-month-day, such as 2026-11-02."

    def __init__(self, data: Mapping[str, Any], *, today: date, zone: str) -> None:
        super().__init__(data)
        self.today, self.zone = today, zone
        organizations = _rows("Organization")
        self.fields["organization"].queryset = organizations  # type: ignore[attr-defined]
        for name, choices in _choices().items():
            self.fields[name].choices = choices  # type: ignore[attr-defined]
        for name in ("first", "last"):
            self.fields[name].error_messages["invalid"] = self.not_a_day

    def clean(self) -> dict[str, Any]:
        """Refuse a period that ends before it begins, or lies in no time of ours."""
        cleaned = super().clean() or self.cleaned_data
        if not self._asks_for_days(cleaned):
            return cleaned
        for name, missing in (("first", "begins"), ("last", "ends")):
            day = cleaned.get(name)
            if day is None and name not in self.errors:
                self.add_error(name, f"Say on which day the period {missing}.")
            elif day and not FIRST_YEAR <= day.year <= LAST_YEAR:
                self.add_error(name, f"Choose a day from the year {FIRST_YEAR} to {LAST_YEAR}.")
        first, last = self.cleaned_data.get("first"), self.cleaned_data.get("last")
        if first and last and last < first:
            self.add_error("last", "The period ends before it begins.")
        return cleaned

    @property
    def question(self) -> Question:
        """What a valid form asks."""
        asked = self.cleaned_data
        span = ""
        if self._asks_for_days(asked):
            days = asked["first"], asked["last"]
        else:
            span = asked.get("span") or DEFAULT_SPAN
            days = SPANS[span][1](self.today)
        filters = Filters(
            **{name: asked[name] for name in PLAIN},
            priority=asked["priority"].code if asked["priority"] else "",
            organization=asked["organization"].pk if asked["organization"] else None,
            engineering=Engineering(asked["engineering"]),
        )
        return Question(*days, self.zone, filters, span, asked["times"])

    def _asks_for_days(self, cleaned: Mapping[str, Any]) -> bool:
        given = any(self.data.get(name) for name in ("first", "last"))
        return given and not cleaned.get("span")


def asked_by(query: str, *, at: datetime, today: date | None = None) -> QuestionForm:
    """The form that a stored query fills, at this instant; it is valid where it still makes sense.

    What it asks for may be gone: a team, an organization. The form's errors say so. A span is told
    from `today`, which is else that of the reports' zone.
    """
    zone = default_zone()
    return QuestionForm(dict(parse_qsl(query)), today=today or today_in(zone, at), zone=zone)


def troubles(form: QuestionForm) -> list[str]:
    """Why a question makes no sense, a sentence for each field."""
    found = []
    for name, errors in form.errors.as_data().items():
        label = str(form[name].label) if name in form.fields else "The question"
        for error in errors:
            if error.code == "invalid_choice":
                found.append(f"{label}: what was chosen there exists no more.")
            else:
                found += [f"{label}: {said}" for said in error.messages]
    return found


def _choices() -> dict[str, list[tuple[Any, str]]]:
    """What can be chosen, few rows each; one query each."""
    staff = _rows("User").filter(is_staff=True)
    spocs = staff.filter(organizations_in_care__isnull=False).distinct()
    ticket = apps.get_model("tickets", "Ticket")
    channels = ticket._meta.get_field("channel").flatchoices  # noqa: SLF001 - as Django's admin asks
    return {
        "team": [("", "Every team"), (NOBODY, "No team"), *_named(_rows("Team"))],
        "agent": [("", "Every agent"), (NOBODY, "Nobody"), *_named(staff)],
        "spoc": [("", "Every single point of contact"), (NOBODY, "None"), *_named(spocs)],
        "request_type": [
            ("", "Every request type"), (NOBODY, "None"), *_named(_rows("RequestType")),
        ],
        "channel": [("", "Every channel"), *channels],
        "tag": [("", "Every tag"), (NOBODY, "No tag"), *_named(_rows("Tag"))],
        "reason": [
            ("", "Every reason"), (NOBODY, "No reason"), *_named(BreachReason.objects.all()),
        ],
    }  # fmt: skip


def _rows(model: str) -> QuerySet[Any]:
    found: QuerySet[Any] = apps.get_model("tickets", model).objects.all()
    return found


def _named(rows: QuerySet[Any]) -> list[tuple[Any, str]]:
    return [(row.pk, str(row)) for row in rows]


def default_zone() -> str:
    """The zone of the default policy's calendar; the settings' one before a policy is loaded."""
    default = Policy.objects.filter(is_default=True)
    return default.values_list("calendar__time_zone", flat=True).first() or settings.TIME_ZONE


def default_hours() -> Hours | None:
    """The opening hours of the default policy's calendar; None before one is published."""
    default = Policy.objects.filter(is_default=True)
    version = default.values_list("calendar__current_version", flat=True).first()
    return hours_of(version) if version else None


def today_in(zone: str, at: datetime) -> date:
    """The local day of this instant."""
    return at.astimezone(ZoneInfo(zone)).date()
