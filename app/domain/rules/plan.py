"""A campaign made ready to decide: conditions as functions, templates parsed, once for each version."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import msgspec

from app.domain.model.campaign import Campaign, Status, Unless
from app.domain.model.condition import EVERYONE
from app.domain.rules.conditions import Holds, compile_condition
from app.domain.rules.counting import Asked, Counted
from app.domain.rules.listeners import Listeners
from app.domain.rules.who import Who

LISTENING = frozenset({Status.SCHEDULED, Status.LIVE})
REMEMBERING = LISTENING | {Status.PAUSED}
"""What cancels a trigger may come while the campaign is paused, before a late trigger does."""


class AnswerKind:
    """A kind of cancelling event; campaigns that ask for the same share what is remembered of it.

    `is_plain`: every such event is one, and answers every timer.
    """

    __slots__ = ("is_plain", "key", "match", "where")

    def __init__(self, unless: Unless) -> None:
        self.match = unless.match
        self.where: Holds | None = None
        narrowed = ""
        if unless.where != EVERYONE:
            self.where = compile_condition(unless.where)
            narrowed = blake2b(msgspec.json.encode(unless.where), digest_size=8).hexdigest()
        self.is_plain = self.match is None and self.where is None
        self.key = "\x1f".join((unless.event, unless.match or "", narrowed))


class Plan:
    """One version of one campaign, compiled. `content` is what `compose.compile_content` made of it."""

    __slots__ = (
        "answer",
        "campaign",
        "content",
        "date",
        "id",
        "is_bounded",
        "unless",
        "version",
        "where",
        "who",
    )

    def __init__(self, campaign: Campaign, version: int, content: Any) -> None:
        self.campaign = campaign
        self.id = campaign.id
        self.version = version
        self.content = content
        self.who = Who(campaign.who)
        self.where: Holds | None = None
        if campaign.when.where != EVERYONE:
            self.where = compile_condition(campaign.when.where)
        self.is_bounded = campaign.starts_ms is not None or campaign.ends_ms is not None
        self.date = campaign.when.date
        self.unless = campaign.when.unless
        self.answer = None if self.unless is None else AnswerKind(self.unless)

    def __repr__(self) -> str:
        return f"Plan({self.id}@{self.version})"


class Catalog:
    """All campaigns as they stand at one moment.

    `triggers`: the live plans by the event that starts them; `answers`: what is to be remembered of an event because
    a plan that may go on may be cancelled by it; `plans`: every version that something may still refer to;
    `cancelling`: the events that may cancel any of them; `current`: the status and the version in force;
    `segments`: the saved ones; `surging`: those that have paused themselves (C161); `counted`: what is counted of
    users (left out: whatever these plans and segments ask about, from ever), and its `kinds` by event.
    """

    __slots__ = (
        "answers",
        "cancelling",
        "counted",
        "current",
        "kinds",
        "plans",
        "segments",
        "surging",
        "triggers",
    )

    def __init__(
        self,
        plans: dict[tuple[str, int], Plan],
        current: dict[str, tuple[Status, int]],
        segments: Mapping[str, Who] | None = None,
        counted: Counted | None = None,
        surging: frozenset[str] = frozenset(),
    ) -> None:
        self.plans = plans
        self.current = current
        self.surging = surging
        self.segments = segments or {}
        self.counted = counted or Counted(
            Asked(did)
            for who in (*(plan.who for plan in plans.values()), *self.segments.values())
            for did in who.dids
        )
        self.kinds = self.counted.by_event
        self.cancelling = frozenset(plan.unless.event for plan in plans.values() if plan.unless is not None)
        self.triggers: dict[str, Listeners[Plan]] = {}
        self.answers: dict[str, tuple[AnswerKind, ...]] = {}
        for place, campaign_id in enumerate(sorted(current)):
            status, version = current[campaign_id]
            plan = plans.get((campaign_id, version))
            if status in LISTENING and plan is not None:
                self._listen(place, plan)
            if status in REMEMBERING and plan is not None:
                self._remember(plan)

    def _listen(self, place: int, plan: Plan) -> None:
        self.triggers.setdefault(plan.campaign.when.event, Listeners()).add(
            place, plan, plan.campaign.when.where
        )

    def _remember(self, plan: Plan) -> None:
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
