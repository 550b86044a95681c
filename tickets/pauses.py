"""A channel whose peer lets us in no more rests, and its deliveries wait without being tried."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from tickets import notices, outbox, wording
from tickets.models import ChannelPause, User

logger = logging.getLogger(__name__)

OCCASION = "channel_pause"
FIRST, LONGEST = timedelta(minutes=5), timedelta(hours=1)


def on_trial() -> set[str]:
    """The channels that were refused last time; those that rest no more are tried again."""
    return set(ChannelPause.objects.values_list("channel", flat=True))


@transaction.atomic
def begin(channel: str, reason: str, *, at: datetime) -> None:
    """Let the channel rest for five minutes, or twice as long as the last time, up to an hour.

    Of workers that fail at the same time, one counts. The administrators get one mail, dated `at`,
    which leaves when the channel works again: until then the front page of the desk says it.
    """
    new = {"since": Now(), "until": Now() + FIRST, "reason": reason}
    _, is_new = ChannelPause.objects.get_or_create(channel=channel, defaults=new)
    pause = (
        ChannelPause.objects.select_for_update().annotate(now=Now()).filter(channel=channel).first()
    )
    if pause is None:  # Another worker's message went out meanwhile.
        return
    if is_new:
        logger.error("The channel %s is refused, and rests: %s", channel, reason)
        _tell(pause, at)
    elif pause.until <= pause.now:
        # It has waited 5, 15, 35 ... minutes in all: five more are twice the last wait.
        longer = pause.until - pause.since + FIRST
        pause.until, pause.reason = pause.now + min(longer, LONGEST), reason
        pause.save()
        logger.error("The channel %s is refused still: %s", channel, reason)


def end(channel: str) -> None:
    """A message went out: the channel works."""
    if ChannelPause.objects.filter(channel=channel).delete()[0]:
        logger.info("The channel %s works again.", channel)


def _tell(pause: ChannelPause, at: datetime) -> None:
    letters = [_letter(reader, pause) for reader in notices.administrators()]
    cause = f"{OCCASION}:{pause.channel}:{pause.since.isoformat()}"
    outbox.queue(letters, occasion=OCCASION, cause=cause, ticket=None, at=at)


def _letter(reader: User | str, pause: ChannelPause) -> outbox.Letter:
    user = reader if isinstance(reader, User) else None
    zone = (user.time_zone if user else "") or settings.TIME_ZONE
    words = wording.words(OCCASION, reader=user, zone=zone, pause=pause)
    address = user.email if user else str(reader)
    return outbox.Letter(address, words.subject, words.text, words.html, user)
