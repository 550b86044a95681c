"""Dovecot on loopback, where it is installed: a real IMAP server with one account."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Self

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from imap_tools import MailBoxUnencrypted

from tests.peers import wait_until
from tests.ports import free_port

LOGIN, PASSWORD = "support@desk.example", 'pass "word" \\ 1'
DOVECOT = "/usr/sbin/dovecot"


@cache
def missing() -> str:
    """Why Dovecot cannot be started here, as a sentence; "" when it can."""
    if not Path(DOVECOT).exists() or not Path("/usr/lib/dovecot/imap").exists():
        return "Dovecot is not installed: apt-get install dovecot-imapd."
    version = subprocess.run([DOVECOT, "--version"], capture_output=True, text=True, check=True)
    if not version.stdout.startswith("2.3."):
        return f"The configuration is for Dovecot 2.3, not {version.stdout.strip()}."
    return ""


needs_dovecot = pytest.mark.skipif(bool(missing()), reason=missing())


class Dovecot:
    """A server with one account, LOGIN and PASSWORD, as a context manager."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="helpdesk-dovecot-"))
        self.port, self.tls_port = free_port(), free_port()
        self.maildir = self.home / "mail" / "Maildir"

    @property
    def certificate(self) -> Path:
        """Of 127.0.0.1 and localhost, signed by itself: point SSL_CERT_FILE to it."""
        return self.home / "certificate.pem"

    def __enter__(self) -> Self:
        self.home.chmod(0o755)
        write_certificate(self.certificate, self.home / "key.pem")
        self._write_configuration()
        self._process = subprocess.Popen(
            [DOVECOT, "-F", "-c", str(self.home / "dovecot.conf")], stderr=subprocess.DEVNULL
        )
        try:
            wait_until(self._answers, seconds=20)
        except TimeoutError:
            log = self.home / "log"
            self.__exit__()
            raise AssertionError(log.read_text() if log.exists() else "No log.") from None
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.home, ignore_errors=True)

    def stop(self) -> None:
        """From now on nobody listens."""
        self._process.terminate()
        self._process.wait(10)

    @contextmanager
    def box(self, folder: str | None = "INBOX") -> Iterator[MailBoxUnencrypted]:
        """A session beside ours, as a person's mail program has it."""
        with MailBoxUnencrypted("127.0.0.1", self.port, timeout=10) as box:
            box.login(LOGIN, PASSWORD, initial_folder=folder)
            yield box

    def put(self, *raws: bytes, folder: str = "INBOX", at: datetime | None = None) -> None:
        """New mail arrives."""
        with self.box() as box:
            for raw in raws:
                box.append(raw, folder, dt=at)

    def clear(self) -> None:
        """An empty INBOX, for the next test."""
        with self.box() as box:
            box.delete(box.uids(charset=None))

    def unseen(self, folder: str = "INBOX") -> int:
        with self.box(folder) as box:
            return len(box.uids("UNSEEN", charset=None))

    def renumber(self) -> None:
        """The folder INBOX gets a new UIDVALIDITY, as after a restore; flags stay."""
        listed = self.maildir / "dovecot-uidlist"
        first, *rest = listed.read_text().splitlines()
        found = re.search(r" V(\d+) ", first)
        assert found
        numbered = first.replace(found[0], f" V{int(found[1]) + 1} ")
        for index in self.maildir.glob("dovecot.index*"):
            index.unlink()
        listed.write_text("\n".join([numbered, *rest]) + "\n")

    def _answers(self) -> bool:
        with suppress(OSError), self.box(None):
            return True
        return False

    def _write_configuration(self) -> None:
        # Dovecot gives no mail to root; its processes have to see the folder.
        me = pwd.getpwuid(os.getuid()).pw_name
        is_root = os.getuid() == 0
        owner, inner, door = ("mail", "dovecot", "dovenull") if is_root else (me, me, me)
        user, mail = pwd.getpwnam(owner), self.home / "mail"
        mail.mkdir()
        if is_root:
            os.chown(mail, user.pw_uid, user.pw_gid)
        users = self.home / "users"
        users.write_text(f"{LOGIN}:{{PLAIN}}{PASSWORD}\n")
        users.chmod(0o644)
        configuration = CONFIGURATION.format(
            home=self.home,
            port=self.port,
            tls_port=self.tls_port,
            uid=user.pw_uid,
            gid=user.pw_gid,
            inner=inner,
            door=door,
        )
        (self.home / "dovecot.conf").write_text(configuration)


CONFIGURATION = """
base_dir = {home}/run
state_dir = {home}/run
log_path = {home}/log
instance_name = {home}
protocols = imap
listen = 127.0.0.1
default_internal_user = {inner}
default_login_user = {door}
default_process_limit = 20
default_client_limit = 50
first_valid_uid = 1
mail_location = maildir:{home}/mail/Maildir
ssl = yes
ssl_cert = <{home}/certificate.pem
ssl_key = <{home}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
auth_cache_size = 0
passdb {{
  driver = passwd-file
  args = {home}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}/mail
}}
namespace inbox {{
  inbox = yes
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""


def write_certificate(path: Path, key_path: Path) -> None:
    """For 127.0.0.1 and localhost, one day long."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
