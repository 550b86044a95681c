"""Fetch mail by IMAP: each message is stored and committed first, and marked as read after that.

A crash at any point means that a message is fetched again, and stored once: never that it is lost.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import cast

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F

from tickets import inbound, notices, outbox, wording
from tickets.channels import imap
from tickets.failpoints import reached
from tickets.models import Mailbox, User
from tickets.models.mailboxes import MailboxQuerySet
from tickets.models.secrets import SecretUnreadable

logger = logging.getLogger(__name__)

# One run begins no message after this, so that a worker has time for what else waits.
LONGEST_RUN_SECONDS = 20.0
# How long a mailbox is left alone after the first trouble, the second, and so on.
LADDER = [timedelta(minutes=minutes) for minutes in (1, 5, 15, 60)]
# Servers lock accounts that are tried often with a wrong password.
LOGIN_LADDER = [timedelta(minutes=minutes) for minutes in (15, 60)]
# A person waits for the answer of a trial: ten seconds in all.
TRIAL = {"connect_seconds": 3.0, "timeout": 9.0, "session_seconds": 9.0}
# The administrators hear of trouble that lasts; of a refused login at once, nobody else mends it.
TOLD_AFTER = 3
OCCASION = "mailbox"
LONGEST_ERROR = 1000
# A server that does not give so many messages of one run is ill itself.
MOST_REFUSED = 20
_LOCKS = 0x6D61696C  # The upper half of the numbers of our advisory locks.


class NotFetched(Exception):  # noqa: N818 - the sentence is what counts
    """Why a mailbox could not be read; it is on the mailbox's row as well."""


def fetch_due(*, at: datetime, seconds: float = LONGEST_RUN_SECONDS) -> int:
    """Fetch every mailbox that is due, those that waited longest first; answers how many messages.

    After so many seconds no further message is begun. One mailbox's trouble stops no other.
    """
    came_to, until = 0, time.monotonic() + seconds
    for mailbox in Mailbox.objects.due(at).order_by(F("last_fetched_at").asc(nulls_first=True)):
        left = until - time.monotonic()
        if left <= 0:
            break
        try:
            came_to += fetch(mailbox, at=at, seconds=left)
        except NotFetched as trouble:
            logger.warning("Mailbox %s: %s", mailbox.address, trouble)
    return came_to


def fetch(mailbox: Mailbox, *, at: datetime, seconds: float = LONGEST_RUN_SECONDS) -> int:
    """Store what is new in this mailbox and mark it as read; answers how many messages.

    New is what is unread, and what came since the last time, though somebody has read it.

    0 when another process reads it just now. Raises NotFetched, and puts a mailbox in trouble
    aside for a while (`paused_until`); trouble with the database is raised as it is.
    """
    until = time.monotonic() + seconds
    with _held(mailbox) as mine:
        if not mine:
            return 0
        try:
            return _fetch(mailbox, at=at, until=until)
        except imap.ImapError as error:
            _set_aside(mailbox, error, at=at)
            raise NotFetched(str(error)) from error


def try_connection(mailbox: Mailbox) -> str:
    """Sign in and look into the folder, within ten seconds; answers a sentence.

    Fetches nothing. A mailbox that was put aside is due again. Raises NotFetched.
    """
    try:
        with imap.opened(_account(mailbox), **TRIAL) as folder:
            waiting = len(folder.unseen())
    except imap.ImapError as error:
        raise NotFetched(str(error)) from error
    resume(mailbox)
    return (
        f"Signed in to {mailbox.host}. Unread messages in the folder {mailbox.folder}: {waiting}."
    )


def resume(mailbox: Mailbox) -> None:
    """Forget former trouble: the mailbox is due at once."""
    _row(mailbox).update(failures=0, paused_until=None, last_error="")


def _fetch(mailbox: Mailbox, *, at: datetime, until: float) -> int:
    came_to = 0
    refused: list[str] = []
    last_uid = mailbox.last_uid
    with imap.opened(_account(mailbox)) as folder:
        if mailbox.uid_validity not in (None, folder.uid_validity):
            # Its numbers mean other messages now: what is unread is known by its bytes.
            logger.warning("Mailbox %s: its folder was made anew.", mailbox.address)
            last_uid = None
        for envelope in folder.envelopes(folder.arrived(after=last_uid)):
            if time.monotonic() >= until:
                break
            try:
                came_to += _take(mailbox, folder, envelope, at=at)
                last_uid = max(last_uid or 0, envelope.uid)
            except imap.MessageError as error:
                # The next one gets its turn; this one stays unread, and is asked for again.
                refused.append(str(error))
                if len(refused) == MOST_REFUSED:
                    raise
        uid_validity = folder.uid_validity
    _row(mailbox).update(
        last_fetched_at=at,
        uid_validity=uid_validity,
        last_uid=last_uid,
        failures=0,
        paused_until=None,
        last_error=_kept(" ".join(refused)),
    )
    return came_to


def _take(mailbox: Mailbox, folder: imap.Folder, envelope: imap.Envelope, *, at: datetime) -> int:
    raw = folder.raw(envelope, max_bytes=settings.MAX_MAIL_BYTES)
    if raw is None:
        return 0
    reached("fetch.fetched")
    # With a digest, because a row may be pointed to another folder whose numbers are the same.
    digest = hashlib.sha256(raw).hexdigest()[:16]
    key = f"imap:{mailbox.pk}:{folder.uid_validity}:{envelope.uid}:{digest}"
    # The server's clock may be ahead of ours.
    arrived_at = min(envelope.arrived_at or at, at)
    inbound.receive(raw, mailbox=mailbox, key=key, at=arrived_at)
    reached("fetch.stored")
    folder.mark_seen(envelope.uid)
    reached("fetch.flagged")
    return 1


def _account(mailbox: Mailbox) -> imap.Account:
    try:
        secret = str(mailbox.secret)
    except SecretUnreadable as error:
        raise imap.ImapError(str(error), permanent=True, is_login=True) from error
    return imap.Account(
        host=mailbox.host,
        port=mailbox.port,
        security=cast("imap.Security", mailbox.security),
        login=mailbox.login,
        secret=secret,
        folder=mailbox.folder,
        by_token=mailbox.auth == Mailbox.Auth.XOAUTH2,
    )


@transaction.atomic
def _set_aside(mailbox: Mailbox, error: imap.ImapError, *, at: datetime) -> None:
    held = Mailbox.objects.select_for_update(no_key=True).defer("secret").get(pk=mailbox.pk)
    held.failures += 1
    ladder = LOGIN_LADDER if error.is_login else LADDER
    held.paused_until = at + ladder[min(held.failures, len(ladder)) - 1]
    held.last_error = _kept(str(error))
    held.save(update_fields=["failures", "paused_until", "last_error"])
    if held.failures == TOLD_AFTER or (error.is_login and held.failures == 1):
        _tell(held, at=at)


def _tell(mailbox: Mailbox, *, at: datetime) -> None:
    """Queue a mail to each administrator about a mailbox that was put aside."""
    cause = f"{OCCASION}:{mailbox.pk}:{at.isoformat()}"
    letters = [_letter(reader, mailbox) for reader in notices.administrators()]
    outbox.queue(letters, occasion=OCCASION, cause=cause, ticket=None, at=at)


def _letter(reader: User | str, mailbox: Mailbox) -> outbox.Letter:
    user = reader if isinstance(reader, User) else None
    zone = (user.time_zone if user else "") or settings.TIME_ZONE
    words = wording.words(OCCASION, reader=user, zone=zone, mailbox=mailbox)
    address = user.email if user else str(reader)
    return outbox.Letter(address, words.subject, words.text, words.html, user)


def _row(mailbox: Mailbox) -> MailboxQuerySet:
    return Mailbox.objects.filter(pk=mailbox.pk)


def _kept(reason: str) -> str:
    # PostgreSQL stores no NUL.
    return reason.replace("\0", "")[:LONGEST_ERROR]


@contextmanager
def _held(mailbox: Mailbox) -> Iterator[bool]:
    """Whether this process alone reads the mailbox now; the lock ends with the connection."""
    number = (_LOCKS << 32) + mailbox.pk
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [number])
        (mine,) = cursor.fetchone()
    try:
        yield mine
    finally:
        # A connection that is broken has lost the lock already.
        if mine and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [number])
