"""C5, C6, C7 and C8 at soak size: real workers on brokers of their own, which are bounced, taken away and cut off."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from app.clock import monotonic_s
from app.kafka.jars import ensure_jars
from tests.chaos import links, outage
from tests.chaos.bouncing import (
    POLL_S,
    RESUME_S,
    WORK_S,
    Bounces,
    backlog_of,
    growth,
    has_sent,
    own_broker,
    replay_with_bounces,
)
from tests.chaos.cluster import Cluster, cluster_in
from tests.chaos.doubts import judge_repeats
from tests.chaos.feeding import Feed
from tests.chaos.killing import chunks, finish
from tests.chaos.links import wired, wired_broker
from tests.chaos.scale import repeats_of
from tests.chaos.soaking import Fault, Found, Given, say
from tests.integration.fixtures import Systems, systems_on
from tests.integration.judging import Work, make_work
from tests.integration.system import System
from tests.integration.waiting import until

BOUNCES = 10
BOUNCE_ROWS = 1_500
ROWS_S = 100
AWAY_S = 60.0
WEATHER_S = 600.0
LEADERS = 20
EARLY = 0.1
GROWN_MB = 64


class Judged(NamedTuple):
    """What the oracle says of a run, of pushes shown again, and of workers that ended though nobody told them to."""

    violations: list[str]
    figures: dict[str, Any]


def _judged(system: System, work: Work) -> Judged:
    """Whoever loses its broker is struck: the answer to a call in flight may come when others own its partition."""
    findings = finish(system, work)
    received = system.received()
    wrong, budget = judge_repeats(system, [each.pid for each in system.workers.values()], received)
    violations = wrong if findings.exact else [findings.told(), *wrong]
    ended = {number: worker.code for number, worker in system.workers.items() if worker.code is not None}
    violations += [f"workers ended: {ended}"] if ended else []
    repeats = sum(len(at) - 1 for at in repeats_of(received).values())
    return Judged(violations, {"repeats": repeats} | budget | {"found": findings.told()})


@contextmanager
def _apps(bootstrap: str, folder: Path) -> Iterator[Systems]:
    ensure_jars(say)
    with systems_on(bootstrap, folder) as apps:
        yield apps


def bounces(given: Given) -> Found:
    """C5."""
    times = given.times or BOUNCES
    work = make_work(given.seed, given.events or BOUNCE_ROWS * times)
    ensure_jars(say)
    with own_broker(given.folder / "kafka") as broker, _apps(broker.bootstrap, given.folder) as apps:
        system = apps.make()
        system.set_up()
        system.start_workers(2)
        done = Bounces()
        for part in chunks(work, times):
            feed = Feed(broker.bootstrap, system.topics.events, part, ROWS_S)
            replay_with_bounces(broker, system, [feed], 1, done)
        judged = _judged(system, work)
    return _bounced(done, judged)


def _bounced(done: Bounces, judged: Judged) -> Found:
    late = [round(each, 1) for each in done.resumed_s if each > RESUME_S]
    if late:
        judged.violations.append(f"turns went on after {late} s only")
    slowest = round(max(done.resumed_s), 1)
    return Found(done.strikes, judged.violations, {"slowest_resume_s": slowest} | judged.figures)


def away(given: Given) -> Found:
    """C6: `--seconds 600` for the long one."""
    seconds = given.seconds or AWAY_S
    rows = given.events or round(ROWS_S * (seconds + 30))
    work = make_work(given.seed, rows)
    ensure_jars(say)
    with own_broker(given.folder / "kafka") as broker, _apps(broker.bootstrap, given.folder) as apps:
        busy, waiting = apps.make(), apps.make(partitions=1, clock="wall")
        busy.set_up()
        outage.reminding(waiting)
        busy.start_workers(1)
        feed = Feed(broker.bootstrap, busy.topics.events, work.messages, ROWS_S)
        arrived_ms = outage.carts(waiting)
        seen = outage.go_through(broker, busy, waiting, feed, seconds, joins=1)
        violations, figures = _judged(busy, work)
        until(lambda: outage.reminded(waiting), WORK_S, "the reminder")
        waiting.settle()
        violations += outage.reminder_violations(waiting, arrived_ms)
    violations += [
        f"{name} grew by {spent.grown_mb:.0f} MB"
        for name, spent in seen.spent.items()
        if spent.grown_mb > GROWN_MB
    ]
    return Found(int(seen.backlog > 0), violations, {"outage": seen.told()} | figures)


def leaders(given: Given) -> Found:
    """C7: the leader of a journal is killed, or stopped, in turn; the others go on without it."""
    times = given.times or LEADERS
    work, done = make_work(given.seed, given.events or BOUNCE_ROWS * times), Bounces()
    ensure_jars(say)
    with cluster_in(given.folder / "kafka") as cluster, _apps(cluster.bootstrap, given.folder) as apps:
        system = apps.make()
        system.set_up()
        violations = [f"replicas: {found}"] if (found := cluster.replicas(system.app)) != {3} else []
        system.start_workers(2)
        for number, part in enumerate(chunks(work, times)):
            feed = Feed(cluster.bootstrap, system.topics.events, part, ROWS_S)
            until(partial(has_sent, feed, EARLY), WORK_S, "the feed goes on", POLL_S)
            _lose_leader(cluster, system, done, signal.SIGKILL if number % 2 else signal.SIGTERM)
            feed.end()
        judged = _judged(system, work)
        judged.violations.extend(violations)
    return _bounced(done, judged)


def _lose_leader(cluster: Cluster, system: System, done: Bounces, how: signal.Signals) -> None:
    """Turns must go on without it; then it comes back, and the next may be lost once it has caught up."""
    done.backlog.append(until(partial(backlog_of, system), WORK_S, "work is under way", 0.01))
    node = cluster.leader(system.topics.journal("users"), len(done.backlog) % system.partitions)
    lost_s = monotonic_s()
    ended: Callable[[], bool] = node.kill if how is signal.SIGKILL else node.stop
    assert ended(), "no broker ran"
    until(growth(system), 4 * RESUME_S, "turns go on", POLL_S)
    done.resumed_s.append(monotonic_s() - lost_s)
    node.start()
    cluster.wait_until_in_sync()
    done.away_s.append(monotonic_s() - lost_s)
    say(f"C7: lost the leader {len(done.backlog)} times; turns after {done.resumed_s[-1]:.1f} s")


def bad_links(given: Given) -> Found:
    """C8: `--seconds` for each of the four."""
    seconds = given.seconds or WEATHER_S
    work = make_work(given.seed, given.events or round(ROWS_S * seconds * 6))
    ensure_jars(say)
    with (
        wired_broker(given.folder / "kafka") as (broker, wire),
        wired(broker, given.folder / "app", wire, partitions=4) as system,
    ):
        system.set_up()
        system.start_workers(1)
        feed = Feed(broker.bootstrap, system.topics.events, work.messages, ROWS_S)
        storm = links.go_through([system], [feed], seconds)
        judged = _judged(system, work)
        until(partial(links.has_calmed, system, storm.before[0]), links.CALM_S, "sockets as before")
        storm.after = [links.sockets(system)]
    strikes = min(min(counts) for counts in storm.struck.values())
    return Found(strikes, judged.violations, {"storm": storm.told()} | judged.figures)


FAULTS = (
    Fault("C5", "the broker is stopped and started under load, ten times (--times 100)", 4, bounces),
    Fault("C6", "the broker is away for a minute, also for a worker that starts (--seconds 600)", 3, away),
    Fault("C7", "three brokers; the leader of a journal is stopped or killed, twenty times", 15, leaders),
    Fault("C8", "links late, reset, half-open and dead, ten minutes each (--seconds)", 45, bad_links),
)
