"""What becomes of a qualified message: guard it, write it, send it, or say why not.

Asks the second and the third question; what comes of them leaves as effects.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field

from app.domain import compose, guard, limit, qualify
from app.domain.model.app_rules import AppRules
from app.domain.model.campaign import Repeat
from app.domain.model.decision import Decision, Step
from app.domain.model.effect import Effect, Keep, Record, Send
from app.domain.model.push import InboxItem, Order, Push
from app.domain.model.quota import NOT_COUNTED
from app.domain.model.reason import Reason
from app.domain.model.user import CountedPush, Device, Held, OnItsWay, Started, Trigger, User
from app.domain.model.verdict import Clear, Drop, Hold, ToInbox
from app.domain.rules import caps, starts
from app.domain.rules.lease import FAR_MS, AllHere, Leases
from app.domain.rules.plan import Catalog, Plan
from app.domain.rules.surface import TRANSPORTS


class Context(Struct):
    """Under what a step is decided.

    `catalog`: the campaigns at the record's place in the log, by which it triggers and arms; `current`: those of now,
    by which guards judge and content is written; the app's rules, and now; `leases`: what may still be sent of limited
    campaigns.
    """

    catalog: Catalog
    current: Catalog
    rules: AppRules
    now_ms: int
    leases: Leases = field(default_factory=AllHere)


class Message(Struct, frozen=True):
    """One qualified user-message: under which version it qualified, what triggered it, and its name.

    `ready_ms`: when it was due, a delay included. `launched`: it has waited for the app to be launched, and it was.
    """

    plan: Plan
    trigger: Trigger
    id: str
    match: str = ""
    held_before: bool = False
    ready_ms: int = 0
    launched: bool = False

    @classmethod
    def of_held(cls, plan: Plan, entry: Held, *, launched: bool = False) -> Message:
        """A message that was held."""
        ready_ms = entry.trigger.time_ms if entry.ready_ms is None else entry.ready_ms
        launched = launched or entry.launched
        return cls(plan, entry.trigger, entry.message_id, entry.match, True, ready_ms, launched)


def judge_and_deliver(user: User, message: Message, context: Context, effects: list[Effect]) -> None:
    plan = context.current.in_force(message.plan.id) or message.plan
    inbox, now_ms = plan.campaign.inbox, context.now_ms
    if inbox is not None and inbox.copy and not message.launched:
        wait(user, message, Hold(now_ms + inbox.ttl_ms, Reason.APP_LAUNCH), context, effects)
        return
    devices = qualify.chosen(message.plan, user, context.catalog, context.rules, now_ms)
    verdict = guard.judge(plan, user, context.rules, context.current, now_ms, message.ready_ms, devices)
    if type(verdict) is Drop:
        effects.append(record(user, message, Step.DROPPED, now_ms, reason=verdict.reason))
    elif type(verdict) is Hold:
        hold(user, message, verdict, context, effects)
    elif plan.campaign.limits is None or _is_left(user, message, plan, context, effects):
        _write(user, message, plan, verdict, context, effects)


def _is_left(user: User, message: Message, plan: Plan, context: Context, effects: list[Effect]) -> bool:
    """Is one left of the campaign's limits? Where it may come, the message waits for its turn (C026)."""
    verdict = limit.judge(plan, user, context.leases, context.rules, context.now_ms)
    match verdict:
        case Drop(reason):
            effects.append(record(user, message, Step.DROPPED, context.now_ms, reason=reason))
        case Hold():
            of = limit.window(plan, context.rules, context.now_ms)
            hold(user, message, verdict, context, effects, of.period)
            context.leases.wait(plan.id, of.period, user.id, message.id)
        case Clear():
            return True
    return False


def wait(user: User, message: Message, until: Hold, context: Context, effects: list[Effect]) -> None:
    """Hold what was not judged yet. While a campaign is paused, or outside its schedule, nothing begins to wait."""
    plan, now_ms = context.current.in_force(message.plan.id) or message.plan, context.now_ms
    refused = guard.refused(plan, context.current, now_ms)
    if refused is None:
        hold(user, message, until, context, effects)
    else:
        effects.append(record(user, message, Step.DROPPED, now_ms, reason=refused))


def hold(
    user: User,
    message: Message,
    hold: Hold,
    context: Context,
    effects: list[Effect],
    period: int = NOT_COUNTED,
) -> None:
    """Let it wait, unless it would wait until its cut-off: then it ends here (C043).

    What waits for the app to be launched, or for its turn, waits as long as it may: no more than until the cut-off.
    """
    plan = context.current.in_force(message.plan.id) or message.plan
    cut_off_ms = guard.cut_off_of(plan, user, context.rules, message.ready_ms)
    awaits_launch = hold.reason is Reason.APP_LAUNCH
    if cut_off_ms is not None and hold.until_ms >= cut_off_ms:
        may_come_before = awaits_launch or period != NOT_COUNTED
        if not may_come_before or cut_off_ms <= context.now_ms:
            why = {"instead": str(hold.reason), "until": hold.until_ms}
            effects.append(
                record(user, message, Step.DROPPED, context.now_ms, reason=Reason.CUT_OFF, detail=why)
            )
            return
        hold = Hold(cut_off_ms, hold.reason)
    entry = Held(
        message.plan.id,
        message.plan.version,
        message.trigger.event_id,
        hold.until_ms,
        message.trigger,
        message.id,
        message.match,
        message.ready_ms,
        awaits_launch,
        message.launched,
        period,
    )
    user.agenda.entries.append(entry)
    user.agenda_changed = True
    again = {"again": True} if message.held_before else None
    until = None if hold.until_ms == FAR_MS else hold.until_ms
    effects.append(
        record(user, message, Step.HELD, context.now_ms, reason=hold.reason, until=until, detail=again)
    )


def _write(
    user: User,
    message: Message,
    plan: Plan,
    verdict: ToInbox | guard.Cleared,
    context: Context,
    effects: list[Effect],
) -> None:
    rendered = compose.write(
        plan.content,
        user_id=user.id,
        traits=user.profile.traits,
        event=message.trigger,
        now_ms=context.now_ms,
        zone=guard.zone_of(plan, user, context.rules),
        message_id=message.id,
        device=_device(user, verdict),
    )
    if type(rendered) is Drop:
        detail = {"detail": rendered.detail} if rendered.detail else None
        effects.append(
            record(user, message, Step.DROPPED, context.now_ms, reason=rendered.reason, detail=detail)
        )
    elif type(verdict) is ToInbox:
        _note_sent(user, message, context)
        settled = _take(user, message, plan, context)
        limit.ended(user, message.plan.id, message.id, settled, context.leases, reached=True)
        effects += to_inbox(user, message, plan, rendered, verdict.reason, context)
    else:
        _send(user, message, plan, rendered, verdict, context, effects)


def _take(user: User, message: Message, plan: Plan, context: Context) -> int:
    """The message takes one of what its campaign is limited to; of which period."""
    of = limit.window(plan, context.rules, context.now_ms)
    return limit.reach(plan, user, message.id, context.leases, of, context.current)


def _device(user: User, verdict: ToInbox | guard.Cleared) -> Device | None:
    """The device that the push goes to, the first of several; None for the inbox."""
    return None if type(verdict) is ToInbox else user.profile.devices[verdict.targets[0].device]


def to_inbox(
    user: User,
    message: Message,
    plan: Plan,
    rendered: compose.Rendered,
    reason: Reason | None,
    context: Context,
    after: str | None = None,
) -> list[Effect]:
    """An item for the inbox. `after`: the message was sent as a push too (`sent`: it fell back, `copy`: beside it)."""
    inbox = plan.campaign.inbox
    if inbox is None:
        raise ValueError(f"{plan.id} has no inbox to fall back to")
    item = InboxItem(
        message_id=message.id,
        campaign=plan.id,
        version=plan.version,
        title=rendered.inbox_title,
        body=rendered.inbox_body,
        created_ms=context.now_ms,
        expires_ms=context.now_ms + inbox.ttl_ms,
        link=rendered.inbox_link,
        image=rendered.inbox_image,
        tags=inbox.tags,
        colors=inbox.colors,
        why=reason,
    )
    detail = None if after is None else {"after": after}
    return [Keep(item), record(user, message, Step.INBOX, context.now_ms, reason=reason, detail=detail)]


def _send(
    user: User,
    message: Message,
    plan: Plan,
    rendered: compose.Rendered,
    cleared: guard.Cleared,
    context: Context,
    effects: list[Effect],
) -> None:
    push = _push(user, message, plan, rendered)
    copied = plan.campaign.inbox is not None and plan.campaign.inbox.copy
    if plan.campaign.caps_count and context.rules.caps:
        rules = context.rules  # a late trigger may yet be decided as of a time that is that much earlier
        oldest_ms = context.now_ms - caps.horizon_ms(rules.caps) - rules.max_lateness_ms
        counted = [p for p in user.activity.pushes if p.cleared_ms > oldest_ms]
        user.activity.pushes = [*counted, CountedPush(context.now_ms, message.id)]
        user.activity_changed = True
    trigger = {"event_id": message.trigger.event_id}
    not_after_ms = None  # senders live by the wall clock, and know nothing of a stream's
    if not context.rules.stream_clock:
        not_after_ms = guard.cut_off_of(plan, user, context.rules, message.ready_ms)
    for transport in sorted({TRANSPORTS[target.platform] for target in cleared.targets}):
        targets = tuple(t for t in cleared.targets if TRANSPORTS[t.platform] == transport)
        effects.append(Send(transport, Order(push, targets, context.now_ms, trigger, not_after_ms)))
    entry = OnItsWay(
        plan.id,
        plan.version,
        message.id,
        Trigger(message.trigger.event_id, message.trigger.name, message.trigger.time_ms, {}),
        [target.device for target in cleared.targets],
        rendered.inbox_title,
        rendered.inbox_body,
        rendered.inbox_link,
        rendered.inbox_image,
        copied,
        NOT_COUNTED if plan.campaign.limits is None else _take(user, message, plan, context),
    )
    user.agenda.entries.append(entry)
    user.agenda_changed = True
    _note_sent(user, message, context)
    effects.append(record(user, message, Step.SENT, context.now_ms, version=plan.version))
    if copied:
        effects += to_inbox(user, message, plan, rendered, None, context, after="copy")


def _note_sent(user: User, message: Message, context: Context) -> None:
    """From now on an answer comes too late: one of up to the due time, or, where it was held, of up to now (C010t)."""
    plan, trigger = message.plan, message.trigger
    if plan.unless is not None:
        until_ms = context.now_ms if message.held_before else message.ready_ms
        keeps_out = plan.campaign.when.repeat is Repeat.KEEP_FIRST
        sent = Started(plan.version, trigger.time_ms, message.match, keeps_out, trigger.event_id, until_ms)
        starts.remember_sent(user.agenda, plan.id, sent, context.now_ms - context.rules.max_lateness_ms)
        user.agenda_changed = True


def _push(user: User, message: Message, plan: Plan, rendered: compose.Rendered) -> Push:
    what = plan.campaign.what
    return Push(
        message_id=message.id,
        user=user.id,
        campaign=plan.id,
        version=plan.version,
        title=rendered.title,
        body=rendered.body,
        link=rendered.link,
        image=rendered.image,
        data=rendered.data,
        collapse=rendered.collapse,
        ttl_ms=what.ttl_ms,
        silent=what.silent,
        android=what.android,
    )


def record(  # noqa: PLR0913 - a decision has many fields
    user: User,
    message: Message,
    step: Step,
    at_ms: int,
    *,
    reason: Reason | None = None,
    version: int | None = None,
    attempt: int | None = None,
    device: str | None = None,
    transport: str | None = None,
    until: int | None = None,
    detail: Any = None,
) -> Record:
    """Write a step of this message down; `version` None: the one under which it qualified."""
    plan = message.plan
    return Record(
        Decision(
            f"{message.id}.{step.value}.{at_ms}",
            at_ms,
            user.id,
            plan.id,
            plan.version if version is None else version,
            step,
            message.id,
            {"event_id": message.trigger.event_id},
            attempt,
            reason,
            None,
            device,
            transport,
            until,
            detail,
        )
    )
