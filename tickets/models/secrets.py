"""A column for secrets: encrypted in the database, decrypted where a channel needs them."""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import models


class SecretUnreadable(Exception):  # noqa: N818 - the sentence is what counts
    """This secret was encrypted with another SECRET_KEY: enter it again."""


class SecretField(models.TextField):  # type: ignore[type-arg]
    """Text that the database holds encrypted (Fernet, under a key derived from SECRET_KEY).

    A key of SECRET_KEY_FALLBACKS still reads what it wrote. Reading what none of them wrote gives
    an `Unreadable`, which raises SecretUnreadable when it is used, so that its row can be mended.
    """

    def from_db_value(self, value: str | None, *args: Any) -> str | Unreadable | None:
        """The plain text."""
        if not value:
            return value
        try:
            return (
                _fernet(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
                .decrypt(value.encode())
                .decode()
            )
        except InvalidToken:
            return Unreadable()

    def get_prep_value(self, value: Any) -> str | None:
        """What the database gets."""
        if not value:
            return value  # type: ignore[no-any-return]
        fernet = _fernet(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
        return fernet.encrypt(str(value).encode()).decode()


class Unreadable:
    """A secret that cannot be decrypted any more."""

    def __str__(self) -> str:
        raise SecretUnreadable(SecretUnreadable.__doc__)


@lru_cache
def _fernet(*keys: str) -> MultiFernet:
    return MultiFernet([Fernet(_derived(key)) for key in keys])


def _derived(key: str) -> bytes:
    """A key for this one purpose (RFC 5869), so that a leak of one use is none of another."""
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"tickets.models.secrets")
    return base64.urlsafe_b64encode(derivation.derive(key.encode()))
