"""The content security policy is strict for customers and only as loose as the admin needs."""

import pytest
from django.core.management import call_command
from django.test import Client

LOOSE = ("'unsafe-inline'", "'unsafe-eval'", "data:", "http:", "https:", "*")


def policy(client: Client, path: str) -> dict[str, str]:
    """The directives of a page."""
    header = client.get(path)["Content-Security-Policy"]
    return dict(directive.strip().split(" ", 1) for directive in header.split(";"))


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/health/", "/nowhere/", "/tickets/new/", "/policy/"])
def test_pages_of_customers_run_nothing_inline(client: Client, path: str) -> None:
    call_command("load_policy", verbosity=0)
    directives = policy(client, path)
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["style-src"] == "'self'"
    assert directives["frame-ancestors"] == directives["base-uri"] == "'none'"
    assert not [word for word in " ".join(directives.values()).split() if word in LOOSE]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/admin/login/", "/admin/", "/admin/nowhere/"])
def test_the_admin_may_evaluate_expressions_but_loads_nothing_from_elsewhere(
    client: Client, path: str
) -> None:
    directives = policy(client, path)
    assert directives["script-src"] == "'self' 'unsafe-eval'"
    assert directives["style-src"] == "'self' 'unsafe-inline'"
    assert directives["default-src"] == directives["base-uri"] == "'none'"
    # Forms open each other in frames; no other site may frame them.
    assert directives["frame-src"] == directives["frame-ancestors"] == "'self'"
