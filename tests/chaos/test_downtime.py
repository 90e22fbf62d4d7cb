"""A worker that is down while timers come due (C22): each is decided once, and what the backlog answers is not sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from app.cli.output import time_text
from app.domain.model.app_rules import AppRules
from app.domain.model.campaign import Unless, When
from app.turns.deciding import SOFT_BYTES
from app.turns.ripeness import Ripeness
from tests.app.turns.memory import SetClock
from tests.chaos.desk import TOPICS, Desk
from tests.domain.makers import a_campaign
from tests.integration.notes import note

START_MS = 1_700_000_000_000
WITHIN_MS = 600_000
DOWN_MS = 900_000
USERS = 8_000
ANSWERED_IN = 10
TURN_BYTES = 2 * SOFT_BYTES
RULES = AppRules()

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]


def campaign() -> Any:
    """Reminds of a cart ten minutes later, unless it was bought."""
    return a_campaign(id="reminder", when=When("cart", unless=Unless("purchase", WITHIN_MS)))


def device(user: str) -> dict[str, Any]:
    """Who the user is."""
    said = {"id": f"d-{user}", "type": "android", "token": f"t-{user}", "push": "allowed"}
    return {"type": "identify", "messageId": f"i-{user}", "userId": user, "context": {"device": said}}


def event(user: str, name: str, at_ms: int) -> dict[str, Any]:
    """Something that the user does."""
    when = {"timestamp": time_text(at_ms)}
    return {"type": "track", "event": name, "messageId": f"{name}-{user}", "userId": user} | when


class Down(NamedTuple):
    """A desk after its worker was down, and whose cart was not bought."""

    desk: Desk
    reminded: list[str]
    turns_before: int


async def down(data: Path, users: int) -> Down:
    """Everybody fills a cart; the worker dies; every tenth buys; it comes back when all has long been due."""
    clock = SetClock(START_MS)
    names = [f"u{number:07d}" for number in range(users)]
    before = Desk(data, [campaign()], RULES, clock=clock)
    before.feed(message for name in names for message in (device(name), event(name, "cart", START_MS)))
    await before.decided()
    await before.kill()
    broker, buyers = before.broker, set(names[::ANSWERED_IN])
    clock.at_ms = START_MS + WITHIN_MS // 2
    before.feed(event(name, "purchase", clock.at_ms) for name in sorted(buyers))
    clock.at_ms = START_MS + DOWN_MS
    turns = len(before.turn_sizes())
    one = Desk(data, [campaign()], RULES, broker, clock)
    reminded = [name for name in names if name not in buyers]
    told = 2 * len(reminded)  # qualified, sent
    await one.until(lambda: len(broker.topics.get(TOPICS.decisions, ())) >= told)
    await one.until(lambda: one.partition.state is not None and one.partition.state.timers.peek() is None)
    await one.decided()
    return Down(one, reminded, turns)


def wrongs(found: Down) -> Iterator[str]:
    """What is not as it had to be; in words."""
    sent = Counter(each["user"] for each in found.desk.decisions() if each["step"] == "sent")
    if sent.keys() != set(found.reminded):
        yield f"{len(sent.keys() ^ set(found.reminded))} users"
    if any(count > 1 for count in sent.values()):
        yield "reminded twice"
    if max(found.desk.turn_sizes()) > TURN_BYTES:
        yield f"a turn of {max(found.desk.turn_sizes())} bytes"


async def test_each_is_decided_once_and_the_backlog_is_read_first(tmp_path: Path) -> None:
    """Given fifteen minutes down over due timers, then those not answered are sent, once, in turns of bounded size."""
    found = await down(tmp_path, USERS)
    sizes = found.desk.turn_sizes()[found.turns_before :]
    note(
        f"downtime: {USERS} due, {len(found.reminded)} sent, {len(sizes)} turns, the largest {max(sizes):,} bytes"
    )
    assert list(wrongs(found)) == []
    assert len(sizes) > 2
    await found.desk.close()


async def test_a_build_that_fires_before_it_has_caught_up_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a build that fires what the clock has passed, then the check sees who was reminded for nothing."""

    async def at_once(self: Ripeness, now_ms: int) -> int | None:
        return now_ms - 1 if (self._timers.peek() or now_ms) < now_ms else None

    monkeypatch.setattr(Ripeness, "ready_ms", at_once)
    found = await down(tmp_path, 1_000)
    assert any("users" in wrong for wrong in wrongs(found))
    await found.desk.close()
