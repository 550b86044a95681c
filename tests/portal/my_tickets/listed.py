"""My tickets as somebody who is signed in sees them."""

import re
from datetime import timedelta
from typing import Any

from django.test import Client

from tests import factories
from tickets.models import Ticket, User

NOW = factories.MONDAY
HOUR = timedelta(hours=1)
PAGE = "/tickets/"


def opened(requester: User, subject: str = "The report stands still", **fields: Any) -> Ticket:
    return factories.ticket(requester=requester, subject=subject, **fields)


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def page(person: User, **asked: str) -> str:
    response = signed_in(person).get(PAGE, asked)
    assert response.status_code == 200
    return response.content.decode()


def subjects(person: User, **asked: str) -> list[str]:
    return re.findall(r'<th scope="row">\s*<a [^>]*>([^<]*)</a>', page(person, **asked))
