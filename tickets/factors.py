"""The second factor of staff: an app that shows codes (TOTP, RFC 6238), and codes on paper.

A code holds once, and only so often may one be tried. Secrets are encrypted in the database.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.conf import settings
from django.db import transaction
from django.utils.crypto import constant_time_compare

from tickets import outbox, wording
from tickets.limits import Limit
from tickets.models import User
from tickets.models.secrets import SecretField

OCCASION = "second_factor"
# A code has six digits, and three of them hold at any time.
TRIED = Limit("factor", 5, timedelta(minutes=15))
TRIED_A_DAY = Limit("factor-day", 30, timedelta(days=1))
SET_UP, USED_UP, RESET, RENEWED = "set_up", "used_up", "reset", "renewed"


class TooOften(Exception):  # noqa: N818 - the sentence is what counts
    """Too many codes were tried. Wait a quarter of an hour, and try again."""


class Adapter(DefaultMFAAdapter):
    """What allauth's parts ask of a project."""

    def encrypt(self, text: str) -> str:
        """As every secret in the database."""
        return str(SecretField().get_prep_value(text))

    def decrypt(self, encrypted_text: str) -> str:
        """Raises SecretUnreadable for what was encrypted with a key that is gone."""
        return str(SecretField().from_db_value(encrypted_text))

    def get_totp_issuer(self) -> str:
        return settings.BRAND_NAME


def is_asked_of(user: User) -> bool:
    """Whether this person needs more than a password: as the setting says, or by his own choice."""
    return user.is_staff and (settings.STAFF_SECOND_FACTOR or user.second_factor_at is not None)


def new_secret() -> str:
    """A secret for an app, as one types it."""
    return str(generate_totp_secret())


def fits(secret: str, code: str) -> int | None:
    """The number of the half minute that this code of an app belongs to; None for a wrong one."""
    typed = "".join(code.split()).replace("-", "")
    for counter in yield_hotp_counters_from_time():
        if constant_time_compare(format_hotp_value(hotp_value(secret, counter)), typed):
            return int(counter)
    return None


def check(*, user: User, code: str, at: datetime) -> bool:
    """Whether the code is one of this person's and still unused; then it is used from now on.

    Raises TooOften before it looks at the code.
    """
    _count(user, at=at)
    with transaction.atomic():
        # Two who use one code at once: the second one waits here, and finds it used.
        User.objects.select_for_update().get(pk=user.pk)
        if _is_of_app(user, code):
            return True
        paper = _of(user, Authenticator.Type.RECOVERY_CODES)
        codes = RecoveryCodes(paper) if paper else None
        if codes is None or not codes.validate_code(code):
            return False
        _tell(user, USED_UP, at=at, by=user, left=len(codes.get_unused_codes()))
    return True


def set_up(
    *, user: User, secret: str, code: str, at: datetime, replaces: bool = False
) -> list[str] | None:
    """Keep the secret that the app of this person has; answers the codes for paper.

    None: the code is not of that secret. Who has a factor already keeps it, and gets no codes,
    unless the new one `replaces` it: then it has just been shown.
    """
    _count(user, at=at)
    counter = fits(secret, code)
    if counter is None:
        return None
    with transaction.atomic():
        held = User.objects.select_for_update().get(pk=user.pk)
        if held.second_factor_at is not None and not replaces:
            return None
        Authenticator.objects.filter(user=held).delete()
        app = TOTP.activate(held, secret).instance
        app.data["counter"] = counter
        app.save(update_fields=["data"])
        codes: list[str] = RecoveryCodes.activate(held).generate_codes()
        held.second_factor_at = user.second_factor_at = at
        held.save(update_fields=["second_factor_at"])
        _tell(held, SET_UP, at=at, by=held)
    return codes


@transaction.atomic
def renew_codes(*, user: User, at: datetime) -> list[str]:
    """New codes for paper; those from before hold no more. The factor was just shown."""
    held = User.objects.select_for_update().get(pk=user.pk)
    Authenticator.objects.filter(user=held, type=Authenticator.Type.RECOVERY_CODES).delete()
    codes: list[str] = RecoveryCodes.activate(held).generate_codes()
    _tell(held, RENEWED, at=at, by=held)
    return codes


@transaction.atomic
def reset(*, user: User, by: User, at: datetime) -> bool:
    """Take the factor away: its owner sets up another one. Open sessions need it at once.

    Answers False when there was none. The person is told by mail who did it.
    """
    held = User.objects.select_for_update().get(pk=user.pk)
    gone, _ = Authenticator.objects.filter(user=held).delete()
    if not gone and held.second_factor_at is None:
        return False
    held.second_factor_at = user.second_factor_at = None
    held.save(update_fields=["second_factor_at"])
    _tell(held, RESET, at=at, by=by)
    return True


def _count(user: User, *, at: datetime) -> None:
    who = str(user.pk)
    if not (TRIED.take(who, at=at) and TRIED_A_DAY.take(who, at=at)):
        raise TooOften(TooOften.__doc__)


def _is_of_app(user: User, code: str) -> bool:
    app = _of(user, Authenticator.Type.TOTP)
    if app is None:
        return False
    counter = fits(Adapter().decrypt(app.data["secret"]), code)
    if counter is None or counter <= app.data.get("counter", 0):
        return False
    app.data["counter"] = counter
    app.save(update_fields=["data"])
    return True


def _of(user: User, kind: str) -> Authenticator | None:
    found: Authenticator | None = Authenticator.objects.filter(user=user, type=kind).first()
    return found


def _tell(user: User, what: str, *, at: datetime, by: User, left: int = 0) -> None:
    words = wording.words(
        OCCASION, reader=user, zone=user.time_zone or settings.TIME_ZONE,
        what=what, by=by, at=at, left=left,
    )  # fmt: skip
    letter = outbox.Letter(user.email, words.subject, words.text, words.html, user)
    cause = f"{OCCASION}:{what}:{user.pk}:{at.isoformat()}"
    outbox.queue([letter], occasion=OCCASION, cause=cause, ticket=None, at=at)
