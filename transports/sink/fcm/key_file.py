"""The sink's key file, in the form of Google's, so that a `carillon.yaml` can name it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from transports.sink.fcm.account import CLIENT_EMAIL, PROJECT


class KeyFileError(Exception):
    """The key file cannot be written: says which, and why."""


class _Known(msgspec.Struct):
    """What of an existing file says that the sink wrote it."""

    client_email: str
    private_key: str


def ensure(path: Path, token_uri: str) -> tuple[rsa.RSAPrivateKey, str]:
    """Write the key file, readable by its owner only, and return the key and its id.

    A key that an earlier sink left there is used again, so that workers outlive a restart of the sink.
    Raises KeyFileError where the file is somebody else's, or cannot be written.
    """
    try:
        key = _existing(path) or rsa.generate_private_key(public_exponent=65537, key_size=2048)
        key_id = _key_id(key)
        _write(path, _content(key, key_id, token_uri))
    except OSError as error:
        raise KeyFileError(f"cannot write the key file {path}: {error.strerror}") from error
    return key, key_id


def _existing(path: Path) -> rsa.RSAPrivateKey | None:
    """The key of a file that a sink wrote, None where there is none. Another's file is left alone."""
    if not path.exists():
        return None
    try:
        known = msgspec.json.decode(path.read_bytes(), type=_Known)
        key = serialization.load_pem_private_key(known.private_key.encode(), password=None)
    except (msgspec.DecodeError, ValueError, TypeError):
        raise KeyFileError(f"{path} exists and is not a key file of the sink: name another") from None
    if known.client_email != CLIENT_EMAIL or not isinstance(key, rsa.RSAPrivateKey):
        raise KeyFileError(f"{path} exists and holds another account's key: name another file")
    return key


def _key_id(key: rsa.RSAPrivateKey) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return hashlib.sha256(key.public_key().public_bytes(serialization.Encoding.DER, form)).hexdigest()[:40]


def _content(key: rsa.RSAPrivateKey, key_id: str, token_uri: str) -> bytes:
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    fields = {
        "type": "service_account",
        "project_id": PROJECT,
        "private_key_id": key_id,
        "private_key": pem.decode(),
        "client_email": CLIENT_EMAIL,
        "client_id": "0",
        "token_uri": token_uri,
    }
    return msgspec.json.format(msgspec.json.encode(fields), indent=2) + b"\n"


def _write(path: Path, content: bytes) -> None:
    """Replace the file in one step; nobody but its owner can read it at any moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    beside.unlink(missing_ok=True)
    with open(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(content)
    beside.replace(path)
