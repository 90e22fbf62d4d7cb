"""A campaign made ready to decide: conditions as functions, templates parsed, once for each version."""

from __future__ import annotations

from hashlib import blake2b
from operator import itemgetter
from typing import Any

import msgspec

from app.domain.model.campaign import EVERYONE, AllOf, Campaign, Condition, Leaf, Operator, Status, Unless
from app.domain.rules.conditions import Holds, compile_condition, look_up
from app.domain.rules.versions import is_version_field

LISTENING = frozenset({Status.SCHEDULED, Status.LIVE})


class AnswerKind:
    """A kind of cancelling event; campaigns that ask for the same share what is remembered of it."""

    __slots__ = ("key", "match", "where")

    def __init__(self, unless: Unless) -> None:
        self.match = unless.match
        self.where: Holds | None = None
        narrowed = ""
        if unless.where != EVERYONE:
            self.where = compile_condition(unless.where)
            narrowed = blake2b(msgspec.json.encode(unless.where), digest_size=8).hexdigest()
        self.key = "\x1f".join((unless.event, unless.match or "", narrowed))


class Plan:
    """One version of one campaign, compiled. `content` is what `compose.compile_content` made of it."""

    __slots__ = ("answer", "campaign", "content", "id", "is_bounded", "unless", "version", "where", "who")

    def __init__(self, campaign: Campaign, version: int, content: Any) -> None:
        self.campaign = campaign
        self.id = campaign.id
        self.version = version
        self.content = content
        self.who: Holds = compile_condition(campaign.who)
        self.where: Holds | None = None
        if campaign.when.where != EVERYONE:
            self.where = compile_condition(campaign.when.where)
        self.is_bounded = campaign.starts_ms is not None or campaign.ends_ms is not None
        self.unless = campaign.when.unless
        self.answer = None if self.unless is None else AnswerKind(self.unless)

    def __repr__(self) -> str:
        return f"Plan({self.id}@{self.version})"


class Listeners:
    """The live plans that one event starts, in the order of their ids.

    A plan whose `where` asks for one value of a property (`category: is shoes`) is found by that value, so that the
    others cost nothing. What is found is still asked for the whole of its condition.
    """

    __slots__ = ("_always", "_by_value", "_found")

    def __init__(self) -> None:
        self._always: list[tuple[int, Plan]] = []
        self._by_value: dict[str, dict[Any, list[tuple[int, Plan]]]] = {}
        self._found: dict[tuple[Any, ...], list[Plan]] = {}

    def add(self, place: int, plan: Plan) -> None:
        """`place` grows with the plan's id."""
        self._found.clear()
        leaf = _asks_for_one_value(plan.campaign.when.where)
        if leaf is None:
            self._always.append((place, plan))
        else:
            self._by_value.setdefault(leaf.field, {}).setdefault(leaf.operand, []).append((place, plan))

    def candidates(self, properties: dict[str, Any]) -> list[Plan]:
        """Every plan whose condition may hold. What one combination of known values finds is remembered."""
        values: tuple[Any, ...] = ()
        for field, plans in self._by_value.items():
            value = look_up(properties, field)
            is_known = value.__class__ in _INDEXED and value in plans
            values += (value if is_known else None,)
        found = self._found.get(values)
        if found is None:
            found = self._merge(values)
            if len(self._found) < REMEMBERED:
                self._found[values] = found
        return found

    def _merge(self, values: tuple[Any, ...]) -> list[Plan]:
        placed = list(self._always)
        for value, plans in zip(values, self._by_value.values(), strict=True):
            placed += () if value is None else plans[value]
        return [plan for _, plan in sorted(placed, key=_place)]


REMEMBERED = 10_000
_INDEXED = frozenset({str, int, float, bool})
_place = itemgetter(0)


def _asks_for_one_value(where: Condition) -> Leaf | None:
    """A leaf that must hold for the whole to hold and that only one value satisfies."""
    if isinstance(where, Leaf):
        is_plain = where.operator is Operator.IS and not is_version_field(where.field)
        return where if is_plain and type(where.operand) in _INDEXED else None
    if isinstance(where, AllOf):
        return next((leaf for leaf in map(_asks_for_one_value, where.of) if leaf is not None), None)
    return None


class Catalog:
    """All campaigns as they stand at one moment.

    `triggers`: the live plans by the event that starts them; `answers`: what is to be remembered of an event because
    a live plan may be cancelled by it; `plans`: every version that something may still refer to; `cancelling`: the
    events that may cancel any of them; `current`: the status and the version in force.
    """

    __slots__ = ("answers", "cancelling", "current", "plans", "triggers")

    def __init__(self, plans: dict[tuple[str, int], Plan], current: dict[str, tuple[Status, int]]) -> None:
        self.plans = plans
        self.current = current
        self.cancelling = frozenset(plan.unless.event for plan in plans.values() if plan.unless is not None)
        self.triggers: dict[str, Listeners] = {}
        self.answers: dict[str, tuple[AnswerKind, ...]] = {}
        for place, campaign_id in enumerate(sorted(current)):
            status, version = current[campaign_id]
            plan = plans.get((campaign_id, version))
            if status in LISTENING and plan is not None:
                self._listen(place, plan)

    def _listen(self, place: int, plan: Plan) -> None:
        self.triggers.setdefault(plan.campaign.when.event, Listeners()).add(place, plan)
        if plan.unless is not None and plan.answer is not None:
            kinds = self.answers.get(plan.unless.event, ())
            if plan.answer.key not in {kind.key for kind in kinds}:
                self.answers[plan.unless.event] = (*kinds, plan.answer)

    def is_live(self, campaign_id: str) -> bool:
        """Is a version of it in force that may send? A scheduled one may, from its start on (C034)."""
        found = self.current.get(campaign_id)
        return found is not None and found[0] in LISTENING

    def has_ended(self, campaign_id: str) -> bool:
        """Will it never send again?"""
        found = self.current.get(campaign_id)
        return found is not None and found[0] is Status.ENDED

    def in_force(self, campaign_id: str) -> Plan | None:
        """The version whose content is rendered now."""
        found = self.current.get(campaign_id)
        return None if found is None else self.plans.get((campaign_id, found[1]))
