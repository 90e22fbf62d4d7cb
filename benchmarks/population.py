"""Users that are there already: their stored records by the million, and a clickstream that knows them."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from app.domain.model.event import PushStatus
from app.domain.model.user import ID_BYTES, REMEMBERED_IDS, REMEMBERED_OFFSETS, Activity, Device, Profile
from app.partitioning import partition_of
from app.turns.ports import Pair, Store
from benchmarks.clickstream import COUNTRIES, LIFECYCLES, Clickstream, Visitor, context
from tables.users import ACTIVITY, PROFILE

BATCH = 5_000
NOISE_BYTES = 1 << 20
SCATTER = 2_654_435_761  # neighbours have nothing in common that could be compressed
FILLER_BYTES = 50


class Residents(Clickstream):
    """Events of users of whom everything is known: no `identify`, no new device."""

    def _visitor(self) -> tuple[Visitor, bool]:
        return resident(int(self._dice.random() * self._users)), False


def resident(index: int) -> Visitor:
    """One of them."""
    country = tuple(COUNTRIES)[index % len(COUNTRIES)]
    return Visitor(f"u-{index}", (context(f"{index}-0", COUNTRIES[country], "allowed"),), "{}")


def profile(index: int, filler_bytes: int) -> Profile:
    """What is stored of a resident, with traits of so many bytes on top."""
    country = tuple(COUNTRIES)[index % len(COUNTRIES)]
    traits: dict[str, Any] = {
        "first_name": f"Name{index}",
        "country": country,
        "lifecycle": LIFECYCLES[index % len(LIFECYCLES)],
    }
    traits |= {f"trait_{number}": "x" * (FILLER_BYTES - 12) for number in range(filler_bytes // FILLER_BYTES)}
    device = Device(
        f"d-{index}-0",
        "android",
        f"token-{index}-0",
        PushStatus.ALLOWED,
        model="13T",
        os_version="14",
        app_version="3.2.1",
    )
    return Profile(traits, {device.id: device}, COUNTRIES[country], "en-GB")


def fill(stores: Sequence[Store], users: int, filler_bytes: int = 0) -> float:
    """Write every user's records in the order of their keys; returns bytes of keys and values a user."""
    written = 0
    noise = random.Random(1).randbytes(NOISE_BYTES)  # noqa: S311 - the point is that it repeats
    for table, value in ((PROFILE, _profiles(filler_bytes)), (ACTIVITY, _activities(noise))):
        pairs: list[list[Pair]] = [[] for _ in stores]
        for index in in_order(users):
            key = b"u-%d" % index
            encoded = table.encode(value(index))
            written += len(table.prefix) + len(key) + len(encoded)
            place = partition_of(key, len(stores), "murmur2") if len(stores) > 1 else 0
            pairs[place].append((table.prefix + key, encoded))
            if len(pairs[place]) == BATCH:
                stores[place].write(pairs[place])
                pairs[place] = []
        for store, left in zip(stores, pairs, strict=True):
            store.write(left)
    return written / users


def _profiles(filler_bytes: int) -> Callable[[int], Any]:
    return lambda index: profile(index, filler_bytes)


def _activities(noise: bytes) -> Callable[[int], Any]:
    length = ID_BYTES * REMEMBERED_IDS
    offsets = list(range(1 << 20, (1 << 20) + REMEMBERED_OFFSETS))

    def activity(index: int) -> Activity:
        start = index * SCATTER % (NOISE_BYTES - length)
        return Activity(noise[start : start + length], offsets)

    return activity


def in_order(count: int) -> Iterator[int]:
    """The numbers below `count` in the order of their decimal texts, so that a store is written from front to back."""
    if count:
        yield 0
    number = 1
    for _ in range(count - 1):
        yield number
        if number * 10 < count:
            number *= 10
            continue
        while number % 10 == 9 or number + 1 >= count:  # noqa: PLR2004 - the last digit
            number //= 10
        number += 1


def forget_pages(folder: Path) -> None:
    """Let the system drop what it remembers of the files in a folder, so that reads go to the disk."""
    for path in folder.rglob("*.sst"):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)
