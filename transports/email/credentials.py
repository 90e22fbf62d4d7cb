"""Who a mail server knows us by: a file with a name and a password, read once, never shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from transports.base import CredentialsError


class _LoginFile(msgspec.Struct):
    user: str
    password: str


@dataclass(frozen=True, slots=True)
class Login:
    """A user and a password."""

    user: str = field(repr=False)
    password: str = field(repr=False)


def load(path: Path) -> Login:
    """Read a login file. Raises CredentialsError; the causes are cut off, they could repeat parts of it."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise CredentialsError(f"cannot read the mail credentials {path}: {error.strerror}") from None
    try:
        found = msgspec.json.decode(raw, type=_LoginFile)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise CredentialsError(
            f'the mail credentials {path} are not JSON of the form {{"user": "...", "password": "..."}}'
        ) from None
    return Login(found.user, found.password)
