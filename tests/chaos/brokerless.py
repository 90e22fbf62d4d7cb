"""Builds of the worker that bear a broker away or a slow disk badly: `python -m tests.chaos.brokerless NAMES worker`.

NAMES may hold those of tests.chaos.broken too, with commas between. The checks of broker faults must find each out.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import sys
import time
from collections.abc import Callable
from typing import Any

from app.settings import load_settings, select_pure_python_faust

select_pure_python_faust()

from aiokafka.conn import AIOKafkaConnection  # noqa: E402 - after the choice of Faust's path

from agents import users  # noqa: E402
from app import worker  # noqa: E402
from app.__main__ import run_worker  # noqa: E402
from app.cli.root import main  # noqa: E402
from app.clock import monotonic_s  # noqa: E402
from app.kafka.ready import answers  # noqa: E402
from app.turns import host, probe, relays  # noqa: E402
from app.turns.ports import Unstored  # noqa: E402
from tables import store  # noqa: E402
from tests.chaos import broken  # noqa: E402

WINDOW_S = 0.3
GLANCE_S = 0.05
SILENCE_S = 2.0
SLOW_FROM_S, SLOW_TO_S = 1.0, 2.0
SLOW = "slow-disk"


def relay_given_up() -> None:
    """Mail that the broker does not take before it goes is given up, as if it had taken it."""
    write = relays.Relays._write
    place, _, port = load_settings().kafka.partition(",")[0].rpartition(":")

    async def give_up(self: Any, where: Any, lane: Any, bundles: Any) -> None:
        await asyncio.sleep(WINDOW_S)
        written = asyncio.create_task(write(self, where, lane, bundles))
        while not written.done():
            if not await asyncio.to_thread(answers, place, int(port)):
                written.cancel()
                lane.identity = self._identity = None
            await asyncio.wait([written], timeout=GLANCE_S)
        if not written.cancelled():
            await written

    relays.Relays._write = give_up  # type: ignore[method-assign, assignment]


def deaf_after_silence() -> None:
    """Once nothing has come for a while, nothing that comes is heard any more."""
    offer, heard = host.Host.offer, Heard()
    deaf: set[Any] = set()

    def ignore(self: Any, topic: str, partition: int, records: Any) -> None:
        if heard.after_silence((topic, partition)):
            deaf.add((topic, partition))
        if (topic, partition) not in deaf:
            offer(self, topic, partition, records)

    host.Host.offer = ignore  # type: ignore[method-assign]


class Heard:
    """When each place was last heard of."""

    def __init__(self) -> None:
        self._last_s: dict[Any, float] = {}

    def after_silence(self, place: Any) -> bool:
        """Hear of it now: was it silent for long, having spoken before?"""
        now_s = monotonic_s()
        last_s = self._last_s.get(place, now_s)
        self._last_s[place] = now_s
        return now_s - last_s > SILENCE_S


def leaking() -> None:
    """A connection to the broker stays open when it has ended."""
    connect, kept = AIOKafkaConnection.connect, []

    async def keep(self: Any) -> Any:
        connected = await connect(self)
        kept.append(os.dup(self._writer.get_extra_info("socket").fileno()))
        return connected

    AIOKafkaConnection.connect = keep


def always_well() -> None:
    """A broker that is away is no reason not to be ready."""
    worker.Worker.unreachable = None  # type: ignore[assignment, method-assign]


def without_a_pause() -> None:
    """Where the broker does not answer, it is asked again at once."""
    ask = probe.Probe.ask

    def ask_again(self: Any, places: Any) -> Any:
        while (found := ask(self, places)) is None:
            pass
        return found

    probe.Probe.ask = ask_again  # type: ignore[method-assign]


def careless_store() -> None:
    """A write to the state folder that failed counts as done."""
    write = store.RocksStore.write

    def believe(self: Any, pairs: Any) -> None:
        with contextlib.suppress(Unstored):
            write(self, pairs)

    store.RocksStore.write = believe  # type: ignore[method-assign]


def slow_disk() -> None:
    """While a file says so, each write to the state folder takes one to two seconds."""
    write, flag, dice = store.RocksStore.write, load_settings().data / SLOW, random.Random(1)

    def wait_first(self: Any, pairs: Any) -> None:
        if flag.exists():
            time.sleep(dice.uniform(SLOW_FROM_S, SLOW_TO_S))
        write(self, pairs)

    store.RocksStore.write = wait_first  # type: ignore[method-assign]


def slow_on_the_loop() -> None:
    """Each write of a turn keeps the event loop while the disk is slow."""
    step, flag = users.UsersActor.step, load_settings().data / SLOW

    def wait_first(self: Any, turn: Any, record: Any, read: Any) -> None:
        if flag.exists():
            time.sleep(SLOW_TO_S)
        step(self, turn, record, read)

    users.UsersActor.step = wait_first  # type: ignore[method-assign]


BUILDS: dict[str, Callable[[], None]] = broken.BUILDS | {
    build.__name__: build
    for build in (
        relay_given_up,
        deaf_after_silence,
        leaking,
        always_well,
        without_a_pause,
        careless_store,
        slow_disk,
        slow_on_the_loop,
    )
}


def program(*names: str) -> tuple[str, ...]:
    """The command that starts such a build."""
    assert set(names) <= BUILDS.keys(), names
    return (sys.executable, "-m", "tests.chaos.brokerless", ",".join(names))


if __name__ == "__main__":
    for name in sys.argv.pop(1).split(","):
        BUILDS[name]()
    main(run_worker)
