"""What a campaign's limits would say to this user now (C023-C027), by the very rule that decides, on a copy."""

from __future__ import annotations

from copy import deepcopy

from msgspec.structs import replace

from app.domain import limit
from app.domain.explain.model import GuardAnswer
from app.domain.guard import Asked
from app.domain.model.campaign import Limits
from app.domain.model.quota import Lease, Share
from app.domain.model.reason import EXPLANATIONS, Reason
from app.domain.model.user import Activity, User
from app.domain.model.verdict import Drop, Hold
from app.domain.rules.lease import FAR_MS, share_of

PER_USER, SHARED = "per_user_limit", "campaign_limits"
NONE = "the campaign has none"


class _Copy:
    """One lease to look at: whatever is asked of it reaches nobody."""

    def __init__(self, lease: Lease) -> None:
        self._lease = deepcopy(lease)

    def of(self, campaign: str) -> Lease:
        """The copy."""
        return self._lease

    def ask(self, campaign: str, period: int, limits: Limits) -> None:
        """Nobody is asked."""

    def wait(self, campaign: str, period: int, user: str, message_id: str) -> None:
        """Nobody waits."""


def answers(asked: Asked, lease: Lease) -> tuple[GuardAnswer, ...]:
    """That of one user, and that of all. `lease`: what the user's partition holds of the campaign's limits."""
    return _per_user(asked), _shared(asked, lease)


def _per_user(asked: Asked) -> GuardAnswer:
    limits = asked.plan.campaign.limits
    answer = GuardAnswer(PER_USER, "May the campaign reach this user once more?", "clear", NONE)
    if limits is None or limits.times is None:
        return answer
    reached = len(asked.user.activity.reached.get(asked.plan.id, ()))
    answer = replace(answer, detail=f"{reached} of {limits.times} so far")
    return _with(answer, "drop", Reason.PER_USER_LIMIT) if reached >= limits.times else answer


def _shared(asked: Asked, lease: Lease) -> GuardAnswer:
    limits, plan, user = asked.plan.campaign.limits, asked.plan, asked.user
    answer = GuardAnswer(SHARED, "Is one left of the campaign's total, and of its day?", "clear", NONE)
    if limits is None or not limits.is_shared:
        return answer
    leases = _Copy(lease)
    anybody = User(
        user.id, user.profile, Activity(), user.agenda
    )  # how often this user was reached is told above
    verdict = limit.judge(plan, anybody, leases, asked.rules, asked.now_ms)
    of = limit.window(plan, asked.rules, asked.now_ms)
    answer = replace(
        answer, detail=f"{_limits_text(limits)}; {_share_text(share_of(leases.of(plan.id), of.period))}"
    )
    match verdict:
        case Drop(reason):
            return _with(answer, "drop", reason)
        case Hold(until_ms, reason):
            detail = (
                f"{answer.detail}; the coordinator, which knows what is left in all, would be asked for one"
            )
            until = None if until_ms == FAR_MS else until_ms
            return replace(_with(answer, "hold", reason), detail=detail, until_ms=until)
        case _:
            return answer


def _with(answer: GuardAnswer, said: str, reason: Reason) -> GuardAnswer:
    return replace(answer, answer=said, reason=str(reason), sentence=EXPLANATIONS[reason].marketer)


def _limits_text(limits: Limits) -> str:
    total = "" if limits.total is None else f"at most {limits.total} in all"
    daily = "" if limits.daily is None else f"{limits.daily} a day"
    return " and ".join(part for part in (total, daily) if part)


def _share_text(share: Share) -> str:
    told = f"here {share.available} free, {share.in_flight} on their way"
    waiting = share.tail - share.head
    return f"{told}, {waiting} waiting" if waiting else told
