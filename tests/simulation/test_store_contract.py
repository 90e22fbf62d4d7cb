"""What the simulated store promises, RocksDB keeps: the same tests on both."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from app.turns.ports import Store, Unstored
from tables.store import Folders
from tests.simulation.disk import Folder, SimStore

Opens = Callable[[], Store]


@pytest.fixture(params=["simulated", "rocksdb"])
def opens(request: pytest.FixtureRequest, tmp_path: Path) -> Opens:
    """Opens the one folder of the test."""
    if request.param == "rocksdb":
        folders = Folders(tmp_path)
        return lambda: folders.open("users", 0)
    folder = Folder()
    return lambda: SimStore(folder, lambda: False)


def test_the_last_of_a_batch_counts(opens: Opens) -> None:
    store = opens()
    store.write([(b"a", b"1"), (b"b", b"1"), (b"a", None), (b"b", b"2"), (b"c", b"")])
    assert [store.get(key) for key in (b"a", b"b", b"c", b"d")] == [None, b"2", b"", None]
    store.close()


def test_deleting_what_is_not_there_is_nothing(opens: Opens) -> None:
    store = opens()
    store.write([(b"a", None)])
    assert store.get(b"a") is None
    store.close()


def test_a_scan_is_ordered_and_keeps_to_its_bounds_and_limit(opens: Opens) -> None:
    store = opens()
    store.write([(key, b"") for key in (b"\x02", b"\x01\x05", b"\x01", b"\x01\x00", b"\x00\xff")])
    assert store.scan(b"\x01", b"\x02", 10) == [b"\x01", b"\x01\x00", b"\x01\x05"]
    assert store.scan(b"\x01", b"\x02", 2) == [b"\x01", b"\x01\x00"]
    assert store.scan(b"\x01\x06", b"\x02", 2) == []
    store.close()


def test_a_folder_has_one_owner(opens: Opens) -> None:
    store = opens()
    with pytest.raises(Unstored):
        opens()
    store.close()
    opens().close()


def test_what_was_closed_in_good_order_is_there(opens: Opens) -> None:
    store = opens()
    store.write([(b"k", b"v")])
    store.close()
    again = opens()
    assert again.get(b"k") == b"v"
    again.close()


def test_what_is_discarded_is_gone_and_the_store_goes_on(opens: Opens) -> None:
    store = opens()
    store.write([(b"k", b"v")])
    store.discard()
    assert store.get(b"k") is None
    store.write([(b"l", b"w")])
    store.close()
    again = opens()
    assert (again.get(b"k"), again.get(b"l")) == (None, b"w")
    again.close()


def test_a_crash_takes_back_whole_batches_from_the_end() -> None:
    """Only here: what RocksDB loses depends on the machine, and `tests/chaos` kills real workers."""
    seen = set()
    for seed in range(40):
        folder = Folder()
        store = SimStore(folder, lambda: False)
        for number in range(6):
            store.write([(b"a", b"%d" % number), (b"b", b"%d" % number)])
        folder.crash(Random(seed))
        held = (folder.store.get(b"a"), folder.store.get(b"b"))
        assert held[0] == held[1]
        seen.add(held[0])
    assert {None, b"5"} <= seen
    assert len(seen) > 4
