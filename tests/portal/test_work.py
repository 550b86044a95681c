"""The proof of work that the form asks for when staff have switched it on."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import altcha
import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from sla.models import Policy
from tests import factories
from tests.portal.filling import NEW, filled_in, refused
from tests.together import at_once
from tickets.models import PortalSettings, RequestType, Ticket
from tickets.portal import work

WORK = "/tickets/new/work/"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def asked(kind: RequestType) -> RequestType:
    """A type of a desk that asks for a proof of work."""
    PortalSettings.objects.create(pk=1, asks_for_work=True)
    return kind


def now() -> datetime:
    return datetime.now(UTC)


def solved(puzzle: altcha.Challenge) -> str:
    """What the browser's script sends."""
    solution = altcha.solve_challenge(puzzle)
    assert solution is not None
    return altcha.Payload(puzzle, solution).to_base64()


def easy(**changes: Any) -> altcha.Challenge:
    """A puzzle as ours, but with one guess, so that tests are quick."""
    options = {"counter": 0, "expires_at": now() + work.LIFETIME, "hmac_secret": work._key()}
    return altcha.create_challenge(work.ALGORITHM, work.ROUNDS, **{**options, **changes})


def changed(payload: str, *path: str, to: object) -> str:
    """The payload with another value at the path."""
    whole = part = json.loads(base64.b64decode(payload))
    for name in path[:-1]:
        part = part[name]
    part[path[-1]] = to
    return base64.b64encode(json.dumps(whole).encode()).decode()


def test_the_script_gets_a_puzzle_that_can_be_solved(client: Client, asked: RequestType) -> None:
    response = client.get(WORK)
    assert "no-store" in response.headers["Cache-Control"]
    proof = solved(altcha.Challenge.from_dict(response.json()))
    assert client.post(NEW, filled_in(asked, altcha=proof)).status_code == 302
    assert Ticket.objects.exists()


def test_each_puzzle_is_another_and_ends_in_ten_minutes() -> None:
    at = factories.MONDAY
    puzzles = [work.puzzle(at=at).parameters for _ in range(5)]
    assert len({puzzle.nonce for puzzle in puzzles}) == 5
    assert {puzzle.expires_at for puzzle in puzzles} == {int((at + 10 * MINUTE).timestamp())}


WRONG: list[tuple[str, Callable[[], str]]] = [
    ("over", lambda: solved(easy(expires_at=now() - MINUTE))),
    ("over, with a later end written into it", lambda: changed(
        solved(easy(expires_at=now() - MINUTE)), "challenge", "parameters", "expiresAt",
        to=int((now() + MINUTE).timestamp()),
    )),
    ("without an end", lambda: solved(easy(expires_at=None))),
    ("signed by somebody else", lambda: solved(easy(hmac_secret="guessed"))),
    ("not signed", lambda: solved(easy(hmac_secret=None))),
    ("easier than ours", lambda: changed(
        solved(easy()), "challenge", "parameters", "cost", to=1
    )),
    ("a wrong guess", lambda: changed(solved(easy()), "solution", "counter", to=7)),
    ("a wrong key", lambda: changed(solved(easy()), "solution", "derivedKey", to="00" * 32)),
    ("longer than a solution is", lambda: changed(
        solved(easy()), "solution", "more", to="x" * 5_000
    )),
    ("nothing like it", lambda: "nonsense"),
    ("a list", lambda: base64.b64encode(b"[]").decode()),
]  # fmt: skip


@pytest.mark.parametrize("wrong", [row[1] for row in WRONG], ids=[row[0] for row in WRONG])
def test_a_proof_that_is_none_opens_no_ticket_and_loses_nothing(
    client: Client, asked: RequestType, wrong: Callable[[], str]
) -> None:
    data = filled_in(asked, altcha=wrong())
    text = refused(client, data)
    assert "The check of your browser is over or was used before. Send it again." in text
    for name in ("subject", "text", "email", "name", "nonce"):
        assert data[name] in text, f"{name} is still there"
    assert data["altcha"] not in text, "a new one is made"


def test_without_a_proof_the_form_says_what_to_do(client: Client, asked: RequestType) -> None:
    data = filled_in(asked)
    text = refused(client, data)
    assert "Sign in with a code first, or switch JavaScript on, and send it again." in text
    for name in ("subject", "text", "email", "name", "nonce"):
        assert data[name] in text, f"{name} is still there"


def test_without_javascript_the_form_leads_to_signing_in(
    client: Client, asked: RequestType
) -> None:
    text = client.get(NEW).content.decode()
    way = f"{reverse('account_request_login_code')}?next={NEW}"
    assert f'<a href="{way}">Sign in with a code first</a>' in text
    assert f'data-work="{WORK}"' in text
    assert 'data-finder="/static/js/finder.js"' in text


def test_who_is_signed_in_is_not_asked(client: Client, asked: RequestType) -> None:
    client.force_login(factories.customer("maria@client.example"))
    assert "data-work" not in client.get(NEW).content.decode()
    assert client.post(NEW, filled_in(asked)).status_code == 302


def test_nobody_is_asked_until_staff_switch_it_on(client: Client, kind: RequestType) -> None:
    assert "data-work" not in client.get(NEW).content.decode()
    assert client.post(NEW, filled_in(kind)).status_code == 302


def test_a_proof_is_good_for_one_ticket(client: Client, asked: RequestType) -> None:
    proof = solved(easy())
    first = client.post(NEW, filled_in(asked, altcha=proof))
    other = client.post(NEW, filled_in(asked, altcha=proof, nonce="other"))
    again = client.post(NEW, filled_in(asked, altcha=proof))
    assert [answer.status_code for answer in (first, other, again)] == [302, 422, 302]
    assert Ticket.objects.count() == 1


def test_a_form_that_was_refused_has_not_used_its_proof(client: Client, asked: RequestType) -> None:
    proof = solved(easy())
    assert client.post(NEW, filled_in(asked, altcha=proof, subject="")).status_code == 422
    assert client.post(NEW, filled_in(asked, altcha=proof)).status_code == 302


def test_a_proof_stays_used_for_as_long_as_it_would_be_good(policy: Policy) -> None:
    """Windows of limits begin on the hour: one that begins must not let it in again."""
    ends_at = datetime(2026, 11, 2, 10, 5, tzinfo=UTC)
    proof = work.Proof("abc", ends_at)
    proof.spend()
    # Other proofs begin a window and clear old rows away.
    work.Proof("later", ends_at + timedelta(minutes=9)).spend()
    with pytest.raises(work.NotProved):
        proof.spend()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("nonces", "answers"), [("aa", [302, 302]), ("ab", [302, 422])])
def test_a_proof_is_good_once_for_two_requests_at_the_same_moment(
    asked: RequestType, nonces: str, answers: list[int]
) -> None:
    proof = solved(easy())

    def send(nonce: str) -> Callable[[], int]:
        data = filled_in(asked, altcha=proof, nonce=nonce)
        return lambda: Client().post(NEW, data).status_code

    found = at_once(*(send(nonce) for nonce in nonces))
    assert sorted(map(str, found)) == sorted(map(str, answers))
    assert Ticket.objects.count() == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["challenge", "solution", "parameters", "signature",
        "algorithm", "nonce", "salt", "cost", "expiresAt", "counter", "derivedKey"]), inner),
    max_leaves=12,
)  # fmt: skip


@given(
    st.text(max_size=200)
    | JSON.map(lambda value: base64.b64encode(json.dumps(value).encode()).decode())
)
def test_whatever_a_robot_sends_is_refused_with_a_sentence(sent: str) -> None:
    with pytest.raises(work.NotProved) as refusal:
        work.proof(sent, at=factories.MONDAY)
    assert str(refusal.value)
