"""A broker that is away for long: workers wait, alive and not ready, whoever starts meanwhile too, and then go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any

from app.cli.output import time_text
from app.clock import monotonic_s, now_ms
from app.kafka.broker import EmbeddedBroker
from tests.chaos import meters
from tests.chaos.bouncing import POLL_S, WORK_S, growth
from tests.chaos.feeding import Feed
from tests.integration.process import PROGRAM
from tests.integration.system import System
from tests.integration.waiting import until

NOTICED_S = 30.0
BACK_S = 60.0
WITHIN_MS = 8_000
REMINDER = """\
campaign: reminder
when:
  event: cart
  unless: {event: purchase, within: 8s}
what: {title: Still there?, body: Your cart is}
"""


@dataclass
class Outage:
    """What was seen of it. `spent`: what each worker that went through it used meanwhile. `unsaid`: the broken one did
    not say that the broker was away.
    """

    away_s: float = 0.0
    noticed_s: float = 0.0
    resumed_s: float = 0.0
    ready_s: float = 0.0
    backlog: int = 0
    unsaid: bool = False
    spent: dict[str, meters.Spent] = field(default_factory=dict)

    def told(self) -> str:
        """For the summary."""
        used = "; ".join(f"{name}: {spent.told()}" for name, spent in self.spent.items())
        return (
            f"away {self.away_s:.0f} s over a backlog of {self.backlog}, not ready after {self.noticed_s:.1f} s, "
            f"turns after {self.resumed_s:.1f} s, ready after {self.ready_s:.1f} s; {used}"
        )


def reminding(system: System, program: Sequence[str] = PROGRAM) -> None:
    """Set up an app under the wall clock, with one campaign that waits, and one worker."""
    system.start_sink()
    system.settings(caps=[])
    system.done("setup")
    system.done("campaign", "apply", "--schedule", system.write("reminder.yaml", REMINDER))
    system.start_workers(1, program)


def carts(system: System) -> int:
    """Two carts, one of them bought; the time at which the first was there."""
    arrived_ms = now_ms()
    for user, *names in (("left", "cart"), ("bought", "cart", "purchase")):
        time = {"userId": user, "timestamp": time_text(now_ms())}
        device = {"id": f"dev-{user}", "type": "android", "token": f"tok-{user}", "push": "allowed"}
        events = [{"type": "track", "event": name} | time for name in names]
        system.feed([(user, {"type": "identify", "context": {"device": device}} | time)])
        system.feed([(user, event) for event in events])
    return arrived_ms


def reminded(system: System) -> list[tuple[str, int]]:
    """Every push that was taken, with its time."""
    return [(line["token"], line["at"]) for line in system.received() if line["service"] == "fcm"]


def reminder_violations(system: System, arrived_ms: int) -> list[str]:
    """What is wrong with the reminders (E5): one, once, to the cart that was left, and not before its time."""
    pushes = reminded(system)
    if [token for token, _ in pushes] != ["tok-left"]:
        return [f"reminded {pushes}"]
    early_ms = arrived_ms + WITHIN_MS - pushes[0][1]
    return [f"reminded {early_ms} ms too early"] if early_ms > 0 else []


def go_through(
    broker: EmbeddedBroker,
    busy: System,
    waiting: System,
    feed: Feed,
    away_s: float,
    joins: int,
    broken: System | None = None,
) -> Outage:
    """Take the broker away from a worker at work and one that waits; start one more meanwhile; give it back.

    `broken`: an app whose build bears it badly, and goes through it beside them.
    """
    seen = Outage()
    seen.backlog = until(lambda: busy.backlog(0), WORK_S, "work is under way", 0.01)
    watched = {"at work": busy.workers[0], "waiting": waiting.workers[0]}
    if broken is not None:
        watched["broken"] = broken.workers[0]
    before = {name: meters.read(each.pid, each.log) for name, each in watched.items()}
    stopped_s = monotonic_s()
    assert broker.stop(), "no broker ran"
    _notice(busy, waiting, joins, seen)
    until(lambda: monotonic_s() - stopped_s >= away_s, away_s, "the outage is over", POLL_S)
    after = {name: meters.read(each.pid, each.log) for name, each in watched.items()}
    seen.spent = {name: meters.between(before[name], after[name]) for name in watched}
    seen.unsaid = broken is not None and not is_away(broken, 0)
    assert broker.start()
    back_s = monotonic_s()
    seen.away_s = back_s - stopped_s
    until(growth(busy), BACK_S, "turns go on", POLL_S)
    seen.resumed_s = monotonic_s() - back_s
    for system in (busy, waiting):
        system.wait_until_ready(BACK_S)
    seen.ready_s = monotonic_s() - back_s
    feed.end()
    return seen


def _notice(busy: System, waiting: System, joins: int, seen: Outage) -> None:
    """Wait until each says that it is not ready, and why; also a worker that starts now."""
    started_s = monotonic_s()
    busy.start_worker(joins)
    for name, system, number in (("at work", busy, 0), ("waiting", waiting, 0), ("starting", busy, joins)):
        until(
            partial(is_away, system, number), NOTICED_S, f"the worker {name} says that Kafka is away", POLL_S
        )
        seen.noticed_s = monotonic_s() - started_s


def is_away(system: System, number: int) -> bool:
    """Is it alive, and not ready because of the broker?"""
    return system.get(number, "/livez")[0] == HTTPStatus.OK and "broker" in codes(system, number)


def codes(system: System, number: int) -> set[str]:
    """Why a worker is not ready."""
    said: Any = system.get(number, "/readyz")[1]
    return {each["code"] for each in (said or {}).get("reasons", ())}
