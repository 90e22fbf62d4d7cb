"""State folders that are not what was written (C12): noticed, set aside, rebuilt from the journal, and told."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.domain.model.app_rules import AppRules
from app.domain.model.campaign import Cap
from app.turns import opening
from app.turns.opening import IDENTITY_KEY, LAYOUT_KEY
from app.turns.ports import Unstored
from app.turns.state import State
from tables.store import Folders
from tests.app.turns.broker import MemoryBroker
from tests.chaos.desk import Desk
from tests.chaos.flips import MUTATIONS
from tests.chaos.verdicts import ends_of, expected_of
from tests.flow.test_oracle import demo_campaigns
from tests.integration.judging import LAST_TICK, Work, make_work
from tests.integration.notes import note
from tests.integration.process import CHECKOUT

RULES = AppRules(caps=(Cap(3),), stream_clock=True)
FLIPS = 120
EVERY_BYTES = 500

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(180)]


def desk(data: Path, broker: MemoryBroker | None = None) -> Desk:
    """A partition with the demo's campaigns."""
    return Desk(data, demo_campaigns(), RULES, broker)


class Left:
    """A folder as a killed process left it, its journal, and the half of the work that is not done."""

    def __init__(self, folder: Path, broker: MemoryBroker, work: Work) -> None:
        self.folder = folder
        self.broker = broker
        self.work = work

    @property
    def state(self) -> Path:
        """The folder of the partition."""
        return self.folder / "users" / "0"

    def files(self, pattern: str) -> list[Path]:
        """Those of a kind that hold anything."""
        return [file for file in sorted(self.state.glob(pattern)) if file.stat().st_size]


@pytest.fixture
async def left(tmp_path: Path) -> Left:
    """Half of a click log decided; tables on disk, and more in the write-ahead log."""
    work, broker = make_work(seed=81, rows=1_600, users=120), MemoryBroker()
    messages = [message for _, message in work.messages]
    for part in (messages[:700], messages[700:800]):
        one = desk(tmp_path / "live", broker)
        one.feed(part)
        await one.decided()
        shutil.rmtree(tmp_path / "left", ignore_errors=True)
        shutil.copytree(tmp_path / "live", tmp_path / "left")
        await one.close()
    found = Left(tmp_path / "left", broker, work)
    assert found.files("*.sst")
    assert found.files("*.log")
    return found


async def go_on(left: Left) -> Desk:
    """Open on what was left, decide the rest, and let the last timer fire."""
    one = desk(left.folder, left.broker)
    one.feed([message for _, message in left.work.messages][800:])
    one.feed([{"type": "tick", "timestamp": LAST_TICK}])
    await one.decided()
    return one


def wrongs(one: Desk, left: Left) -> list[str]:
    """What is not as it had to be; in words."""
    found = []
    if ends_of(one.decisions()) != expected_of(left.work.outcomes):
        found.append("decisions")
    if one.dead_letters():
        found.append(f"{len(one.dead_letters())} dead letters")
    if one.stored() != one.journaled():
        found.append("the folder differs from the journal")
    if one.missing_timers():
        found.append("timers are missing")
    return found


def flip(file: Path, at: int) -> None:
    """Change one bit."""
    data = bytearray(file.read_bytes())
    data[at] ^= 1 << at % 8
    file.write_bytes(data)


def spoil_tables(left: Left) -> int:
    """Flip a bit every few hundred bytes of every table: whatever is read from now on meets one."""
    struck = 0
    for file in left.files("*.sst"):
        with file.open("r+b") as opened:  # in place: whoever has it open sees it
            for at in range(EVERY_BYTES, file.stat().st_size - 1024, EVERY_BYTES):
                opened.seek(at)
                byte = opened.read(1)[0]
                opened.seek(at)
                opened.write(bytes([byte ^ 1]))
                struck += 1
    return struck


def flipped(pattern: str) -> Callable[[Left], None]:
    """One bit of one file of a kind, in its middle."""

    def damage(left: Left) -> None:
        file = left.files(pattern)[-1]
        flip(file, file.stat().st_size // 2)

    return damage


def cut(pattern: str) -> Callable[[Left], None]:
    """A file of a kind ends where its middle was."""

    def damage(left: Left) -> None:
        file = left.files(pattern)[-1]
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])

    return damage


def gone(pattern: str) -> Callable[[Left], None]:
    """A file of a kind is not there."""
    return lambda left: left.files(pattern)[-1].unlink()


def with_pairs(*pairs: tuple[bytes, bytes | None]) -> Callable[[Left], None]:
    """A folder that says something else of itself, in values that no checksum finds fault with."""

    def damage(left: Left) -> None:
        store = Folders(left.folder).open("users", 0)
        keys = store.scan(b"\x10", b"\xff", 1 << 20)
        store.write([*pairs, *((key, store.get(keys[0])) for key in keys[1:40])])
        store.close()

    return damage


DAMAGES: dict[str, Callable[[Left], object]] = {
    "bytes of every table": spoil_tables,
    "a byte of MANIFEST": flipped("MANIFEST-*"),
    "a byte of CURRENT": flipped("CURRENT"),
    "a byte of the write-ahead log": flipped("*.log"),
    "a table cut": cut("*.sst"),
    "MANIFEST cut": cut("MANIFEST-*"),
    "a table gone": gone("*.sst"),
    "CURRENT gone": gone("CURRENT"),
    "an older layout": with_pairs((LAYOUT_KEY, None)),
    "a newer layout": with_pairs((LAYOUT_KEY, (99).to_bytes(8, "big"))),
    "another journal's": with_pairs((IDENTITY_KEY, b"another")),
}


@pytest.mark.parametrize("name", DAMAGES)
async def test_damage_is_noticed_told_and_made_good(
    name: str, left: Left, caplog: pytest.LogCaptureFixture
) -> None:
    """Given a damaged folder, when a worker opens it, then it says so, and everything is as if nothing had been."""
    DAMAGES[name](left)
    one = await go_on(left)
    assert wrongs(one, left) == []
    assert one.partition.rebuilds == 1
    assert any(word in caplog.text for word in ("is damaged and set aside", "state folder discarded")), (
        caplog.text
    )
    await one.close()
    assert {each.name for each in left.state.parent.iterdir()} <= {"0", "0.unreadable"}
    note(f"state on disk: {name}: rebuilt {one.partition.rebuilds} time")


@pytest.mark.parametrize("name", ["nothing", "the whole folder", "a stale LOCK"])
async def test_what_is_no_damage_needs_no_word(name: str, left: Left) -> None:
    """Given a sound folder, none at all, or the lock file of a dead process, then it opens and all is exact."""
    if name == "the whole folder":
        shutil.rmtree(left.folder)
    elif name == "a stale LOCK":
        (left.state / "LOCK").write_bytes(b"held by somebody who is dead")
    one = await go_on(left)
    assert wrongs(one, left) == []
    assert one.partition.rebuilds == 0
    await one.close()


async def open_and_spoil(left: Left) -> tuple[Desk, int]:
    """The tables go bad under a partition that is open and has read little of them."""
    one = desk(left.folder, left.broker)
    await one.until(lambda: one.partition.state is not None and not one._out)
    struck = spoil_tables(left)
    one.feed([message for _, message in left.work.messages][800:])
    one.feed([{"type": "tick", "timestamp": LAST_TICK}])
    await one.decided()
    return one, struck


async def test_a_table_that_goes_bad_under_a_running_partition(left: Left) -> None:
    """Given bytes that change while it works, when a turn reads them, then it opens again; no record pays for it."""
    one, struck = await open_and_spoil(left)
    note(
        f"state on disk: {struck} bytes changed under a running partition: rebuilt {one.partition.rebuilds} times"
    )
    assert struck > 0
    assert one.partition.rebuilds > 0
    assert wrongs(one, left) == []
    await one.close()


async def test_a_build_that_blames_the_record_is_found_out(
    left: Left, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a build in which a folder that cannot be read is a bug of the step, then it ends, or a record has paid."""
    find = State.find

    def blame(self: State, *arguments: object) -> object:
        try:
            return find(self, *arguments)  # type: ignore[arg-type]
        except Unstored as error:
            raise RuntimeError(str(error)) from error

    monkeypatch.setattr(State, "find", blame)
    try:
        one, _ = await open_and_spoil(left)
    except RuntimeError as error:
        assert "Corruption" in str(error)  # noqa: PT017 - one of two ways to be found out
        return
    assert any("dead letters" in wrong for wrong in wrongs(one, left))
    await one.close()


async def test_a_build_that_does_not_look_at_the_layout_is_found_out(
    left: Left, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a build that takes any folder of its journal, then the same check sees that its state is another's."""
    DAMAGES["an older layout"](left)
    monkeypatch.setattr(opening, "why_discard", lambda *_arguments: None)
    one = await go_on(left)
    assert wrongs(one, left) != []
    await one.close()


def flips(seed: int, count: int, *mutations: str) -> dict[str, int]:
    """Run the flips in a process of their own."""
    command = [sys.executable, "-m", "tests.chaos.flips", str(seed), str(count), *mutations]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    found: dict[str, int] = json.loads(done.stdout)
    return found


def test_no_flipped_bit_of_any_file_does_harm() -> None:
    """Given one bit flipped anywhere, then it is noticed, or the folder holds a whole earlier state, and it opens."""
    seed = random.SystemRandom().randrange(1 << 31)
    found = flips(seed, FLIPS)
    note(f"state on disk: bits flipped, seed {seed}: {found}")
    assert found.keys() == {"noticed", "a whole earlier state"}, f"seed {seed}: {found}"
    assert sum(found.values()) >= FLIPS


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_build_without_these_looks_is_found_out(mutation: str) -> None:
    """Given a build that does not ask whether a scan ended well, or whether a log is whole, then a flip does harm."""
    found = flips(1, FLIPS if mutation == "blind_scan" else 0, mutation)
    assert found.keys() & {"WRONG", "NEVER CAME BACK"}, found


@pytest.fixture
def locked(left: Left) -> Iterator[Left]:
    """A folder on which nothing can be written."""
    mount, umount = shutil.which("mount") or "mount", shutil.which("umount") or "umount"
    folder = str(left.folder)
    for options in (["--bind", folder, folder], ["-o", "remount,ro,bind", folder]):
        done = subprocess.run([mount, *options], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    yield left
    subprocess.run([umount, folder], check=True)


def let_write(left: Left) -> None:
    """The folder can be written again."""
    mount = shutil.which("mount") or "mount"
    subprocess.run([mount, "-o", "remount,rw,bind", str(left.folder)], check=True)


async def test_a_folder_that_is_read_only_decides_nothing_until_it_is_not(locked: Left) -> None:
    """Given a read-only folder, then the partition says so and tries again; when it is writable, all is exact."""
    one = desk(locked.folder, locked.broker)
    await one.until(lambda: one.partition.refusals > 1)
    assert "Read-only" in (one.partition.trouble or "")
    assert one.partition.rebuilds == 0
    let_write(locked)
    one.feed([message for _, message in locked.work.messages][800:])
    one.feed([{"type": "tick", "timestamp": LAST_TICK}])
    await one.decided()
    assert wrongs(one, locked) == []
    await one.close()


async def test_a_value_of_another_build_stops_the_partition_and_nothing_else(left: Left) -> None:
    """Given a journaled value that this build cannot read, then it is said, and no record is buried for it."""
    one = desk(left.folder, left.broker)
    user = next(key for key in one.journaled() if key[:1] == b"\x11")
    left.broker.journal.append((user, b"\x01"))
    one.feed([message for _, message in left.work.messages][800:])
    await one.until(lambda: one.partition.refusals > 1)
    assert "Run the build that wrote it" in (one.partition.trouble or "")
    assert one.dead_letters() == []
    left.broker.journal.append((user, one.journaled()[b"\x11" + user[1:]]))
    await one.kill()
