"""The codes: how often they may be asked for and guessed, their mail, and which of them holds."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.crypto import salted_hmac

from tickets import outbox, wording
from tickets.limits import Limit
from tickets.models import Delivery, User

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
ASKED_BY_NETWORK = Limit("code-network", 30, _HOUR)
ASKED_FOR_ADDRESS = Limit("code-address", 5, _HOUR)
# The session counts as well, but requests side by side would all read the same number there.
GUESSED = Limit("code-guess", settings.ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS, _DAY)


def customers() -> QuerySet[User]:
    """Whoever may sign in by a code."""
    return User.objects.filter(is_active=True, is_staff=False)


def may_ask(address: str, network: str, *, at: datetime) -> bool:
    """Count a request for a code. One network that asks too often uses up nobody's address."""
    return ASKED_BY_NETWORK.take(network, at=at) and ASKED_FOR_ADDRESS.take(address, at=at)


def may_guess(address: str, asked_at: float, *, at: datetime) -> bool:
    """Count a try at the code that was asked for at that instant (seconds of the epoch)."""
    return GUESSED.take(f"{address}:{asked_at}", at=at)


def send(address: str, code: str, *, at: datetime) -> None:
    """Queue the mail with this code; those with former codes that still wait are cancelled.

    For an address that nobody signs in with, the same work is done in vain: nothing is kept, but
    no clock tells the two apart.
    """
    reader = customers().filter(email=address).first()
    former = Delivery.objects.filter(
        occasion=outbox.LOGIN_CODE, recipient=address, state=Delivery.State.QUEUED
    )
    with transaction.atomic():
        former.update(state=Delivery.State.CANCELLED)
        letter = _letter(reader, address, code)
        cause = _cause(address, code)
        outbox.queue([letter], occasion=outbox.LOGIN_CODE, cause=cause, ticket=None, at=at)
        if reader is None:
            transaction.set_rollback(True)
    outbox.wake()


def is_newest(user: User | None, address: str, code: str) -> bool:
    """Whether no other code was sent to this person since: a new one voids the old everywhere."""
    sent = Delivery.objects.filter(user=user.pk if user else 0, occasion=outbox.LOGIN_CODE)
    newest = sent.order_by("-created_at").values_list("key", flat=True).first()
    return newest == f"{_cause(address, code)}:{address}"


def _cause(address: str, code: str) -> str:
    """What names the mail with this code, and tells nobody the code."""
    digest = salted_hmac("tickets.portal.codes", f"{address}:{code}").hexdigest()
    return f"{outbox.LOGIN_CODE}:{digest}"


def _letter(reader: User | None, address: str, code: str) -> outbox.Letter:
    """What is in the mail: nothing that a stranger typed, and no ticket."""
    minutes = settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT // 60
    words = wording.words(
        outbox.LOGIN_CODE, reader=reader, zone=settings.TIME_ZONE, code=code, minutes=minutes
    )
    return outbox.Letter(address, words.subject, words.text, words.html, reader)
