"""What people who take part in a ticket do about it: who else reads it, its links, its rating."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from tickets import correspondence, lifecycle, notices
from tickets.acts import Files, Mail, done, locked, move
from tickets.models import Event, Follower, Organization, Rating, Ticket, User
from tickets.refusals import (
    DoesNotFollow,
    NoOrganization,
    NotAColleague,
    NotTheRequester,
    RatedAlready,
    TooLateToReopen,
    TooManyFollowers,
)
from tickets.states import Act

MOST_FOLLOWERS = 20
NEW_LINK = "new_link"


def write(*, ticket: Ticket, by: User, text: str, at: datetime, attachments: Files = ()) -> Ticket:
    """A customer's message on a ticket's page; answers the ticket that it is in.

    What was merged goes on where it was merged into; there, the words of somebody who may not see
    that ticket are kept aside for staff.
    """
    target = ticket.merged_into
    if target is None:
        return lifecycle.reply(ticket=ticket, by=by, text=text, at=at, attachments=attachments)
    remark = f"Written on the page of {ticket.reference}, which was merged into this ticket."
    mail = Mail(remarks=[remark])
    if Ticket.objects.visible_to(by).filter(pk=target.pk).exists():
        return lifecycle.reply(
            ticket=target, by=by, text=text, at=at, attachments=attachments, mail=mail
        )
    if not lifecycle.takes_customer_replies(target, at):
        raise TooLateToReopen
    message = correspondence.keep_aside(
        ticket=target, by=by, text=text, at=at, mail=mail, is_automatic=False,
        attachments=attachments, channel=Ticket.Channel.WEB,
    )  # fmt: skip
    return message.ticket


@transaction.atomic
def add_colleague(*, ticket: Ticket, by: User, email: str, at: datetime) -> Ticket:
    """The requester lets somebody of his own organization get the answers too.

    Somebody unknown at one of its domains is made one of its people.
    """
    ticket, at = locked(ticket, at)
    _must_be_requester(by, ticket)
    # As the table of moves says it, before anybody is made a customer.
    move(ticket, Act.FOLLOW)
    if by.organization is None:
        raise NoOrganization
    if ticket.followers.count() >= MOST_FOLLOWERS:
        raise TooManyFollowers
    colleague = _colleague(email, by.organization)
    return correspondence.follow(ticket=ticket, user=colleague, by=by, at=at)


@transaction.atomic
def unfollow(*, ticket: Ticket, user: User, by: User, at: datetime) -> Ticket:
    """Let somebody get no more answers: himself, or by the requester or staff."""
    ticket, at = locked(ticket, at)
    move(ticket, Act.UNFOLLOW)
    if by.pk != user.pk:
        _must_be_requester_or_staff(by, ticket)
    gone, _ = Follower.objects.filter(ticket=ticket, user=user).delete()
    if not gone:
        raise DoesNotFollow
    detail = f"{user.email} gets the answers no more."
    return done(ticket, Event.Kind.UNFOLLOWED, by=by, at=at, detail=detail, moves_clocks=False)


@transaction.atomic
def void_links(*, ticket: Ticket, by: User, at: datetime, reason: str = "") -> Ticket:
    """End every link to the ticket that was made until now; whoever has one can ask for another."""
    ticket, at = locked(ticket, at)
    move(ticket, Act.VOID_LINKS)
    _must_be_requester_or_staff(by, ticket)
    ticket.links_void_before = at
    kind = Event.Kind.LINKS_VOIDED
    return done(ticket, kind, by=by, at=at, detail=reason, moves_clocks=False)


@transaction.atomic
def rate(*, ticket: Ticket, by: User, stars: int, comment: str, at: datetime) -> Ticket:
    """What the requester thinks of the help: 1 is bad, 5 is very good.

    It may be changed for as long as the ticket may be taken up again.
    """
    ticket, at = locked(ticket, at)
    _must_be_requester(by, ticket)
    move(ticket, Act.RATE)
    given = Rating.objects.filter(ticket=ticket).exists()
    if given and not lifecycle.may_be_taken_up(ticket, at):
        raise RatedAlready
    values = {"by": by, "stars": stars, "comment": comment.strip(), "at": at}
    rating, _ = Rating.objects.update_or_create(ticket=ticket, defaults=values)
    detail = f"{rating}{': ' + rating.comment if rating.comment else '.'}"
    return done(ticket, Event.Kind.RATED, by=by, at=at, detail=detail, moves_clocks=False)


@transaction.atomic
def send_new_link(*, ticket: Ticket, user: User, at: datetime) -> None:
    """Mail somebody whose link is over another one; it says nothing of what the ticket is about."""
    cause = f"{NEW_LINK}:{ticket.pk}:{at.isoformat()}"
    notices.tell([user], NEW_LINK, ticket, cause=cause, at=at)


def address_proved(person: User, *, at: datetime) -> None:
    """Keep that this person reads mail at his address: he came by a link that went there."""
    if person.verified_at is None:
        User.objects.filter(pk=person.pk, verified_at=None).update(verified_at=at)


def _must_be_requester(by: User, ticket: Ticket) -> None:
    if by.pk != ticket.requester_id:
        raise NotTheRequester


def _must_be_requester_or_staff(by: User, ticket: Ticket) -> None:
    if not by.is_staff:
        _must_be_requester(by, ticket)


def _colleague(email: str, company: Organization) -> User:
    """Somebody of this company. Raises NotAColleague for anybody else, known to us or not."""
    address = User.objects.clean_email(email)
    known = User.objects.filter(email=address).first()
    at_home = address.rpartition("@")[2] in {domain.lower() for domain in company.domains}
    if known is None and at_home:
        known = User.objects.customer(address)
    if known is None or not known.is_active or known.is_staff:
        raise NotAColleague
    if known.organization_id is None and at_home:
        known.organization = company
        known.save(update_fields=["organization"])
    if known.organization_id != company.pk:
        raise NotAColleague
    return known
