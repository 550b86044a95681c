"""Workers that follow the rules side by side, and one that dies in the middle."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction

from tests.factories import MONDAY, ticket
from tests.together import at_once
from tickets.failpoints import KILLED
from tickets.models import Message, Rule, RuleCue, RuleRun
from tickets.rules.following import follow

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("policy")]

LATER = MONDAY + timedelta(hours=1)
NOTE = {"do": "note", "text": "A rule was here."}
ROOT = Path(__file__).parents[2]

FOLLOW = """
import sys; from datetime import datetime
import django; django.setup()
from django.db import connections
connections["default"].settings_dict["NAME"] = sys.argv[1]
from tickets.rules.following import follow
follow(at=datetime.fromisoformat(sys.argv[2]))
"""


def test_two_workers_follow_each_rule_once() -> None:
    for name in ("One", "Two"):
        Rule.objects.create(name=name, when="opened", steps=[NOTE])
    for _ in range(5):
        ticket()

    came_to = at_once(lambda: follow(at=LATER), lambda: follow(at=LATER))

    assert sum(number for number in came_to if isinstance(number, int)) == 5
    assert RuleRun.objects.count() == 10
    assert Message.objects.filter(is_automatic=True).count() == 10


def test_a_cue_that_another_worker_holds_is_left_to_it() -> None:
    Rule.objects.create(name="One", when="opened", steps=[NOTE])
    ticket()
    with transaction.atomic():
        RuleCue.objects.select_for_update().get()
        assert at_once(lambda: follow(at=LATER)) == [0]
    assert follow(at=LATER) == 1


@pytest.mark.parametrize("place", ["rules.claimed", "rules.one", "rules.followed"])
def test_a_worker_that_dies_has_done_nothing_and_the_next_one_does_all(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("One", "Two"):
        Rule.objects.create(name=name, when="opened", steps=[NOTE])
    ticket()
    monkeypatch.setenv("FAILPOINT", place)
    died = subprocess.run(
        [sys.executable, "-c", FOLLOW, connection.settings_dict["NAME"], LATER.isoformat()],
        cwd=ROOT,
        check=False,
    )
    assert died.returncode == KILLED
    assert not RuleRun.objects.exists()

    follow(at=LATER)

    assert RuleRun.objects.count() == 2
    assert Message.objects.filter(is_automatic=True).count() == 2
