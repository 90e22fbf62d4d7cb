"""A campaign made ready to decide: conditions as functions, templates parsed, once for each version."""

from __future__ import annotations

from typing import Any

from app.domain.model.campaign import Campaign, Status
from app.domain.rules.conditions import Holds, compile_condition

LISTENING = frozenset({Status.SCHEDULED, Status.LIVE})


class Plan:
    """One version of one campaign, compiled. `content` is what `compose.compile_content` made of it."""

    __slots__ = ("answer_where", "campaign", "content", "id", "unless", "version", "where", "who")

    def __init__(self, campaign: Campaign, version: int, content: Any) -> None:
        self.campaign = campaign
        self.id = campaign.id
        self.version = version
        self.content = content
        self.who: Holds = compile_condition(campaign.who)
        self.where: Holds = compile_condition(campaign.when.where)
        self.unless = campaign.when.unless
        self.answer_where: Holds | None = (
            None if self.unless is None else compile_condition(self.unless.where)
        )

    def __repr__(self) -> str:
        return f"Plan({self.id}@{self.version})"


class Catalog:
    """All campaigns as they stand at one moment.

    `triggers` and `answers`: the live plans by the event that they listen to; `plans`: every version that
    something may still refer to; `current`: the status and the version in force.
    """

    __slots__ = ("answers", "current", "plans", "triggers")

    def __init__(self, plans: dict[tuple[str, int], Plan], current: dict[str, tuple[Status, int]]) -> None:
        self.plans = plans
        self.current = current
        self.triggers: dict[str, tuple[Plan, ...]] = {}
        self.answers: dict[str, tuple[Plan, ...]] = {}
        for campaign_id in sorted(current):
            status, version = current[campaign_id]
            plan = plans.get((campaign_id, version))
            if status in LISTENING and plan is not None:
                self._listen(plan)

    def _listen(self, plan: Plan) -> None:
        event = plan.campaign.when.event
        self.triggers[event] = (*self.triggers.get(event, ()), plan)
        if plan.unless is not None:
            answer = plan.unless.event
            self.answers[answer] = (*self.answers.get(answer, ()), plan)

    def is_live(self, campaign_id: str) -> bool:
        """Is a version of it in force that may send? A scheduled one may, from its start on (C034)."""
        found = self.current.get(campaign_id)
        return found is not None and found[0] in LISTENING

    def in_force(self, campaign_id: str) -> Plan | None:
        """The version whose content is rendered now."""
        found = self.current.get(campaign_id)
        return None if found is None else self.plans.get((campaign_id, found[1]))
