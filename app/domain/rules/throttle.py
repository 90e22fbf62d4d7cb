"""How the coordinator lends throttle tokens (C049-C051, C154): never more in an interval than the app allows.

A token is lent for the interval of now and for no other, and an interval is never begun twice, so the sum of what is
lent in it, less what came back unused, is all that can be called in it. It is paced: each slice of the interval gets
its part of what is left, so that nothing leaves in one burst and all of it is used where demand is enough.
"""

from __future__ import annotations

from typing import NamedTuple

from app.domain.model.app_rules import Throttle
from app.domain.model.throttle import Ask, Grant, Lending
from app.domain.rules.quota import deal

MARGIN_MS = 1_000
SPARE_MS = 30_000
SLICE_MS = 1_000
LEAST_SLICES = 16
BURST = 4


class Times(NamedTuple):
    """The parts of an interval. Calls leave from `opens_ms` on and before `closes_ms`: the margins are for clocks that
    differ and for the way to the push service. Slices end at `paced_ms`; what is left is for what came back."""

    opens_ms: int
    closes_ms: int
    paced_ms: int
    slice_ms: int
    slices: int


class Letter(NamedTuple):
    """A grant, and to which partition of whose sender."""

    transport: str
    partition: int
    grant: Grant


def times_of(starts_ms: int, ends_ms: int) -> Times:
    """The parts of this interval."""
    every_ms = ends_ms - starts_ms
    margin_ms = min(MARGIN_MS, every_ms // 20)
    opens_ms, closes_ms = starts_ms + margin_ms, ends_ms - margin_ms
    paced_ms = closes_ms - min(SPARE_MS, every_ms // 10)
    slice_ms = max(1, min(SLICE_MS, (paced_ms - opens_ms) // LEAST_SLICES))
    return Times(opens_ms, closes_ms, paced_ms, slice_ms, max(1, (paced_ms - opens_ms) // slice_ms))


def note(lending: Lending, ask: Ask) -> None:
    """Take in what a sender's partition says. What comes back of another interval is void."""
    holder = f"{ask.transport}/{ask.partition}"
    if ask.returned and ask.ends_ms == lending.ends_ms:
        lending.lent -= ask.returned
    wants = ask.wants if ask.is_anew else lending.wants.get(holder, 0) + ask.wants
    lending.wants[holder] = max(0, wants)
    if not lending.wants[holder]:
        del lending.wants[holder]


def lend(lending: Lending, throttle: Throttle, now_ms: int) -> list[Letter]:
    """Answer everybody who wants some, as far as this slice of this interval goes."""
    _begin(lending, throttle, now_ms)
    times = times_of(lending.starts_ms, lending.ends_ms)
    free = _free(lending, times, now_ms)
    if free <= 0 or not lending.wants:
        return []
    names = sorted(lending.wants)
    first = lending.rounds % len(names)
    names = names[first:] + names[:first]
    lending.rounds += 1
    amounts = deal(free, {place: lending.wants[name] for place, name in enumerate(names)})
    return [
        _grant(lending, times, names[place], amount) for place, amount in sorted(amounts.items()) if amount
    ]


def look_again_ms(lending: Lending, now_ms: int) -> int:
    """When more may be free for those who want it: at the next slice, or in the next interval. 0: nobody does."""
    if not lending.wants:
        return 0
    times = times_of(lending.starts_ms, lending.ends_ms)
    if now_ms < times.opens_ms:
        return times.opens_ms
    next_ms = times.opens_ms + (max(0, _slice(times, now_ms)) + 1) * times.slice_ms
    if next_ms < times.paced_ms and lending.lent < lending.max:
        return next_ms
    return lending.ends_ms + times.opens_ms - lending.starts_ms


def _begin(lending: Lending, throttle: Throttle, now_ms: int) -> None:
    """The interval of now, under the rule of now; one that is begun keeps its rule, whatever a clock or a setting does.

    Under another `every` the new interval may reach back into the last one: what was lent there counts in it, too.
    """
    if now_ms < lending.ends_ms:
        return
    starts_ms = now_ms - now_ms % throttle.every_ms
    if starts_ms >= lending.ends_ms:
        lending.lent = 0
    lending.starts_ms, lending.ends_ms, lending.max = starts_ms, starts_ms + throttle.every_ms, throttle.max
    lending.paced_from, lending.paced_base = 0, lending.lent


def _slice(times: Times, now_ms: int) -> int:
    return min((now_ms - times.opens_ms) // times.slice_ms, times.slices - 1)


def _free(lending: Lending, times: Times, now_ms: int) -> int:
    """How many may be lent now: what is left is spread over the slices that are left, since somebody had to wait."""
    last_ms = times.closes_ms - (times.closes_ms - times.paced_ms) // 4
    if not times.opens_ms <= now_ms < last_ms:
        return 0
    number = _slice(times, now_ms)
    if number > lending.paced_from and lending.lent < _allowed(lending, times, number - 1):
        lending.paced_from, lending.paced_base = number, lending.lent
    return _allowed(lending, times, number) - lending.lent


def _allowed(lending: Lending, times: Times, number: int) -> int:
    """How many may be lent by the end of this slice; at most so many times the even pace of the whole interval."""
    left, slices = lending.max - lending.paced_base, number - lending.paced_from + 1
    even = -(-left * slices // (times.slices - lending.paced_from))
    most = -(-BURST * lending.max * slices // times.slices)
    return min(lending.paced_base + min(even, most), lending.max)


def _grant(lending: Lending, times: Times, name: str, amount: int) -> Letter:
    lending.lent += amount
    lending.wants[name] -= amount
    if not lending.wants[name]:
        del lending.wants[name]
    transport, _, partition = name.rpartition("/")
    grant = Grant(lending.ends_ms, times.opens_ms, times.closes_ms, amount)
    return Letter(transport, int(partition), grant)
