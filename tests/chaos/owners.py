"""Owners of one partition as processes, from the outside: start, hear, freeze, wake, and judge what they left."""

from __future__ import annotations

import multiprocessing
import os
import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from signal import SIGCONT, SIGKILL
from typing import Any

from app.clock import monotonic_s
from app.turns.watermark import SOURCE
from app.wire import decode_user_mail
from tests.chaos.folders import disagreements
from tests.chaos.owner import ACTOR, Errand, live
from tests.chaos.sending import calls_in, message_id
from tests.integration.kafka import Kafka
from tests.integration.tiny import KEPT, Place
from tests.integration.waiting import until

LIMIT_S = 60.0
QUOTED = 4
PRELOADED = ["tests.chaos.owner"]
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(PRELOADED)


class Life:
    """One owner's process."""

    def __init__(self, errand: Errand) -> None:
        self.errand = errand
        self._said: dict[str, Any] = {}
        self._pipe, theirs = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(target=live, args=(errand, theirs), daemon=True)
        self._process.start()
        theirs.close()

    def said(self, what: str, at_least: int = 1) -> None:
        """Wait until it has said so, and of a number at least this."""
        self._until(lambda: self._has_said(what, at_least), f"{what} {at_least}")

    def was_refused(self) -> bool:
        """Wait until it is refused, or has decided all that it was to decide."""
        decided = ("decided", self.errand.records)
        self._until(lambda: self._has_said("refused", 1) or self._has_said(*decided), "what became of it")
        return self._has_said("refused", 1)

    def _until(self, holds: Callable[[], bool], what: str) -> None:
        end_s = monotonic_s() + LIMIT_S
        while not holds():
            left_s = end_s - monotonic_s()
            if left_s <= 0 or not self._hear(left_s):
                raise AssertionError(f"{self.errand.name} never said {what}, but {self._said}")

    def _has_said(self, what: str, at_least: int) -> bool:
        value = self._said.get(what)
        return value is not None and (not isinstance(value, int) or value >= at_least)

    def _hear(self, wait_s: float) -> bool:
        try:
            if not self._pipe.poll(wait_s):
                return False
            what, *value = self._pipe.recv()
        except (EOFError, ConnectionError):
            return False
        self._said[what] = value[0] if value else "yes"
        return True

    def died(self) -> None:
        """Wait for the death that it gave itself."""
        self._process.join(LIMIT_S)
        assert self._process.exitcode == -SIGKILL, (self.errand, self._process.exitcode, self._said)
        self._end()

    def stands(self) -> None:
        """Wait until it stands still at its point."""
        self.said("strikes")
        stat = Path(f"/proc/{self._process.pid}/stat")
        until(lambda: stat.read_text().rpartition(")")[2].split()[0] == "T", LIMIT_S, "it stands", 0.005)

    def wake(self) -> None:
        """Let it go on, as if no time had passed."""
        self._signal(SIGCONT)

    def more(self, records: int) -> None:
        """Give it records up to this number, and wait until they are decided."""
        self._pipe.send(("until", records))
        self.said("decided", records)

    def overrun(self, records: int) -> None:
        """Give it records up to this number; its next turn lands elsewhere, upon which it ends."""
        self._pipe.send(("until", records))
        self.said("refused")
        self.ended()

    def close(self) -> None:
        """The partition is taken away from it; wait for its end."""
        self._pipe.send(("close",))
        self.ended()

    def ended(self) -> None:
        """Wait for an end in good order."""
        self.said("closed")
        self._process.join(LIMIT_S)
        assert self._process.exitcode == 0, (self.errand, self._process.exitcode, self._said)
        self._end()

    def end(self) -> None:
        """Whatever it does, it ends."""
        if self._process.is_alive():
            self._process.kill()
            self._process.join(LIMIT_S)
        self._end()

    def _end(self) -> None:
        self._pipe.close()

    def _signal(self, number: int) -> None:
        assert self._process.pid is not None
        os.kill(self._process.pid, number)


class Estate(Place):
    """A journal, what is decided from it, and all who ever owned it."""

    def __init__(self, kafka: Kafka, folder: Path, *, build: str = "", sending: bool = False) -> None:
        super().__init__(kafka, f"own{secrets.token_hex(4)}")
        self.folder = folder
        self.decided = 0
        self._build = build
        self.sending = sending
        self._lives: list[Life] = []
        self.folders: list[Path] = []
        kafka.create(self.topics.users_mail, 1, KEPT)
        folder.mkdir(parents=True, exist_ok=True)

    def new_folder(self) -> Path:
        """An empty one."""
        self.folders.append(self.folder / str(len(self.folders)))
        return self.folders[-1]

    def start(self, folder: Path, records: int, point: str = "", turn: int = 1, signal: int = 0) -> Life:
        """Someone new owns it."""
        errand = Errand(
            self.kafka.bootstrap,
            self.topics.app,
            f"owner-{len(self._lives)}",
            str(folder),
            records,
            point,
            turn,
            signal,
            self._build,
            self.sending,
        )
        self._lives.append(Life(errand))
        return self._lives[-1]

    def journal_records(self) -> list[Any]:
        """All of the journal."""
        return self.kafka.read(self.journal, raw=True)

    def numbered(self, records: int) -> list[str]:
        """Each record numbered once, in order."""
        return [f"{number}:{number + 1}" for number in range(records)]

    def accepted(self) -> list[str]:
        """The messages whose sender said that they were accepted; a repeat under the same source counts once."""
        found = {
            dict(each.headers())[SOURCE]: decode_user_mail(each.value()).message_id
            for each in self.kafka.read(self.topics.users_mail, raw=True)
        }
        return sorted(found.values())

    def violations(self, records: int, repeats: int = 0) -> list[str]:
        """What is wrong once all records are decided. `repeats`: how many calls may have been made again."""
        journal = self.journal_records()
        wrong = [each for folder in self.folders for each in _of(folder, journal)]
        if not self.sending:
            return wrong + _differences("said", self.numbered(records), self.said())
        expected = [message_id(number) for number in range(records)]
        calls = calls_in(self.folder)
        again = sum(calls.values()) - len(calls)
        wrong += _differences("accepted", expected, self.accepted())
        wrong += _differences("called", expected, sorted(calls))
        return wrong + (
            [f"{again} calls made again where {repeats} were in flight"] if again > repeats else []
        )

    def close(self) -> None:
        """End everybody, take the topics away."""
        for life in self._lives:
            life.end()
        self.kafka.delete(self.journal, self.topics.decisions, self.topics.users_mail)


def _of(folder: Path, journal: Sequence[Any]) -> list[str]:
    state = folder / ACTOR / "0"
    return disagreements(state, journal) if state.exists() else []


def _differences(what: str, expected: Sequence[str], found: Sequence[str]) -> list[str]:
    """Missing, unexpected, repeated, out of order: a few of each."""
    missing = sorted(set(expected) - set(found))
    surplus = (Counter(found) - Counter(expected)).keys()
    wrong = [f"{what}: {len(missing)} missing, {missing[:QUOTED]}"] if missing else []
    wrong += [f"{what}: {len(surplus)} too many, {sorted(surplus)[:QUOTED]}"] if surplus else []
    return wrong or ([] if list(found) == list(expected) else [f"{what}: not in order"])


@contextmanager
def estate(bootstrap: str, folder: Path, *, build: str = "", sending: bool = False) -> Iterator[Estate]:
    """One, ended at the end."""
    made = Estate(Kafka(bootstrap), folder, build=build, sending=sending)
    try:
        yield made
    finally:
        made.close()
