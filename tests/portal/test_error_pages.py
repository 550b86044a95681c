"""Pages for what went wrong."""

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from django.test import Client, RequestFactory

from sla.models import Policy
from tests import factories
from tickets.portal import errors


def test_an_unknown_address_is_a_page_with_a_way_on(client: Client, db: None) -> None:
    response = client.get("/nowhere/")
    assert response.status_code == 404
    text = response.content.decode()
    assert "There is nothing here" in text
    assert 'href="/"' in text


@pytest.mark.parametrize("code", ["400", "403", "403_csrf", "404", "413", "429", "500"])
def test_every_error_page_has_a_heading_and_the_name_of_the_desk(code: str) -> None:
    text = render_to_string(f"{code}.html", {"brand": "Acme Support"})
    assert text.count("<h1>") == 1
    assert "Acme Support" in text
    assert "style=" not in text


def test_a_fault_of_ours_is_a_page_that_asks_neither_user_nor_database() -> None:
    response = errors.server_error(RequestFactory().get("/"))
    assert response.status_code == 500
    text = response.content.decode()
    assert "Something went wrong on our side" in text
    assert settings.BRAND_NAME in text


def test_the_desk_is_named_on_every_page(client: Client, policy: Policy, settings: object) -> None:
    settings.BRAND_NAME = "Acme Support"  # type: ignore[attr-defined]
    assert "Acme Support</a>" in client.get("/").content.decode()


def test_only_staff_see_the_way_to_the_desk_in_the_menu(client: Client, policy: Policy) -> None:
    assert ">Desk</a>" not in client.get("/policy/").content.decode()
    client.force_login(factories.agent())
    assert ">Desk</a>" in client.get("/policy/").content.decode()
