"""`manage.py start` refuses with one sentence what it cannot do."""

import socket
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from helpdesk.management.commands.start import base_url, demo_accounts


def test_a_busy_port_is_one_sentence() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(CommandError, match=f"Port {port} on 127.0.0.1 cannot be used") as error:
            call_command("start", port=port)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),  # Listens everywhere; no address to visit.
        ("::", "http://[::1]:8000"),
        ("help.example.com", "http://help.example.com:8000"),
    ],
)
def test_the_printed_address_can_be_visited(host: str, url: str) -> None:
    assert base_url(host, 8000) == url


def test_demo_accounts_are_printed_in_columns(tmp_path: Path) -> None:
    notes = tmp_path / "demo-accounts.txt"
    notes.write_text("manager\tmeera@example.com\tpass one\nagent\ta@example.com\tpw\n")
    assert demo_accounts(notes) == [
        "",
        "Demo accounts (role, e-mail, password):",
        "  manager  meera@example.com  pass one",
        "  agent    a@example.com      pw",
    ]


def test_without_a_demonstration_there_are_no_accounts_to_print(tmp_path: Path) -> None:
    assert demo_accounts(tmp_path / "demo-accounts.txt") == []
