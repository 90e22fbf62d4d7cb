"""State on disk: RocksDB, one folder per actor and partition. The only file that knows it.

A cache of the journal: no write-ahead log is flushed, a lost tail is read again from the journal (DESIGN section 3).
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from rocksdict import BlockBasedOptions, Cache, Options, Rdict, WriteBatch, WriteBufferManager

from app.turns.ports import Pair, Unstored

logger = logging.getLogger(__name__)

CACHE_BYTES = 64 << 20
WRITE_BUFFER_BYTES = 8 << 20
WRITE_BUFFERS_BYTES = 64 << 20
# Where half of so many entries in a row are deleted, compact: else a scan steps over every timer that ever fired.
DELETIONS_WINDOW = 1024
_FULL = ("No space", "Disk quota", "File too large")


class Folders:
    """Opens the stores of one worker, all over one block cache and one budget of write buffers."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._cache = Cache(CACHE_BYTES)
        self._buffers = WriteBufferManager(WRITE_BUFFERS_BYTES, False)

    def open(self, actor: str, partition: int) -> RocksStore:
        """The store of one partition; a folder that cannot be read is set aside and a new one begun."""
        path = self._data / actor / str(partition)
        path.parent.mkdir(parents=True, exist_ok=True)
        return RocksStore(path, self._cache, self._buffers)


class RocksStore:
    """The turns' Store on RocksDB."""

    def __init__(self, path: Path, cache: Cache, buffers: WriteBufferManager) -> None:
        self._path = path
        self._options = _options(cache, buffers)
        self._db = _open(path, self._options)

    def get(self, key: bytes) -> bytes | None:
        """The value, None where there is none."""
        value: bytes | None = self._db.get(key)
        return value

    def write(self, pairs: Iterable[Pair]) -> None:
        """All pairs in one atomic write; None deletes."""
        batch = WriteBatch(raw_mode=True)
        for key, value in pairs:
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
        try:
            self._db.write(batch)
        except Exception as error:  # rocksdict raises bare exceptions
            raise Unstored(f"{self._path}: {error}") from error

    def scan(self, start: bytes, stop: bytes, limit: int) -> list[bytes]:
        """Up to `limit` keys with start <= key < stop, in order."""
        found: list[bytes] = []
        keys: Iterator[Any] = self._db.keys(from_key=start)
        for key in keys:
            if key >= stop or len(found) >= limit:
                break
            found.append(key)
        return found

    def discard(self) -> None:
        """Throw everything away and go on empty."""
        self.close()
        shutil.rmtree(self._path)
        self._db = _open(self._path, self._options)

    def close(self) -> None:
        """Release the folder. A store that could not write complains once more; the journal has what it lost."""
        try:
            self._db.close()
        except Exception as error:  # noqa: BLE001 - rocksdict raises bare exceptions
            logger.warning("%s: %s", self._path, error)


def _open(path: Path, options: Options) -> Rdict:
    """Open or make a folder. One that cannot be read is set aside; what it held comes back from the journal."""
    try:
        return Rdict(str(path), options)
    except Exception as error:  # rocksdict raises bare exceptions; the text tells them apart
        text = str(error)
        if "lock" in text.lower():
            raise Unstored(
                f"{path} is in use by another process; give each worker its own CARILLON_DATA"
            ) from error
        if any(full in text for full in _FULL) or not path.exists():
            raise Unstored(f"{path}: {text}") from error
        logger.error("%s cannot be read and is set aside: %s", path, text)
    aside = path.with_name(f"{path.name}.unreadable")
    shutil.rmtree(aside, ignore_errors=True)
    path.rename(aside)
    return Rdict(str(path), options)


def _options(cache: Cache, buffers: WriteBufferManager) -> Options:
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_write_buffer_size(WRITE_BUFFER_BYTES)
    options.set_max_write_buffer_number(2)
    options.set_write_buffer_manager(buffers)
    options.set_max_background_jobs(2)
    options.set_keep_log_file_num(2)
    options.add_compact_on_deletion_collector_factory(DELETIONS_WINDOW, DELETIONS_WINDOW // 2, 0.0)
    table = BlockBasedOptions()
    table.set_block_cache(cache)
    table.set_bloom_filter(10, False)
    table.set_cache_index_and_filter_blocks(True)
    options.set_block_based_table_factory(table)
    return options
