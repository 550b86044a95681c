"""A proof of work (ALTCHA): against floods, a browser computes for a second before we listen.

Nobody else is asked: we make the puzzle, a script of ours solves it, and we look at the solution.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import altcha
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from tickets.limits import Limit
from tickets.models import PortalSettings, User
from tickets.refusals import Refused

FIELD = "altcha"
ALGORITHM = "PBKDF2/SHA-256"
# A phone needs about three milliseconds for a guess of so many rounds, and half of the guesses on
# average: a second. We need one guess to make a puzzle and one to check it.
ROUNDS = 3_000
GUESSES = 600
LIFETIME = timedelta(minutes=10)
LONGEST_PAYLOAD = 2_000
# The window of a solution is that of its end, so no later one lets it in again.
ONCE = Limit("proof of work", times=1, span=timedelta(hours=1))


class NotProved(Refused):
    """The browser has not shown its work."""


@dataclass(frozen=True)
class Proof:
    """A solution that is right; `puzzle` tells it from others."""

    puzzle: str
    ends_at: datetime

    def spend(self) -> None:
        """Use it. Raises NotProved when it was used before; safe in parallel."""
        if not ONCE.take(self.puzzle, at=self.ends_at):
            raise NotProved(_too_old())


def is_asked(viewer: User | None) -> bool:
    """Whether this reader has to show a proof of work: not who is signed in."""
    return viewer is None and PortalSettings.current().asks_for_work


def puzzle(*, at: datetime) -> altcha.Challenge:
    """A new puzzle, signed, that ends LIFETIME after `at`."""
    return altcha.create_challenge(
        ALGORITHM,
        ROUNDS,
        counter=secrets.randbelow(GUESSES),
        expires_at=at + LIFETIME,
        hmac_secret=_key(),
    )


def proof(payload: str, *, at: datetime) -> Proof:
    """The proof in what a form sent. Raises NotProved for none, a wrong one, and one that is over.

    It may be anything: a robot wrote it.
    """
    if not payload:
        raise NotProved(
            _(
                "We could not check your browser, which needs JavaScript. Sign in with a code "
                "first, or switch JavaScript on, and send it again. Nothing is lost."
            )
        )
    # What is over is told by `at` below; the package looks at a clock of its own.
    if len(payload) > LONGEST_PAYLOAD or not altcha.verify_solution(payload, _key()).verified:
        raise NotProved(_too_old())
    solved = altcha.Payload.from_base64(payload).challenge
    ends_at = datetime.fromtimestamp(solved.parameters.expires_at or 0, UTC)
    if ends_at <= at:
        raise NotProved(_too_old())
    return Proof(solved.parameters.nonce, ends_at)


@require_safe
@never_cache
def fresh(request: HttpRequest) -> JsonResponse:
    """A puzzle for the script of the form."""
    return JsonResponse(puzzle(at=timezone.now()).to_dict())


def _too_old() -> str:
    return _("The check of your browser is over or was used before. Send it again.")


def _key() -> str:
    return salted_hmac(__name__, "altcha", algorithm="sha256").hexdigest()
