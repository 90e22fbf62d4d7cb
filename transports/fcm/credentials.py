"""The service account that FCM knows us by: Google's JSON key file, read once, never shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from transports.base import CredentialsError

__all__ = ["CredentialsError", "ServiceAccount", "load"]


class _KeyFile(msgspec.Struct):
    """The members of a key file that are needed; Google's files have more."""

    private_key: str
    private_key_id: str
    client_email: str
    token_uri: str


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """Who signs, with what, and who gives access tokens for it."""

    client_email: str
    token_uri: str
    private_key_id: str
    private_key: RSAPrivateKey = field(repr=False)


def load(path: Path) -> ServiceAccount:
    """Read a service account's key file. Raises CredentialsError."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise CredentialsError(f"cannot read the FCM credentials {path}: {error.strerror}") from None
    try:
        key_file = msgspec.json.decode(raw, type=_KeyFile)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise CredentialsError(
            f"the FCM credentials {path} are not a service account's key file: it is JSON with the texts "
            f"{', '.join(_KeyFile.__struct_fields__)}"
        ) from None
    key = _private_key(path, key_file.private_key)
    return ServiceAccount(key_file.client_email, key_file.token_uri, key_file.private_key_id, key)


def _private_key(path: Path, pem: str) -> RSAPrivateKey:
    """Read the key. The causes of errors are cut off: they could repeat parts of it."""
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError):
        raise CredentialsError(f"`private_key` in the FCM credentials {path} is not a PEM key") from None
    if not isinstance(key, RSAPrivateKey):
        raise CredentialsError(f"`private_key` in the FCM credentials {path} is not an RSA key")
    return key
