"""State on disk: RocksDB, one folder per actor and partition. The only file that knows it.

A cache of the journal: no write-ahead log is flushed, a lost tail is read again from the journal (DESIGN section 3).
Whatever is not as it was written is noticed by a checksum, before or while it is read; the folder is then set aside
(one for each partition, the latest) and what it held comes back from the journal.
"""

from __future__ import annotations

import fcntl
import logging
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from rocksdict import BlockBasedOptions, Cache, Options, Rdict, WriteBatch, WriteBufferManager

from app.turns.ports import Damaged, Pair, Unstored
from tables.rocks_log import first_damage

logger = logging.getLogger(__name__)

CACHE_BYTES = 64 << 20
WRITE_BUFFER_BYTES = 8 << 20
WRITE_BUFFERS_BYTES = 64 << 20
# Where half of so many entries in a row are deleted, compact: else a scan steps over every timer that ever fired.
DELETIONS_WINDOW = 1024
OPEN_FILES = 64
MANIFEST_BYTES = 4 << 20
LOG_BYTES = 1 << 20
ASIDE = ".unreadable"
_IN_USE = ("lock hold by", "While lock file")
_HELD = "is in use by another process; give each worker its own CARILLON_DATA"
_NOT_NOW = ("No space", "Read-only file system", "Permission denied", "Too many open files", "Disk quota",
            "File too large")  # fmt: skip
_GONE = ("Corruption", "No such file")


class Folders:
    """Opens the stores of one worker, all over one block cache and one budget of write buffers."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._cache = Cache(CACHE_BYTES)
        self._buffers = WriteBufferManager(WRITE_BUFFERS_BYTES, False)

    def open(self, actor: str, partition: int) -> RocksStore:
        """The store of one partition. Raises Unstored; Damaged where the folder was set aside: open it again."""
        return RocksStore(self._data / actor / str(partition), self._cache, self._buffers)


class RocksStore:
    """The turns' Store on RocksDB."""

    def __init__(self, path: Path, cache: Cache, buffers: WriteBufferManager) -> None:
        self._path = path
        self._options = _options(cache, buffers)
        self._damage: str | None = None
        self._db = _open(path, self._options)

    def get(self, key: bytes) -> bytes | None:
        """The value, None where there is none."""
        try:
            value: bytes | None = self._db.get(key)
        except Exception as error:
            raise self._failure(error) from error
        return value

    def write(self, pairs: Iterable[Pair]) -> None:
        """All pairs in one atomic write; None deletes."""
        if self._damage is not None:
            raise Damaged(self._damage)
        batch = WriteBatch(raw_mode=True)
        for key, value in pairs:
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
        try:
            self._db.write(batch)
        except Exception as error:
            raise self._failure(error) from error

    def scan(self, start: bytes, stop: bytes, limit: int) -> list[bytes]:
        """Up to `limit` keys with start <= key < stop, in order."""
        found: list[bytes] = []
        try:
            keys: Iterator[Any] = self._db.keys(from_key=start)
            for key in keys:
                if key >= stop or len(found) >= limit:
                    return found
                found.append(key)
            self._see_that_it_ends(found[-1] if found else start)
        except Exception as error:
            raise self._failure(error) from error
        return found

    def _see_that_it_ends(self, last: bytes) -> None:
        """Nothing comes after this key: is that the end, or a block that cannot be read? rocksdict's `keys` does not
        tell the two apart."""
        rest = self._db.iter()
        rest.seek(last)
        while rest.valid():
            rest.next()
        rest.status()

    def _failure(self, error: Exception) -> Unstored:
        """What an error of RocksDB means; rocksdict raises bare exceptions, and only the text tells them apart."""
        text = f"{self._path}: {error}"
        if not any(word in text for word in _GONE):
            return Unstored(text)
        self._damage = text
        return Damaged(text)

    def discard(self) -> None:
        """Throw everything away and go on empty."""
        self.close()
        if self._path.exists():
            _remove(self._path)
        self._db = _open(self._path, self._options)

    def close(self) -> None:
        """Release the folder. A store that could not write complains once more; the journal has what it lost."""
        try:
            self._db.close()
        except Exception as error:  # noqa: BLE001 - rocksdict raises bare exceptions
            logger.warning("%s: %s", self._path, error)
        if self._damage is not None:
            damage, self._damage = self._damage, None
            try:
                _set_aside(self._path, damage)
            except Unstored as error:
                logger.warning("%s", error)


def _open(path: Path, options: Options) -> Rdict:
    """Open or make a folder. One that is damaged is set aside, and Damaged raised."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        damage = _damage_of(path)
        if damage is not None and _is_held(path / "LOCK"):
            raise Unstored(f"{path} {_HELD}")  # what it is writing just now looks cut
    except OSError as error:
        raise Unstored(f"{path}: {error}") from error
    if damage is None:
        try:
            return Rdict(str(path), options)
        except Exception as error:
            damage = str(error)
            if any(word in damage for word in _IN_USE):
                raise Unstored(f"{path} {_HELD}") from error
            if any(word in damage for word in _NOT_NOW) or not path.exists():
                raise Unstored(f"{path}: {damage}") from error
    _set_aside(path, damage)
    raise Damaged(f"{path}: {damage}")


def _damage_of(path: Path) -> str | None:
    """What RocksDB itself would overlook, or never come back from; in words."""
    logs = sorted([*path.glob("MANIFEST-*"), *path.glob("*.log")])
    tables = [*path.glob("*.sst")]
    if (logs or tables) and not (path / "CURRENT").exists():
        return "CURRENT is gone"
    return next((damage for log in logs if (damage := first_damage(log)) is not None), None)


def _is_held(lock: Path) -> bool:
    """Does another process hold this file as RocksDB does?"""
    if not lock.exists():
        return False
    with lock.open("ab") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def _set_aside(path: Path, damage: str) -> None:
    """Keep a damaged folder to be looked at, in place of the one before. Raises Unstored."""
    if not path.exists():
        logger.error("%s is gone and is made anew from the journal: %s", path, damage)
        return
    aside = path.with_name(path.name + ASIDE)
    logger.error("%s is damaged and set aside as %s: %s", path, aside.name, damage)
    if aside.exists():
        _remove(aside)
    try:
        path.rename(aside)
    except OSError as error:
        raise Unstored(f"{path} is damaged ({damage}) and cannot be set aside: {error}") from error


def _remove(path: Path) -> None:
    try:
        shutil.rmtree(path)
    except OSError as error:
        raise Unstored(f"{path} cannot be removed: {error}") from error


def _options(cache: Cache, buffers: WriteBufferManager) -> Options:
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_paranoid_checks(True)
    options.set_write_buffer_size(WRITE_BUFFER_BYTES)
    options.set_max_write_buffer_number(2)
    options.set_write_buffer_manager(buffers)
    options.set_max_background_jobs(2)
    options.set_max_open_files(OPEN_FILES)
    options.set_max_manifest_file_size(MANIFEST_BYTES)
    options.set_max_log_file_size(LOG_BYTES)
    options.set_keep_log_file_num(2)
    options.add_compact_on_deletion_collector_factory(DELETIONS_WINDOW, DELETIONS_WINDOW // 2, 0.0)
    table = BlockBasedOptions()
    table.set_block_cache(cache)
    table.set_bloom_filter(10, False)
    table.set_cache_index_and_filter_blocks(True)
    options.set_block_based_table_factory(table)
    return options
