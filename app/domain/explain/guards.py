"""What each guard would say now, in the order in which they are asked, with the figures behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from msgspec.structs import replace

from app.domain import guard
from app.domain.explain.model import Case, DeviceAnswer, GuardAnswer
from app.domain.guard import Asked, Guard
from app.domain.model.campaign import Cap
from app.domain.model.reason import EXPLANATIONS, Reason
from app.domain.model.user import Device, Profile
from app.domain.model.verdict import CLEAR, Clear, Drop, Hold, Verdict
from app.domain.rules.caps import is_capped
from app.domain.rules.control import is_in_control
from app.domain.rules.plan import Plan
from app.domain.rules.surface import Reachable, choose
from app.domain.rules.who import Subject
from app.domain.rules.wording import cut_off_text, instant_text, share_text, span, time_of_day
from app.domain.rules.zones import day_of

SURFACE = "surface"
CONTROL = "control_group"


def asked_now(case: Case, plan: Plan) -> Asked:
    """What every guard is asked about, as of now."""
    zone = guard.zone_of(plan, case.user, case.rules)
    return Asked(plan, case.user, case.rules, case.catalog, case.now_ms, zone, case.now_ms)


def subject_now(case: Case, plan: Plan) -> Subject:
    """Who WHO is asked about, as of now."""
    zone = plan.campaign.zone or case.rules.zone
    return Subject(case.user, case.now_ms, zone, case.catalog.segments, case.catalog.counted.by_key)


def answers(asked: Asked, chosen: Sequence[Device] | None) -> tuple[GuardAnswer, ...]:
    """Every guard, whether or not one before it stands against sending. `chosen`: devices for which WHO holds."""
    before = tuple(_answer(each, asked) for each in guard.ALWAYS)
    after = tuple(_answer(each, asked) for each in guard.PUSH_ONLY)
    return (*before, _surface(asked, chosen), *after, _control(asked))


def devices(profile: Profile, chosen: Sequence[Device] | None) -> tuple[DeviceAnswer, ...]:
    """Each device by itself: may it be sent to, or why not."""
    found = []
    for name, device in profile.devices.items():
        reach = choose(replace(profile, devices={name: device}))
        reason = None if isinstance(reach, Reachable) else reach.reason
        sentence = None if reason is None else _DEVICE_SENTENCES[reason]
        is_chosen = chosen is None or device in chosen
        found.append(DeviceAnswer(device.id, device.platform, reason, sentence, is_chosen))
    return tuple(found)


def _answer(each: Guard, asked: Asked) -> GuardAnswer:
    name = getattr(each, "__name__", "guard")
    question = (each.__doc__ or name).partition("(")[0].strip().rstrip("?") + "?"
    detail = _DETAILS.get(name, _no_detail)(asked)
    return _told(GuardAnswer(name, question, "clear", detail), each(asked))


def _told(answer: GuardAnswer, verdict: Verdict) -> GuardAnswer:
    match verdict:
        case Clear():
            return answer
        case Hold(until_ms, reason):
            return replace(
                answer,
                answer="hold",
                reason=str(reason),
                sentence=EXPLANATIONS[reason].marketer,
                until_ms=until_ms,
            )
        case Drop(reason):
            return replace(answer, answer="drop", reason=str(reason), sentence=EXPLANATIONS[reason].marketer)


def _surface(asked: Asked, chosen: Sequence[Device] | None) -> GuardAnswer:
    reach = choose(asked.user.profile, chosen)
    answer = GuardAnswer(SURFACE, "Can a push reach the user?", "clear")
    if isinstance(reach, Reachable):
        names = ", ".join(target.device for target in reach.targets)
        return replace(answer, detail=f"on {names}")
    inbox = asked.plan.campaign.inbox
    falls_back = inbox is not None and inbox.fallback
    return replace(
        answer,
        answer="inbox" if falls_back else "drop",
        detail="it goes to the App Inbox" if falls_back else "the campaign has no inbox to fall back to",
        reason=str(reach.reason),
        sentence=EXPLANATIONS[reach.reason].marketer,
    )


def _control(asked: Asked) -> GuardAnswer:
    """Asked where every other guard is clear (C159)."""
    share = asked.plan.campaign.control
    detail = f"it has {share_text(share)} of the users" if share else "the campaign has none"
    answer = GuardAnswer(CONTROL, "Is the user outside the control group?", "clear", detail)
    is_in = is_in_control(asked.plan.id, asked.user.id, share)
    return _told(answer, Drop(Reason.CONTROL_GROUP) if is_in else CLEAR)


def _no_detail(_asked: Asked) -> str:
    return ""


def _live_detail(asked: Asked) -> str:
    found = asked.catalog.current.get(asked.plan.id)
    return "not in force yet" if found is None else f"it is {found[0]}"


def _schedule_detail(asked: Asked) -> str:
    campaign = asked.plan.campaign
    starts = "" if campaign.starts_ms is None else f"from {instant_text(campaign.starts_ms)}"
    ends = "" if campaign.ends_ms is None else f"until {instant_text(campaign.ends_ms)}"
    return " ".join(part for part in (starts, ends) if part) or "at any time"


def _quiet_detail(asked: Asked) -> str:
    quiet = asked.plan.campaign.quiet
    if quiet is None:
        return "the campaign has none"
    window = f"{time_of_day(quiet.from_minute)} to {time_of_day(quiet.to_minute)}"
    return f"{window}, then {quiet.then}; it is {instant_text(asked.now_ms, asked.zone)}"


def _cut_off_detail(asked: Asked) -> str:
    cut_off = asked.plan.campaign.cut_off
    if cut_off is None:
        return "the campaign has none"
    after = " after it is due" if cut_off.after_ms is not None else ""
    return f"nothing is sent from {cut_off_text(cut_off)}{after} on"


def _caps_detail(asked: Asked) -> str:
    if not asked.rules.caps:
        return "the app sets no caps"
    cleared_ms = [push.cleared_ms for push in asked.user.activity.pushes]
    told = [_cap_text(cap, cleared_ms, asked) for cap in asked.rules.caps]
    ignored = "; this campaign ignores them" if asked.plan.campaign.ignore_caps else ""
    return "; ".join(told) + ignored


def _cap_text(cap: Cap, cleared_ms: list[int], asked: Asked) -> str:
    used = cap_used(cap, cleared_ms, asked.now_ms, asked.zone)
    if cap.rolling_ms is not None:
        return f"{used} of {cap.max} in any {span(cap.rolling_ms)}"
    resets = instant_text(day_of(asked.now_ms, asked.zone).ends_ms, asked.zone)
    return f"{used} of {cap.max} today, which ends at {resets}"


def cap_used(cap: Cap, cleared_ms: list[int], now_ms: int, zone: str) -> int:
    """The number of smaller caps that would be exhausted: counted by the very rule that decides."""
    tried = (Cap(most, cap.rolling_ms) for most in range(1, len(cleared_ms) + 1))
    return sum(is_capped((smaller,), cleared_ms, now_ms, zone) for smaller in tried)


_DETAILS: Mapping[str, Callable[[Asked], str]] = MappingProxyType(
    {
        "live": _live_detail,
        "in_schedule": _schedule_detail,
        "before_cut_off": _cut_off_detail,
        "quiet_hours": _quiet_detail,
        "user_caps": _caps_detail,
    }
)
_DEVICE_SENTENCES: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.PUSH_ASK: "It has not been asked yet whether push is welcome.",
        Reason.PUSH_BLOCKED: "Push is switched off on it.",
        Reason.PUSH_UNSUPPORTED: "It cannot show pushes, or nothing here can send to it.",
        Reason.SUSPENDED: "Its token belongs to another account now.",
        Reason.NO_DEVICE: "It has no token.",
    }
)
