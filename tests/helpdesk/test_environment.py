"""A wrong environment is refused with every mistake named at once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from helpdesk.environment import Environment
from helpdesk.folders import kept_secret, writable

PRODUCTION = {
    "DEBUG": "false",
    "SECRET_KEY": "".join(map(chr, range(ord("0"), ord("z")))),
    "ALLOWED_HOSTS": "help.example.com",
    "PUBLIC_BASE_URL": "https://help.example.com",
    "DATABASE_URL": "postgres://helpdesk@127.0.0.1/helpdesk",
    "CELERY_BROKER_URL": "redis://127.0.0.1:6379/0",
    "EMAIL_URL": "smtp+tls://mail.example.com:587",
}


def manage(
    *arguments: str, environment: dict[str, str], var: Path
) -> subprocess.CompletedProcess[str]:
    """Run ``manage.py`` with this environment and nothing else."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=settings.BASE_DIR,
        env={"PATH": os.environ["PATH"], "VAR_DIR": str(var), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_production_names_every_missing_setting_at_once(tmp_path: Path) -> None:
    done = manage("check", environment={"DEBUG": "false"}, var=tmp_path)
    assert done.returncode == 1
    for name in PRODUCTION:
        if name != "DEBUG":
            assert f"{name} is not set: " in done.stderr
    assert "Traceback" not in done.stderr


def test_production_names_every_wrong_setting_at_once(tmp_path: Path) -> None:
    wrong = {
        "PUBLIC_BASE_URL": "help.example.com",
        "DATABASE_URL": "mysql://helpdesk@127.0.0.1/helpdesk",
        "CELERY_BROKER_URL": "sqs://",
        "EMAIL_URL": "mail.example.com",
        "ANYMAIL_WEBHOOK_SECRET": "password",
        "MAX_ATTACHMENTS": "many",
        "ESCALATION_ADDRESS": "nobody",
        "LOG_LEVEL": "loud",
        "TRUST_FORWARDED_PROTO": "perhaps",
    }
    done = manage("check", environment=PRODUCTION | wrong, var=tmp_path)
    assert done.returncode == 1
    for name in wrong:
        assert f"{name} must " in done.stderr
    assert "Traceback" not in done.stderr


def test_production_passes_the_deployment_check(tmp_path: Path) -> None:
    done = manage(
        "check", "--deploy", "--fail-level", "WARNING", environment=PRODUCTION, var=tmp_path
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert not (tmp_path / "secret_key").exists()
    assert not (tmp_path / "postgres").exists()


@pytest.mark.parametrize(
    ("url", "backend"),
    [
        (
            "smtp+tls://me:secret@mail.example.com:587",
            "django.core.mail.backends.smtp.EmailBackend",
        ),
        ("anymail+postmark://", "anymail.backends.postmark.EmailBackend"),
        ("anymail+amazon-ses://", "anymail.backends.amazon_ses.EmailBackend"),
    ],
)
def test_mail_goes_by_a_server_or_by_a_provider(url: str, backend: str) -> None:
    env = Environment({"EMAIL_URL": url})
    assert env.email("EMAIL_URL", "")["EMAIL_BACKEND"] == backend
    env.refuse()


@pytest.mark.parametrize("url", ["anymail+pigeon://", "anymail://", "anymail+base://"])
def test_an_unknown_provider_is_refused_with_those_that_are_known(url: str) -> None:
    env = Environment({"EMAIL_URL": url})
    env.email("EMAIL_URL", "")
    with pytest.raises(ImproperlyConfigured, match=r"EMAIL_URL must name .* anymail\+postmark://"):
        env.refuse()


def test_a_provider_is_told_what_it_wants_by_variables_of_its_own() -> None:
    env = Environment(
        {"ANYMAIL_POSTMARK_SERVER_TOKEN": " token ", "ANYMAIL_EMPTY": "", "OTHER": "x"}
    )
    assert env.below("ANYMAIL_") == {"POSTMARK_SERVER_TOKEN": "token"}


@pytest.mark.parametrize("secret", ["password", ":password", "user:", "user:password,password"])
def test_the_secret_of_webhooks_is_a_user_and_a_password(secret: str) -> None:
    env = Environment({"ANYMAIL_WEBHOOK_SECRET": secret})
    env.logins("ANYMAIL_WEBHOOK_SECRET")
    with pytest.raises(ImproperlyConfigured, match="ANYMAIL_WEBHOOK_SECRET must be user:password"):
        env.refuse()


def test_several_secrets_of_webhooks_are_valid_at_once() -> None:
    env = Environment({"ANYMAIL_WEBHOOK_SECRET": "me:one, me:two"})
    assert env.logins("ANYMAIL_WEBHOOK_SECRET") == ["me:one", "me:two"]
    env.refuse()


# A file where the folder should be cannot be written by root either.
def test_a_var_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("in the way")
    done = manage("check", environment={}, var=tmp_path / "var")
    assert done.returncode == 1
    assert done.stderr == (
        f"{tmp_path}/var cannot be written (File exists): make it writable, "
        "or name another folder in VAR_DIR.\n"
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [("", True), ("TRUE", True), ("1", True), ("no", False), ("off", False), (" false ", False)],
)
def test_a_flag_is_written_in_the_usual_ways(text: str, value: bool) -> None:
    env = Environment({"DEBUG": text})
    assert env.flag("DEBUG", default=True) is value
    env.refuse()


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "ten", "١"])
def test_a_number_is_whole_and_above_zero(text: str) -> None:
    env = Environment({"LIMIT": text})
    assert env.number("LIMIT", 7) == 7
    with pytest.raises(ImproperlyConfigured, match="LIMIT must be a whole number above zero"):
        env.refuse()


def test_a_dotenv_file_never_overrides_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("TICKET_PREFIX_A=FILE\nTICKET_PREFIX_B=FILE\n")
    monkeypatch.setenv("TICKET_PREFIX_A", "PROCESS")
    monkeypatch.delenv("TICKET_PREFIX_B", raising=False)
    env = Environment.of_process(tmp_path / ".env")
    monkeypatch.setenv("TICKET_PREFIX_B", "unused")  # Undone afterwards, with what .env had set.
    assert env.text("TICKET_PREFIX_A") == "PROCESS"


def test_a_kept_secret_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    secret = kept_secret(tmp_path / "var" / "secret_key")
    assert len(secret) > 50
    assert kept_secret(tmp_path / "var" / "secret_key") == secret
    assert (tmp_path / "var" / "secret_key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "var").iterdir()] == ["secret_key"]


def test_a_folder_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ImproperlyConfigured, match="cannot be written"):
        writable(tmp_path / "file" / "var")
