"""The reader chooses a language."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings as project
from django.test import Client

from sla.models import Policy
from tests import factories
from tests.helpdesk.test_environment import PRODUCTION


def language_of(client: Client, **headers: str) -> str:
    response = client.get("/policy/", headers=headers)
    language: str = response["Content-Language"]
    assert f'<html lang="{language}" dir="ltr">' in response.content.decode()
    return language


def choose(client: Client, code: str, way_back: str = "/policy/") -> Any:
    return client.post("/language/", {"language": code, "next": way_back})


def test_every_page_offers_every_language(client: Client, policy: Policy) -> None:
    page = client.get("/policy/?a=1").content.decode()
    for code, name in project.LANGUAGES:
        assert f'value="{code}" lang="{code}"' in page
        assert f">{name}</button>" in page
    assert '<input type="hidden" name="next" value="/policy/?a=1">' in page


def test_the_browser_asks_and_the_choice_decides(client: Client, policy: Policy) -> None:
    german = {"accept-language": "de-AT,de;q=0.9"}
    assert language_of(client) == "en-gb"
    assert language_of(client, **german) == "de"
    response = choose(client, "en-gb")
    assert (response.status_code, response["Location"]) == (302, "/policy/")
    assert language_of(client, **german) == "en-gb"


def test_the_account_keeps_the_choice_for_other_browsers(client: Client, policy: Policy) -> None:
    person = factories.customer()
    client.force_login(person)
    choose(client, "de")
    person.refresh_from_db()
    assert person.language == "de"
    other = Client()
    other.force_login(person)
    assert language_of(other) == "de"


def test_the_cookie_is_for_our_server_alone(client: Client, policy: Policy) -> None:
    cookie = choose(client, "de").cookies[project.LANGUAGE_COOKIE_NAME]
    assert cookie.value == "de"
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert (cookie["path"], cookie["domain"]) == ("/", "")
    assert cookie["max-age"] == 365 * 24 * 60 * 60


def test_in_production_cookies_are_bound_to_the_host(tmp_path: Any) -> None:
    names = ["SESSION", "CSRF", "LANGUAGE"]
    script = (
        "import json; from helpdesk import settings as s; print(json.dumps([s.ZONE_COOKIE_NAME,"
        f"*([getattr(s, n + '_COOKIE_NAME'), getattr(s, n + '_COOKIE_SECURE')] for n in {names})]))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", script],
        cwd=project.BASE_DIR,
        env={"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path), **PRODUCTION},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    zone, *others = json.loads(printed)
    assert zone.startswith("__Host-")
    for name, is_secure in others:
        assert name.startswith("__Host-")
        assert is_secure


@pytest.mark.parametrize("code", ["", "fr", "de-at", "../de", "\x00"])
def test_a_language_that_we_do_not_have_is_refused(
    client: Client, policy: Policy, code: str
) -> None:
    response = choose(client, code)
    assert response.status_code == 400
    assert not response.cookies.get(project.LANGUAGE_COOKIE_NAME)


# Where a form says it was, and where the reader lands.
WAYS_BACK = [
    ("/tickets/new/?request_type=1", "/tickets/new/?request_type=1"),
    ("http://testserver/policy/", "http://testserver/policy/"),
    ("", "/"),
    ("https://evil.example/", "/"),
    ("//evil.example/", "/"),
    ("/\\evil.example/", "/"),
    ("///evil.example/", "/"),
    ("javascript:alert(1)", "/"),
    ("https://testserver@evil.example/", "/"),
    ("/policy/\r\nX: y", "/policy/%0D%0AX:%20y"),
]


@pytest.mark.parametrize(("said", "landed"), WAYS_BACK)
def test_the_way_back_stays_on_our_site(
    client: Client, policy: Policy, said: str, landed: str
) -> None:
    assert choose(client, "de", said)["Location"] == landed


def test_a_link_does_not_change_the_language(client: Client, policy: Policy) -> None:
    assert client.get("/language/", {"language": "de"}).status_code == 405


def test_another_site_does_not_change_the_language(policy: Policy) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/language/", {"language": "de"}).status_code == 403


def test_the_desk_speaks_english(client: Client, policy: Policy) -> None:
    choose(client, "de")
    response = client.get("/admin/login/")
    assert 'lang="en-gb"' in response.content.decode()
