"""Fetch mail by IMAP: each message is stored and committed first, and marked as read after that.

A crash at any point means that a message is fetched again, and stored once: never that it is lost.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

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
# A message that failed so often is asked for again after a while only.
OFTEN = 2
AGAIN = timedelta(hours=1)
LONGEST_DOUBT = 300
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
    visit: _Visit | None = None
    try:
        with imap.opened(_account(mailbox)) as folder:
            visit = _Visit(mailbox, folder, at=at, until=until)
            visit.work()
    except imap.ImapError:
        if visit is None or not visit.asks_again:
            if visit is not None:
                visit.save_progress()
            raise
        # Everything else was fetched: the mailbox is well, but for the message that is in doubt.
    visit.save()
    return visit.came_to


@dataclass(frozen=True)
class _Doubt:
    """A message that the server did not give: how often, when last, and why."""

    failures: int
    at: datetime
    why: str


class _Visit:
    """One session at the folder: how far it came, and which messages are in doubt.

    One that hangs, or breaks the connection, holds up no other: it is asked for again after all
    others, and each hour when it failed OFTEN.
    """

    def __init__(
        self, mailbox: Mailbox, folder: imap.Folder, *, at: datetime, until: float
    ) -> None:
        self._mailbox, self._folder, self._at, self._until = mailbox, folder, at, until
        self._last_uid: int | None = mailbox.last_uid
        self._doubts = _doubts(mailbox)
        self._refused = self.came_to = 0
        self.asks_again = False
        if mailbox.uid_validity not in (None, folder.uid_validity):
            # Its numbers mean other messages now: what is unread is known by its bytes.
            logger.warning("Mailbox %s: its folder was made anew.", mailbox.address)
            self._last_uid, self._doubts = None, {}

    def work(self) -> None:
        """Fetch until the time is up. Raises ImapError; what was done before that can be saved."""
        before = self._folder.newest() if self._last_uid is None else self._last_uid
        new = sorted(set(self._folder.arrived(after=self._last_uid)) - self._doubts.keys())
        # What was there and read when we came first is left alone for good.
        self._last_uid = before
        in_doubt = sorted(
            (doubt.failures, uid) for uid, doubt in self._doubts.items() if self._is_due(doubt)
        )
        for start in range(0, len(new), imap.CHUNK):
            self._ask_for(new[start : start + imap.CHUNK])
        self.asks_again = True
        for _, uid in in_doubt:
            self._ask_for([uid])

    def _is_due(self, doubt: _Doubt) -> bool:
        return doubt.failures < OFTEN or doubt.at <= self._at - AGAIN

    def _ask_for(self, uids: Sequence[int]) -> None:
        if self._is_late():
            return
        try:
            envelopes = list(self._folder.envelopes(uids))
        except imap.ImapError as error:
            # It does not say which of them: from now on each is asked for alone.
            for uid in uids:
                self._doubt(uid, error)
            raise
        for gone in set(uids) - {envelope.uid for envelope in envelopes}:
            self._doubts.pop(gone, None)
        for envelope in envelopes:
            if self._is_late():
                return
            self._take(envelope)

    def _take(self, envelope: imap.Envelope) -> None:
        uid = envelope.uid
        try:
            self.came_to += _store(self._mailbox, self._folder, envelope, at=self._at)
            self._doubts.pop(uid, None)
        except imap.ImapError as error:
            self._doubt(uid, error)
            self._refused += not self.asks_again
            if not isinstance(error, imap.MessageError) or self._refused == MOST_REFUSED:
                raise
        finally:
            self._last_uid = max(self._last_uid or 0, uid)

    def _doubt(self, uid: int, error: imap.ImapError) -> None:
        before = self._doubts.get(uid)
        why = str(error) if isinstance(error, imap.MessageError) else f"Message {uid}: {error}"
        failures = before.failures + 1 if before else 1
        self._doubts[uid] = _Doubt(failures, self._at, _kept(why)[:LONGEST_DOUBT])

    def _is_late(self) -> bool:
        return time.monotonic() >= self._until

    def save_progress(self) -> None:
        """Keep how far it came before there was trouble with the whole mailbox."""
        _row(self._mailbox).update(**self._progress())

    def save(self) -> None:
        """Keep that it went well, and what is in doubt in spite of that."""
        words = [
            doubt.why
            + f" It failed {doubt.failures} times, and is tried each hour."
            * (doubt.failures >= OFTEN)
            for doubt in self._doubts.values()
        ]
        _row(self._mailbox).update(
            **self._progress() | {"failures": 0},
            last_fetched_at=self._at,
            paused_until=None,
            last_error=_kept(" ".join(words)),
        )

    def _progress(self) -> dict[str, Any]:
        doubts = {
            str(uid): {"failures": doubt.failures, "at": doubt.at.isoformat(), "why": doubt.why}
            for uid, doubt in sorted(self._doubts.items())
        }
        # A server that gave something was not away all the time.
        works = {"failures": 0} if self.came_to else {}
        return {
            "uid_validity": self._folder.uid_validity,
            "last_uid": self._last_uid,
            "doubts": doubts,
            **works,
        }


def _doubts(mailbox: Mailbox) -> dict[int, _Doubt]:
    return {
        int(uid): _Doubt(kept["failures"], datetime.fromisoformat(kept["at"]), kept["why"])
        for uid, kept in mailbox.doubts.items()
    }


def _store(mailbox: Mailbox, folder: imap.Folder, envelope: imap.Envelope, *, at: datetime) -> int:
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
