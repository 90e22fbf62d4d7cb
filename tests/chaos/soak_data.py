"""Faults of state, input, time and load at soak size: C12, C19, C20, C22, C23, and a backlog with what it takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

from app.clock import monotonic_s
from tests.chaos import test_downtime, test_poison
from tests.chaos.cart_reference import reminded
from tests.chaos.churn import churn
from tests.chaos.resources import Usage, used_by
from tests.chaos.soaking import Fault, Found, Given, broker_in, say
from tests.chaos.test_disorder import disordered, log_of, sent_of
from tests.integration.fixtures import systems_on
from tests.integration.process import CHECKOUT, Process
from tests.integration.system import System
from tests.integration.waiting import until

FLIPS = 5_000
ROWS = 200_000
DUE = 100_000
TIMERS = 1_000_000
BACKLOG = 5_000_000
CHUNK = 100_000
HOT_IN = 5
PUSH_IN = 100
RESIDENT_BYTES = 800 << 20
DESCRIPTORS = 1_000
LOG_BYTES = 1 << 20
CATCH_UP_S = 3_600.0


def flips(given: Given) -> Found:
    """Bits of state folders, one at a time."""
    command = [sys.executable, "-m", "tests.chaos.flips", str(given.seed), str(given.times or FLIPS)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    found: dict[str, int] = json.loads(done.stdout)
    harm = [f"{count} times {name}" for name, count in found.items() if name.isupper()]
    return Found(sum(found.values()), harm, found)


async def poison(given: Given) -> Found:
    """One record in a hundred."""
    one, placed, wrong = await test_poison.poisoned(given.folder, given.seed, given.events or ROWS)
    await one.close()
    return Found(len(placed), wrong, {"dead_letters": len(one.dead_letters())})


async def disorder(given: Given) -> Found:
    """A tenth twice, a tenth late."""
    people, events = log_of(given.seed, given.events or ROWS)
    log, late, twice = disordered(events, given.seed)
    clean, _ = await sent_of(given.folder / "clean", [*people, *events])
    found, triggers = await sent_of(given.folder / "found", [*people, *log])
    wrong = [name for name in clean if name != "cart-reminder" and clean[name] != found[name]]
    if triggers["cart-reminder"] != reminded(log):
        wrong.append("cart-reminder is not the documented set")
    return Found(
        late + twice, wrong, {"late": late, "twice": twice, "messages": sum(map(len, found.values()))}
    )


async def downtime(given: Given) -> Found:
    """All of them due while nobody was there."""
    before, users = used_by(os.getpid()), given.events or DUE
    found = await test_downtime.down(given.folder, users)
    wrong, turns = list(test_downtime.wrongs(found)), found.desk.turn_sizes()[found.turns_before :]
    await found.desk.close()
    figures = {"due": users, "turns": len(turns), "largest_turn": max(turns)}
    return Found(
        users,
        wrong,
        figures | {"resident_before": before.resident, "resident": used_by(os.getpid()).resident},
    )


def timers(given: Given) -> Found:
    """Armed and cancelled."""
    count = given.times or TIMERS
    found = churn(given.folder, count, given.seed)
    return Found(count, found.wrongs(), found._asdict())


def backlog(given: Given) -> Found:
    """A worker that starts behind millions of events, a fifth of them of one user."""
    events = given.events or BACKLOG
    with broker_in(given.folder) as bootstrap, systems_on(bootstrap, given.folder) as systems:
        system = systems.make(partitions=4)
        system.set_up()
        system.start_workers(1)
        before = used_by(system.workers[0].pid, system.workers[0].log)
        assert system.workers[0].stop() == 0
        for start in range(0, events, CHUNK):
            system.kafka.produce(system.topics.events, _events(start, min(events, start + CHUNK)))
            say(f"{start + CHUNK} of {events} events are there")
        worker, began_s = system.start_worker(), monotonic_s()
        seen = _while_it_catches_up(system, worker)
        seconds = monotonic_s() - began_s
        code = worker.stop()
    most = seen.most
    wrong = [f"{most.resident} bytes resident"] if most.resident > RESIDENT_BYTES else []
    wrong += [f"{most.descriptors} descriptors"] if most.descriptors > DESCRIPTORS else []
    wrong += [f"{most.log} bytes of log"] if most.log > LOG_BYTES else []
    wrong += [f"the worker ended with {code}"] if code else []
    return Found(events, wrong, seen.figures(before) | {"caught_up_s": round(seconds, 1)})


def _events(first: int, end: int) -> Iterator[tuple[str, bytes]]:
    for number in range(first, end):
        user = "hot" if number % HOT_IN == 0 else f"u{number % 100_003}"
        name = "payment_error" if number % PUSH_IN == 0 else "product_view"
        at = f"2024-03-{1 + number * 20 // BACKLOG:02d}T10:00:00Z"
        said = {"type": "track", "event": name, "messageId": f"m{number}", "userId": user, "timestamp": at}
        yield user, json.dumps(said).encode()


def _while_it_catches_up(system: System, worker: Process) -> Usage:
    """What it uses, twice a second, until all is decided and it has answered for every partition."""
    seen = Usage()

    def through() -> bool:
        seen.note(used_by(worker.pid, worker.log))
        assert worker.code is None, worker.last_words()
        owned = system.owned(0) or []
        return bool(owned) and all(each["phase"] == "ready" and not each["lag"] for each in owned)

    until(through, CATCH_UP_S, "the backlog is decided", 0.5)
    return seen


FAULTS = (
    Fault("C12", "bits of state folders flipped, one at a time", 5, flips),
    Fault("C19", "one record in a hundred is poison", 10, poison),
    Fault("C20", "a tenth of the events twice, a tenth out of order", 5, disorder),
    Fault("C22", "timers that come due while the worker is down", 2, downtime),
    Fault("C23", "timers armed and cancelled", 2, timers),
    Fault("backlog", "a worker behind millions of events: memory, descriptors, log", 15, backlog),
)
