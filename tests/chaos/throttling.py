"""An app with a throttle, demand of several intervals at once, and what arrived at the push service in each of them.

`python -m tests.chaos.throttling NAME worker` is a build that gives tokens out twice.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from app.settings import select_pure_python_faust

select_pure_python_faust()

from app.__main__ import run_worker  # noqa: E402 - after the choice of Faust's path
from app.cli.root import main  # noqa: E402
from tests.integration.judging import unfinished  # noqa: E402
from tests.integration.system import System  # noqa: E402

SCRIPT = [
    {"service": "fcm", "token": "busy-*", "first": 1, "status": 503, "headers": {"Retry-After": "1"}},
    {"service": "fcm", "delay": "20ms"},
]
CAMPAIGN = "hello"
FILE = (
    f"campaign: {CAMPAIGN}\nwhen: {{event: go}}\nlimits: {{ignore_caps: true, caps_count: false}}\n"
    "what: {title: Yours, body: At last}\n"
)
BUSY = 4  # one in so many users has devices whose first call is refused


@dataclass(frozen=True)
class Throttle:
    """At most `most` in each interval of so many seconds."""

    most: int
    every_s: int

    def of(self, at_ms: int) -> int:
        """In which interval this is."""
        return at_ms // (1000 * self.every_s)


def throttled(system: System, throttle: Throttle) -> None:
    """Make the app: a campaign that sends at once, and the throttle."""
    system.start_sink(SCRIPT)
    system.settings(throttle={"max": throttle.most, "every": f"{throttle.every_s}s"}, caps=[])
    system.done("setup")
    system.done("campaign", "apply", "--schedule", system.write("hello.yaml", FILE))


def demand(users: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Users who qualify, each once. One in four is refused at first; of those every other one has two devices."""
    for number in range(users):
        user, kind = f"u{number}", "good" if number % BUSY else "busy"
        for device in ("phone", "tablet") if number % (2 * BUSY) == 0 else ("phone",):
            named = {"id": f"{device}-{user}", "type": "android", "token": f"{kind}-{device}-{user}"}
            told = {"type": "track", "userId": user, "context": {"device": named}}
            yield user, told | {"messageId": f"seen-{device}-{user}", "event": "seen"}
        yield user, {"type": "track", "userId": user, "messageId": f"go-{user}", "event": "go"}


@dataclass(frozen=True)
class Arrivals:
    """User-messages that arrived, by interval: of each message the calls of the device that had most of them."""

    by_interval: dict[int, int]
    again: int
    messages: int
    unfinished: int

    def told(self) -> str:
        """For the summary."""
        begins = min(self.by_interval, default=0)
        counts = [self.by_interval.get(begins + n, 0) for n in range(max(self.by_interval) - begins + 1)]
        return f"{self.messages} messages, {self.again} calls again, by interval {counts}"


def arrivals(system: System, throttle: Throttle) -> Arrivals:
    """What the push service got."""
    calls: dict[int, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    devices: Counter[tuple[str, str]] = Counter()
    for line in system.received():
        if line["service"] == "fcm":
            calls[throttle.of(line["at"])][line["message"]][line["token"]] += 1
            devices[line["message"], line["token"]] += 1
    by_interval = {
        interval: sum(max(tokens.values()) for tokens in found.values()) for interval, found in calls.items()
    }
    messages = len({message for message, _ in devices})
    again = sum(count - 1 for count in devices.values())
    return Arrivals(by_interval, again, messages, len(unfinished(system.decisions())))


def forget_what_is_lent() -> None:
    """A coordinator that opens knows nothing of the tokens that it has lent."""
    from agents.campaigns import CampaignsActor
    from app.domain.rules import throttle

    begin, prepare = throttle._begin, CampaignsActor.prepare
    opened: list[bool] = []

    async def note(self: Any) -> int:
        if self.partition.turns == 0:
            opened.append(True)
        return await prepare(self)

    def forget(lending: Any, *rest: Any) -> None:
        if opened:
            opened.clear()
            lending.ends_ms = lending.lent = 0
        begin(lending, *rest)

    CampaignsActor.prepare = note  # type: ignore[method-assign]
    throttle._begin = forget  # type: ignore[assignment]


def keep_old_tokens() -> None:
    """A sender asks for more tokens than it has messages, and none of them is ever void."""
    from app.domain.rules import gate

    waiting = gate.waiting

    def plenty(known: Any) -> int:
        return max(gate.MOST_ASKED, waiting(known))

    def heed(known: Any, grant: Any) -> None:
        known.told = max(0, known.told - grant.amount)
        known.ends_ms, known.closes_ms, known.opens_ms = grant.ends_ms, 1 << 62, 0
        known.available += grant.amount

    gate.heed = heed  # type: ignore[assignment]
    gate.waiting = plenty  # type: ignore[assignment]


BUILDS: dict[str, Callable[[], None]] = {
    build.__name__: build for build in (forget_what_is_lent, keep_old_tokens)
}


def program(name: str) -> Sequence[str]:
    """The command that starts such a build."""
    assert name in BUILDS, name
    return (sys.executable, "-m", "tests.chaos.throttling", name)


if __name__ == "__main__":
    BUILDS[sys.argv.pop(1)]()
    main(run_worker)
