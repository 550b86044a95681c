"""What keeps the form from being misused: limits, a trap for robots, one mail for a stranger."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tickets import outbox
from tickets.limits import Limit
from tickets.models import Delivery, Ticket, User

HOUR = timedelta(hours=1)
NETWORK = Limit("tickets from a network", times=30, span=HOUR)
ADDRESS = Limit("tickets for an address", times=10, span=HOUR)
# Counted apart: whoever fills in somebody's address does not lock its owner out.
CUSTOMER = Limit("tickets of a customer", times=10, span=HOUR)


class TooMany(Exception):  # noqa: N818 - as the refusals of verbs
    """So many requests came from there that the next one may be sent at `again_at`."""

    def __init__(self, again_at: datetime) -> None:
        super().__init__(again_at)
        self.again_at = again_at


def count(*, viewer: User | None, address: str, network: str, at: datetime) -> None:
    """Count one more request. Raises TooMany beyond the limits.

    Who is signed in is counted alone, wherever he is: a whole office may share one address of the
    network. Staff are not counted: they write for the customer who telephones.
    """
    if viewer is not None:
        if not viewer.is_staff:
            _take(CUSTOMER, str(viewer.pk), at)
        return
    _take(NETWORK, network, at)
    _take(ADDRESS, address, at)


def _take(limit: Limit, who: str, at: datetime) -> None:
    if not limit.take(who, at=at):
        span = int(limit.span.total_seconds())
        raise TooMany(datetime.fromtimestamp((at.timestamp() // span + 1) * span, UTC))


class Trap(forms.CharField):
    """A field that people do not see: what fills it in is a robot, or a browser's autofill."""

    def __init__(self) -> None:
        super().__init__(
            required=False,
            label=gettext_lazy("Website"),
            widget=forms.TextInput(attrs={"autocomplete": "off", "data-no-draft": ""}),
        )

    def clean(self, value: object) -> str:
        if value:
            raise ValidationError(
                _(
                    "Leave the field “Website” empty, and send it again. It is there to tell "
                    "robots from people; a browser may have filled it in."
                )
            )
        return ""


def may_acknowledge(requester: User, *, viewer: User | None) -> bool:
    """Whether a request of this person is acknowledged by mail. Call it inside the transaction.

    An address that nobody has proved to be his gets one acknowledgement, or we could be made to
    flood a stranger. The row stays locked, so of several requests at once one is the first.
    """
    locked = User.objects.select_for_update(no_key=True).get(pk=requester.pk)
    if locked.verified_at is not None or requester == viewer:
        return True
    sent = Delivery.objects.filter(user=locked, occasion=outbox.ACKNOWLEDGEMENT)
    return not sent.exists()


def was_acknowledged(ticket: Ticket) -> bool:
    """Whether the requester gets, or got, a mail that confirms this ticket."""
    return Delivery.objects.filter(ticket=ticket, occasion=outbox.ACKNOWLEDGEMENT).exists()
