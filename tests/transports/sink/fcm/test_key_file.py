"""The sink's key file: written for its owner only, kept over a restart, never over somebody else's."""

from __future__ import annotations

import stat
from pathlib import Path

import msgspec
import pytest

from transports.sink.fcm.key_file import KeyFileError, ensure


def test_the_file_has_googles_form_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "fcm.json"

    _, key_id = ensure(path, "http://127.0.0.1:1/token")

    written = msgspec.json.decode(path.read_bytes())
    assert (written["type"], written["private_key_id"]) == ("service_account", key_id)
    assert written["token_uri"] == "http://127.0.0.1:1/token"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["fcm.json"]


def test_a_restart_keeps_the_key_and_moves_the_address(tmp_path: Path) -> None:
    path = tmp_path / "fcm.json"
    _, first = ensure(path, "http://127.0.0.1:1/token")
    path.chmod(0o644)

    _, second = ensure(path, "http://127.0.0.1:2/token")

    assert first == second
    assert msgspec.json.decode(path.read_bytes())["token_uri"] == "http://127.0.0.1:2/token"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "notes", "{}", '{"client_email": "a", "private_key": "b"}'])
def test_a_file_that_is_not_ours_is_left_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "precious.json"
    path.write_text(content)

    with pytest.raises(KeyFileError, match=r"precious\.json"):
        ensure(path, "http://127.0.0.1:1/token")

    assert path.read_text() == content


def test_another_accounts_key_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "fcm.json"
    ensure(path, "http://127.0.0.1:1/token")
    other = path.read_text().replace("carillon@sink.invalid", "robot@shop.invalid")
    path.write_text(other)

    with pytest.raises(KeyFileError, match="another account"):
        ensure(path, "http://127.0.0.1:1/token")

    assert path.read_text() == other


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(KeyFileError, match="cannot write the key file"):
        ensure(tmp_path / "file" / "fcm.json", "http://127.0.0.1:1/token")
