"""Clocks that lie (C21): a worker's clock that jumps, DST, a leap day, a user who moves."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.cli.output import time_text
from app.domain.model.app_rules import AppRules
from app.domain.model.campaign import Cap, Unless, When
from app.domain.rules import caps
from app.turns.deciding import Decided, Decider, Work
from app.turns.ripeness import Ripeness
from app.turns.watermark import Watermark
from tests.app.turns.memory import SetClock
from tests.chaos.desk import Desk
from tests.chaos.test_downtime import device, event
from tests.domain.makers import a_campaign
from tests.integration.notes import note

START_MS = 1_700_000_000_000
MINUTE_MS = 60_000
WITHIN_MS = 10 * MINUTE_MS
HOUR_MS = 60 * MINUTE_MS
PER_DAY = 3
LOOKS = 60  # how often the partition asks for the time until all that is due is decided
PARIS, NEW_YORK, AUCKLAND = "Europe/Paris", "America/New_York", "Pacific/Auckland"
WEEKS = {
    "DST begins in Paris": (datetime(2024, 3, 29, tzinfo=UTC), PARIS),
    "DST ends in Paris": (datetime(2024, 10, 25, tzinfo=UTC), PARIS),
    "DST begins in New York": (datetime(2024, 3, 8, tzinfo=UTC), NEW_YORK),
    "DST ends in New York": (datetime(2024, 11, 1, tzinfo=UTC), NEW_YORK),
    "DST ends in Auckland": (datetime(2024, 4, 5, tzinfo=UTC), AUCKLAND),
    "a leap day": (datetime(2024, 2, 27, tzinfo=UTC), PARIS),
    "no leap day": (datetime(2023, 2, 27, tzinfo=UTC), PARIS),
    "New Year": (datetime(2024, 12, 30, tzinfo=UTC), AUCKLAND),
}
DAYS = 5
STEP = timedelta(minutes=45)

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(120)]


def reminder() -> Any:
    """Ten minutes after a cart, unless it was bought."""
    return a_campaign(id="reminder", when=When("cart", unless=Unless("purchase", WITHIN_MS)))


class LyingClock(SetClock):
    """A wall clock that is set by hand, and a stopwatch that has nothing to do with it."""

    def __init__(self, now_ms: int) -> None:
        super().__init__(now_ms)
        self.told = 0

    def now_ms(self) -> int:
        """The time it was set to."""
        self.told += 1
        return self.at_ms

    def monotonic_s(self) -> float:
        """A millisecond for each look."""
        self._looks += 1
        return self._looks / 1000


class Walled:
    """A desk under the wall clock; `true_ms` is the broker's time, and `off_ms` how much the worker's is ahead."""

    def __init__(self, data: Path, off_ms: int, cap: int = 0) -> None:
        self.true_ms, self.off_ms = START_MS, off_ms
        self.clock = LyingClock(START_MS + off_ms)
        rules = AppRules(caps=(Cap(cap),) if cap else ())
        self.desk = Desk(
            data, [reminder(), a_campaign(id="help", when=When("error"))], rules, clock=self.clock
        )

    def at(self, minute: float, off_ms: int | None = None) -> None:
        """It is this many minutes after the start."""
        self.off_ms = self.off_ms if off_ms is None else off_ms
        self.true_ms = START_MS + int(minute * MINUTE_MS)
        self.clock.at_ms = self.true_ms + self.off_ms

    async def happens(self, user: str, *names: str, mark: str = "") -> None:
        """Events of now, which the broker takes now, and which are decided."""
        said = [device(user)] if mark == "" else []
        said += [event(user, name, self.true_ms) | {"messageId": f"{name}-{user}-{mark}"} for name in names]
        self.desk.feed(said, self.true_ms)
        await self.desk.decided()

    async def look(self) -> list[str]:
        """Let whatever is due now be decided; who was reminded so far. The clock stands still meanwhile."""
        looks = self.clock.told + LOOKS
        while self.clock.told < looks:
            self.desk.partition.nudge()
            await self.desk.decided()
            await asyncio.sleep(0)
        return [each["user"] for each in self.desk.decisions() if each["step"] == "sent"]


async def stepped_back(data: Path) -> tuple[list[str], list[str], list[str]]:
    """A cart; eight minutes later the clock goes back by an hour; who was reminded before its time, at it, later."""
    wall = Walled(data, 0)
    await wall.happens("u", "cart")
    wall.at(8, off_ms=-HOUR_MS)
    early = await wall.look()
    wall.at(11)
    behind = await wall.look()
    wall.at(72)
    late = await wall.look()
    wall.at(80, off_ms=0)
    await wall.look()
    wall.at(85, off_ms=-HOUR_MS)
    await wall.happens("u", "nothing", mark="1")
    again = await wall.look()
    await wall.desk.close()
    return early + behind, late, again


async def test_a_clock_that_steps_back_delays_a_timer_and_repeats_none(tmp_path: Path) -> None:
    """Given a worker's clock that goes back by an hour, then nothing is early, and nothing is sent twice."""
    early, late, again = await stepped_back(tmp_path)
    note(f"clock: an hour back: {early}, {late}, {again}")
    assert (early, late, again) == ([], ["u"], ["u"])


async def test_a_clock_that_is_behind_makes_nothing_early(tmp_path: Path) -> None:
    """Given a worker ten minutes behind, then a reminder comes after its time, by as much, and a purchase wins."""
    wall = Walled(tmp_path, -10 * MINUTE_MS)
    await wall.happens("left", "cart")
    await wall.happens("bought", "cart")
    wall.at(9)
    await wall.happens("bought", "purchase", mark="1")
    wall.at(15)
    assert await wall.look() == []
    wall.at(21)
    assert await wall.look() == ["left"]
    await wall.desk.close()


async def test_a_cap_is_not_reset_twice_by_a_clock_that_passes_midnight_twice(tmp_path: Path) -> None:
    """Given a clock that goes back over midnight, then no calendar day has more than its three pushes."""
    wall = Walled(tmp_path, 0, cap=PER_DAY)
    to_midnight = (86_400_000 - START_MS % 86_400_000) / MINUTE_MS
    for count, minutes in enumerate((-30, -20, -10, -5, 5, 15)):
        wall.at(to_midnight + minutes)
        await wall.happens("u", "error", mark=str(count) if count else "")
    wall.at(to_midnight + 20, off_ms=-HOUR_MS)
    for count in range(4):
        await wall.happens("u", "error", mark=f"back-{count}")
    wall.at(to_midnight + 25, off_ms=0)
    for count in range(4):
        await wall.happens("u", "error", mark=f"again-{count}")
    days = Counter(each["at"] // 86_400_000 for each in wall.desk.decisions() if each["step"] == "sent")
    note(f"clock: over midnight twice: {dict(days)}")
    assert sorted(days.values()) == [PER_DAY, PER_DAY]
    await wall.desk.close()


def moments(start: datetime, zone: str, moved: str | None) -> Iterator[tuple[datetime, str]]:
    """Every three quarters of an hour for five days, and the zone that the user is in."""
    for number in range(int(timedelta(days=DAYS) / STEP)):
        at = start + number * STEP
        yield at, moved if moved is not None and at >= start + timedelta(days=2, hours=7) else zone


def allowed(start: datetime, zone: str, moved: str | None) -> list[tuple[str, str]]:
    """(zone, time there) of every push that may be sent: at most three on a calendar day where the user is."""
    sent: list[tuple[datetime, str]] = []
    for at, there in moments(start, zone, moved):
        today = at.astimezone(ZoneInfo(there)).date()
        if sum(each.astimezone(ZoneInfo(there)).date() == today for each, _ in sent) < PER_DAY:
            sent.append((at, there))
    return [(there, at.astimezone(ZoneInfo(there)).isoformat()) for at, there in sent]


async def pushes_of(
    data: Path, start: datetime, zone: str, moved: str | None = None
) -> list[tuple[str, str]]:
    """A push is wanted at every moment; (zone, time there) of each that was sent."""
    rules = AppRules(caps=(Cap(PER_DAY),), stream_clock=True)
    one = Desk(data, [a_campaign(id="help", when=When("error"))], rules)
    zones: dict[int, str] = {}
    one.feed([device("u") | {"timestamp": time_text(int(start.timestamp() * 1000))}])
    for number, (at, there) in enumerate(moments(start, zone, moved)):
        at_ms = int(at.timestamp() * 1000)
        zones[at_ms] = there
        one.feed([event("u", "error", at_ms) | {"messageId": f"e{number}", "context": {"timezone": there}}])
    await one.decided()
    sent = [each["at"] for each in one.decisions() if each["step"] == "sent"]
    await one.close()
    return [(zones[at], datetime.fromtimestamp(at / 1000, ZoneInfo(zones[at])).isoformat()) for at in sent]


@pytest.mark.parametrize("name", WEEKS)
async def test_each_local_day_has_its_three_pushes(name: str, tmp_path: Path) -> None:
    """Given five days around an odd one, then each calendar day of the user has its first three pushes, and no more."""
    start, zone = WEEKS[name]
    sent = await pushes_of(tmp_path, start, zone)
    days = Counter(time[:10] for _, time in sent)
    assert sent == allowed(start, zone, None)
    assert len(days) >= DAYS
    assert {days[day] for day in sorted(days)[1:-1]} == {PER_DAY}


async def test_a_user_who_changes_zone_gets_no_day_twice(tmp_path: Path) -> None:
    """Given a user who flies from Auckland to New York, then no calendar day, as it is there, has more than three."""
    start, zone = WEEKS["DST ends in Auckland"]
    sent = await pushes_of(tmp_path, start, zone, moved=NEW_YORK)
    days = Counter((there, time[:10]) for there, time in sent)
    note(f"clock: Auckland to New York: {dict(days)}")
    assert sent == allowed(start, zone, NEW_YORK)
    assert max(days.values()) <= PER_DAY
    assert {there for there, _ in days} == {AUCKLAND, NEW_YORK}


async def test_a_build_that_counts_days_in_utc_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a build whose caps know no zone, then the same check sees pushes at the wrong end of a day."""
    is_capped = caps.is_capped
    monkeypatch.setattr(
        caps, "is_capped", lambda rules, cleared, at, _zone: is_capped(rules, cleared, at, "UTC")
    )
    start, zone = WEEKS["DST ends in Auckland"]
    assert await pushes_of(tmp_path, start, zone) != allowed(start, zone, None)


async def test_a_build_that_fires_by_an_older_look_at_the_clock_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a build whose timers and turns go by an older look, then the same check sees it early."""
    ready, decide = Ripeness.ready_ms, Decider.decide

    async def hasty(self: Ripeness, now_ms: int) -> int | None:
        return await ready(self, now_ms + HOUR_MS + HOUR_MS)

    def timed_ahead(self: Decider, work: Work, watermark: Watermark) -> Decided:
        return decide(self, work._replace(now_ms=work.now_ms + HOUR_MS + HOUR_MS), watermark)

    monkeypatch.setattr(Ripeness, "ready_ms", hasty)
    monkeypatch.setattr(Decider, "decide", timed_ahead)
    early, _, _ = await stepped_back(tmp_path)
    assert early != []
