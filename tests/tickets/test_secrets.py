"""A secret is encrypted in the database, and readable as long as its key is known."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from tickets.models import Mailbox
from tickets.models.secrets import SecretUnreadable

pytestmark = pytest.mark.django_db


def stored() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM tickets_mailbox")
        return str(cursor.fetchone()[0])


def test_the_database_never_sees_it() -> None:
    box = Mailbox.objects.create(address="support@example.com", secret="Grüße 🔑")
    assert "Grüße" not in stored()
    assert Mailbox.objects.get(pk=box.pk).secret == "Grüße 🔑"
    first = stored()
    box.save()
    assert stored() != first


def test_no_secret_stays_none() -> None:
    Mailbox.objects.create(address="support@example.com")
    assert stored() == ""
    assert Mailbox.objects.get().secret == ""


def test_a_former_key_still_reads_it(settings: Any) -> None:
    Mailbox.objects.create(address="support@example.com", secret="s3cret")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    assert Mailbox.objects.get().secret == "s3cret"


def test_without_its_key_the_row_can_still_be_mended(settings: Any) -> None:
    box = Mailbox.objects.create(address="support@example.com", secret="s3cret")
    settings.SECRET_KEY = "another"
    found = Mailbox.objects.get()
    with pytest.raises(SecretUnreadable, match="enter it again"):
        str(found.secret)
    found.secret = "new"
    found.save()
    assert Mailbox.objects.get(pk=box.pk).secret == "new"
