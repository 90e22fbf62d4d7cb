"""Bytes flipped in a state folder, one at a time: `python -m tests.chaos.flips SEED FLIPS [MUTATION]` counts what came.

Each try has a process of its own: RocksDB may never come back from a damaged file, and lets no other thread run then.
The process that starts them never opens RocksDB: its threads would not live on in a child.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from app.turns.ports import Unstored
from tables import store
from tables.store import Folders, RocksStore

POSITION = b"\x00position"
STOP = b"\x20"
ROUNDS = 5
TURNS = 20
KEYS = 20
LIMIT_S = 5
FRAGMENT_TYPE = 6
_LEFT_OPEN: list[RocksStore] = []
KINDS = ("MANIFEST-*", "*.log", "*.sst", "CURRENT", "OPTIONS-*", "IDENTITY", "rocksdict-config.json")


def value(number: int) -> bytes:
    """What stands under a key."""
    return b"%d " % number * 40


def key(number: int) -> bytes:
    """The keys are in the order of their writing."""
    return b"\x10%06d" % number


def make(data: Path) -> str:
    """A folder as a killed process leaves it: tables on disk, and more in the write-ahead log."""
    written = 0
    for _ in range(ROUNDS):
        made = Folders(data).open("users", 0)
        for _ in range(TURNS):
            pairs = [(key(n), value(n)) for n in range(written, written + KEYS)]
            written += KEYS
            made.write([*pairs, (POSITION, b"%d" % written)])
        if written < ROUNDS * TURNS * KEYS:
            made.close()
        else:
            _LEFT_OPEN.append(made)  # this process ends without closing it
    return "made"


def verdict(data: Path) -> str:
    """Open the folder as a worker would, and compare all that it says with what was written."""
    try:
        opened = Folders(data).open("users", 0)
        position = int(opened.get(POSITION) or 0)
        found = opened.scan(key(0), STOP, 1 << 20)
        values = [opened.get(each) for each in found]
    except Unstored:
        return "noticed"
    whole = found == [key(n) for n in range(position)] and values == [value(n) for n in range(position)]
    return "a whole earlier state" if whole else "WRONG"


def in_a_process(act: Callable[[], str]) -> str:
    """What it says, or that it never came back."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            signal.alarm(LIMIT_S)
            os.write(writing, act().encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as said:
        text = said.read()
    os.waitpid(child, 0)
    return text or "NEVER CAME BACK"


def flips(left: Path, dice: random.Random, count: int) -> Iterator[tuple[Path, int, int]]:
    """(file, byte, bit): at random over the kinds of files; and those on which RocksDB is known to stumble."""
    for pattern in ("MANIFEST-*", "*.log"):
        for file in left.rglob(pattern):
            data, at = file.read_bytes(), 0
            while at + FRAGMENT_TYPE < min(len(data), 1 << 15) and at < 8_000:
                yield file, at + FRAGMENT_TYPE, 4
                yield file, at + FRAGMENT_TYPE - 1, 2
                at += 7 + int.from_bytes(data[at + 4 : at + 6], "little")
    for _ in range(count):
        file = dice.choice([file for file in left.rglob(dice.choice(KINDS)) if file.stat().st_size])
        yield file, dice.randrange(file.stat().st_size), 1 << dice.randrange(8)


def flip(file: Path, at: int, bit: int) -> None:
    """Change one bit."""
    with file.open("r+b") as opened:
        opened.seek(at)
        byte = opened.read(1)[0]
        opened.seek(at)
        opened.write(bytes([byte ^ bit]))


def blind_scan() -> None:
    """A build whose scans take the end of what can be read for the end of what there is."""
    RocksStore._see_that_it_ends = lambda self, last: None  # type: ignore[method-assign]


def unlooked() -> None:
    """A build that leaves the logs to RocksDB."""
    setattr(store, "first_damage", lambda _path: None)  # noqa: B010 - mypy takes it for somebody else's name


MUTATIONS = {each.__name__: each for each in (blind_scan, unlooked)}


def main(seed: int, count: int, folder: Path) -> Counter[str]:
    """Flip, look, and count, until one goes unnoticed and does harm."""
    left, found = folder / "left", Counter[str]()
    assert in_a_process(lambda: make(left)) == "made"
    for file, at, bit in flips(left, random.Random(seed), count):
        damaged = folder / "damaged"
        shutil.rmtree(damaged, ignore_errors=True)
        shutil.copytree(left, damaged)
        flip(damaged / file.relative_to(left), at, bit)
        said = in_a_process(lambda data=damaged: verdict(data))  # type: ignore[misc]
        found[said] += 1
        if said.isupper():
            sys.stderr.write(f"{said}: {file.name}, byte {at}, bit {bit}\n")
            break
    return found


if __name__ == "__main__":
    for name in sys.argv[3:]:
        MUTATIONS[name]()
    with tempfile.TemporaryDirectory() as made_here:
        sys.stdout.write(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]), Path(made_here))))
