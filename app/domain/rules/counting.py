"""What is counted of users: the kinds of event that a `did` of a campaign or a saved segment asks about (C012).

Campaigns that ask the same share a kind, and nothing is counted that nobody asks about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from app.domain.model.condition import EVERYONE, AllOf, AnyOf, Condition, Did, NoneOf
from app.domain.model.event import Event
from app.domain.model.history import Counter, History
from app.domain.model.user import User
from app.domain.rules import history
from app.domain.rules.conditions import Holds, compile_condition

MARK = "\x1f"


class CountKind:
    """A kind of event that is counted. `since_ms`: of those that Kafka took from then on."""

    __slots__ = ("did", "event", "key", "reach", "since_ms", "where")

    def __init__(self, did: Did, since_ms: int) -> None:
        self.did = did
        self.event = did.event
        self.key = key_of(did)
        self.reach = history.reach_days(did.within_ms)
        self.since_ms = since_ms
        self.where: Holds | None = None if did.where == EVERYONE else compile_condition(did.where)


class Asked(NamedTuple):
    """Somebody asks about this from `from_ms` on, until `until_ms`; None: still."""

    did: Did
    from_ms: int = 0
    until_ms: int | None = None


class Counted:
    """Every kind that is counted now: by the event's name, and by key."""

    __slots__ = ("by_event", "by_key")

    def __init__(self, asked: Iterable[Asked] = ()) -> None:
        self._take(_kinds(asked))

    @classmethod
    def of(cls, kinds: Mapping[str, CountKind]) -> Counted:
        """These kinds, by their keys."""
        made = cls()
        made._take(kinds)
        return made

    def _take(self, kinds: Mapping[str, CountKind]) -> None:
        self.by_key: Mapping[str, CountKind] = kinds
        by_event: dict[str, tuple[CountKind, ...]] = {}
        for kind in self.by_key.values():
            by_event[kind.event] = (*by_event.get(kind.event, ()), kind)
        self.by_event = by_event

    @property
    def asked(self) -> list[Did]:
        """One question of each kind."""
        return [kind.did for kind in self.by_key.values()]


def key_of(did: Did) -> str:
    """The name of what a `did` asks about: event, reach, and what `where` says."""
    narrowed = ""
    if did.where != EVERYONE:
        narrowed = blake2b(msgspec.json.encode(did.where), digest_size=8).hexdigest()
    return MARK.join((did.event, str(history.reach_days(did.within_ms)), narrowed))


def dids(condition: Condition) -> Iterator[Did]:
    """Everything of the past that a condition asks about itself; saved segments ask on their own."""
    match condition:
        case Did():
            yield condition
        case AllOf(of) | AnyOf(of) | NoneOf(of):
            for part in of:
                yield from dids(part)
        case _:
            return


def count(user: User, kinds: tuple[CountKind, ...], event: Event, counted: Counted) -> None:
    """Count this event of a user under every kind that it is of."""
    for kind in kinds:
        if event.recorded_ms < kind.since_ms or not is_of(kind, event):
            continue
        counter = counter_of(user.history, kind)
        if counter is None:
            _forget_unasked(user.history, counted)
            counter = user.history.counters[kind.key] = Counter(kind.since_ms)
        history.add(counter, event.time_ms, kind.reach)
        user.history_changed = True


def fill(user: User, earlier: Mapping[str, Counter], counted: Counted) -> None:
    """Take in what was counted of the log before live counting began; a second time changes nothing."""
    for key, found in earlier.items():
        kind = counted.by_key.get(key)
        if kind is None or kind.since_ms != found.since_ms:
            continue
        counter = counter_of(user.history, kind) or Counter(kind.since_ms)
        if not counter.filled:
            history.merge(counter, found, kind.reach)
            counter.filled = True
            user.history.counters[key] = counter
            user.history_changed = True


def given_away(found: History) -> dict[str, Counter]:
    """What a claimed id has counted, for whoever claimed it; what it was told of its past it keeps in mind."""
    given = {key: each for key, each in found.counters.items() if each.total}
    told = {key: Counter(each.since_ms, filled=True) for key, each in found.counters.items() if each.filled}
    found.counters = told
    return given


def passed_on(user: User, earlier: Mapping[str, Counter]) -> dict[str, Counter]:
    """What a claimed id is told of its past: what it was not told before is its claimer's."""
    known = user.history.counters
    new = {key: each for key, each in earlier.items() if not _is_told(known.get(key), each)}
    if new:
        known.update((key, Counter(each.since_ms, filled=True)) for key, each in new.items())
        user.history_changed = True
    return new


def join(user: User, theirs: Mapping[str, Counter], counted: Counted) -> None:
    """Add what another id of this user has counted."""
    for key, found in theirs.items():
        kind = counted.by_key.get(key)
        if kind is not None and kind.since_ms == found.since_ms:
            counter = counter_of(user.history, kind)
            if counter is None:
                counter = user.history.counters[key] = Counter(kind.since_ms)
            history.merge(counter, found, kind.reach)
            user.history_changed = True


def _is_told(known: Counter | None, found: Counter) -> bool:
    return known is not None and known.filled and known.since_ms == found.since_ms


def is_of(kind: CountKind, event: Event) -> bool:
    """Is an event of this name of this kind? `in_last` in its condition is up to the event's own time."""
    return kind.where is None or kind.where(event.properties, event.time_ms)


def counter_of(found: History, kind: CountKind) -> Counter | None:
    """What is known of this kind; nothing, where it was counted for somebody who has stopped asking."""
    counter = found.counters.get(kind.key)
    return None if counter is None or counter.since_ms != kind.since_ms else counter


def _forget_unasked(found: History, counted: Counted) -> None:
    for key in [key for key in found.counters if key not in counted.by_key]:
        del found.counters[key]


def _kinds(asked: Iterable[Asked]) -> Mapping[str, CountKind]:
    spans: dict[str, list[Asked]] = {}
    for each in asked:
        spans.setdefault(key_of(each.did), []).append(each)
    kinds = {}
    for key, askers in spans.items():
        since_ms = _begin(askers)
        if since_ms is not None:
            kinds[key] = CountKind(askers[0].did, since_ms)
    return MappingProxyType(kinds)


def _begin(askers: list[Asked]) -> int | None:
    """From when on somebody has been asking without a gap; None where nobody asks any more."""
    begun: int | None = None
    until_ms: int | None = -1
    for each in sorted(askers, key=lambda each: each.from_ms):
        if until_ms is not None and each.from_ms > until_ms:
            begun = each.from_ms
            until_ms = each.until_ms
        elif until_ms is not None:
            until_ms = None if each.until_ms is None else max(until_ms, each.until_ms)
    return begun if until_ms is None else None
