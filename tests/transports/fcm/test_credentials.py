"""The key file: what is read, and what is said of one that cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from transports.fcm.credentials import CredentialsError, load
from transports.sink.fcm import key_file


def a_key_file(path: Path, **changes: Any) -> Path:
    """The sink's own key file, changed; a member that is None is left out."""
    key_file.ensure(path, "http://127.0.0.1:1/token")
    members = {**msgspec.json.decode(path.read_bytes()), **changes}
    path.write_bytes(
        msgspec.json.encode({name: value for name, value in members.items() if value is not None})
    )
    return path


def test_a_service_accounts_key_file_is_read(tmp_path: Path) -> None:
    account = load(a_key_file(tmp_path / "fcm.json"))

    assert account.client_email == "carillon@sink.invalid"
    assert account.token_uri == "http://127.0.0.1:1/token"
    assert account.private_key.key_size == 2048


def test_an_account_never_shows_its_key(tmp_path: Path) -> None:
    """C136."""
    assert "private_key=" not in repr(load(a_key_file(tmp_path / "fcm.json")))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError, match=r"none\.json: No such file"):
        load(tmp_path / "none.json")


@pytest.mark.parametrize("changes", [{"private_key": None}, {"token_uri": 7}, {"client_email": None}])
def test_a_file_that_lacks_a_member_is_named(tmp_path: Path, changes: dict[str, object]) -> None:
    with pytest.raises(CredentialsError, match="private_key, private_key_id, client_email, token_uri"):
        load(a_key_file(tmp_path / "fcm.json", **changes))


@pytest.mark.parametrize("content", [b"", b"not json", b"\xff\xfe", b"[]"])
def test_a_file_that_is_no_json_object_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "fcm.json"
    path.write_bytes(content)

    with pytest.raises(CredentialsError, match=r"fcm\.json"):
        load(path)


def test_a_broken_key_is_refused_without_being_shown(tmp_path: Path) -> None:
    """C136."""
    with pytest.raises(CredentialsError) as refused:
        load(a_key_file(tmp_path / "fcm.json", private_key="SECRET-PART"))

    assert "SECRET-PART" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )

    with pytest.raises(CredentialsError, match="not an RSA key"):
        load(a_key_file(tmp_path / "fcm.json", private_key=pem.decode()))
