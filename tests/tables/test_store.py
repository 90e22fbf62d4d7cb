"""The store on RocksDB keeps the turns' promises, and what it cannot read it sets aside."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.turns.ports import Damaged, Unstored
from tables.store import Folders


def test_write_get_scan_and_delete(tmp_path: Path) -> None:
    """Given pairs in one write, then they are read, scanned in order within bounds and limit, and deleted."""
    store = Folders(tmp_path).open("users", 0)
    store.write([(b"\x01b", b"2"), (b"\x01a", b"1"), (b"\x01c", b""), (b"\x02a", b"x")])
    store.write([(b"\x01a", None)])
    assert store.get(b"\x01a") is None
    assert store.get(b"\x01c") == b""
    assert store.scan(b"\x01", b"\x02", 10) == [b"\x01b", b"\x01c"]
    assert store.scan(b"\x01", b"\x03", 1) == [b"\x01b"]
    store.close()


def test_what_was_written_is_there_after_closing(tmp_path: Path) -> None:
    """Given a store that is closed and opened again, then it holds what was written."""
    folders = Folders(tmp_path)
    store = folders.open("users", 3)
    store.write([(b"k", b"v")])
    store.close()
    again = folders.open("users", 3)
    assert again.get(b"k") == b"v"
    again.discard()
    assert again.get(b"k") is None
    again.close()


def test_damaged_folder_is_set_aside_and_the_next_opening_begins_anew(tmp_path: Path) -> None:
    """Given a damaged folder, then opening says so, it is kept beside the new one, and replaces the one before."""
    folders = Folders(tmp_path)
    for damage in (b"nonsense\n", b"MANIFEST-9"):
        folders.open("users", 0).close()
        (tmp_path / "users" / "0" / "CURRENT").write_bytes(damage)
        with pytest.raises(Damaged):
            folders.open("users", 0)
        store = folders.open("users", 0)
        store.write([(b"k", b"v")])
        assert store.get(b"k") == b"v"
        store.close()
        assert (tmp_path / "users" / "0.unreadable" / "CURRENT").read_bytes() == damage
    assert sorted(each.name for each in (tmp_path / "users").iterdir()) == ["0", "0.unreadable"]


def test_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    """Given a folder that another process has open, then opening it says so and changes nothing."""
    folders = Folders(tmp_path)
    store = folders.open("users", 0)
    with pytest.raises(Unstored, match="CARILLON_DATA"):
        folders.open("users", 0)
    store.close()


async def test_what_was_deleted_in_a_row_does_not_stay_in_the_files(tmp_path: Path) -> None:
    """Given a timer index of which everything has fired, then compaction takes the deletions away by itself: whoever
    opens the index would step over each of them."""
    folders = Folders(tmp_path)
    store = folders.open("users", 0)
    entries = [b"\x01%08d" % number for number in range(20_000)]
    store.write([(entry, b"") for entry in entries])
    store.close()
    store = folders.open("users", 0)
    store.write([(entry, None) for entry in entries])
    store.close()
    store = folders.open("users", 0)
    async with asyncio.timeout(30):
        while sum(file["num_deletions"] for file in store._db.live_files()):  # noqa: ASYNC110 - RocksDB's own threads
            await asyncio.sleep(0.05)
    assert store.scan(b"\x01", b"\x02", 10) == []
    store.close()
