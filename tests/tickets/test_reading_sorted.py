"""Mails about tickets that were merged or split, and mails of who is blocked."""

from __future__ import annotations

import pytest

from sla.models import Policy
from tests import factories
from tests.factories import MONDAY
from tests.tickets.test_reading import ASHA, answered, mail, opened, read
from tests.times import nov
from tickets import addresses, merging, spam, splitting
from tickets.models import Ticket, User
from tickets.reading import Outcome

AT = nov(2, "12:00")


@pytest.mark.parametrize("same_person", [True, False])
@pytest.mark.parametrize("way", ["reply address", "message", "subject"])
def test_an_answer_to_what_was_merged_lands_in_the_target(
    policy: Policy, same_person: bool, way: str
) -> None:
    agent, source = factories.agent(), opened()
    sent = answered(agent, source)
    requester = source.requester if same_person else factories.customer()
    target = factories.ticket(requester=requester)
    merging.merge(ticket=source, by=agent, at=nov(2, "11:00"), into=target, confirmed=True)
    names = {
        "reply address": {"to": (addresses.reply_address(source) or "",)},
        "message": {"in_reply_to": sent.mail_message_id},
        "subject": {"subject": f"Re: [{source.reference}] The report is empty"},
    }
    reading = read(mail(sender=ASHA, **names[way]), at=AT)
    assert reading.outcome == Outcome.REPLY
    assert reading.ticket == target
    assert reading.message is not None
    # Of somebody who has no part in the target, only staff read it.
    assert reading.message.is_public is same_person
    assert any(source.reference in remark for remark in reading.message.remarks)


def test_an_answer_to_what_was_split_off_lands_in_the_new_ticket(policy: Policy) -> None:
    agent, ticket = factories.agent(), opened()
    second = mail(
        sender=ASHA, to=(addresses.reply_address(ticket) or "",), text="Two", reply_text="Two"
    )
    said = read(second, at=AT).message
    assert said is not None
    new = splitting.split(ticket=ticket, by=agent, at=AT, messages=[said])
    third = read(mail(sender=ASHA, in_reply_to=second.message_id), at=nov(2, "13:00"))
    assert third.ticket == new


def test_mails_of_who_is_blocked_are_ignored_with_the_reason_until_he_is_not(
    policy: Policy,
) -> None:
    agent, ticket = factories.agent(), opened()
    spam.mark_spam(ticket=ticket, by=agent, at=MONDAY, blocks=True)
    before = Ticket.objects.count()
    reading = read(mail(sender=ASHA.upper()), at=AT)
    assert reading.outcome == Outcome.IGNORED
    assert reading.reason == f"{ASHA} is blocked since 2 November 2026, for spam."
    assert Ticket.objects.count() == before
    spam.not_spam(ticket=ticket, by=agent, at=AT)
    assert User.objects.get(email=ASHA).blocked_at is None
    assert read(mail(sender=ASHA), at=AT).outcome == Outcome.TICKET
