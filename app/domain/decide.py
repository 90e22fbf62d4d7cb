"""What happens to one user: the questions in their order, from an event, a due time or an outcome to effects.

Everything is an argument. The user's parts are changed in place; what must happen outside comes back as values.
"""

from __future__ import annotations

from msgspec import Struct

from app.domain import compose, guard, outcome, qualify
from app.domain.model.app_rules import AppRules
from app.domain.model.decision import Decision, Step
from app.domain.model.effect import Effect, Keep, MoveToken, Record, Send
from app.domain.model.event import Event, PushStatus
from app.domain.model.mail import Outcome, TokenMoved, UserMail
from app.domain.model.push import AndroidOptions, InboxItem, Order, Push
from app.domain.model.reason import Reason
from app.domain.model.user import CountedPush, Held, OnItsWay, Trigger, User, Waiting
from app.domain.model.verdict import Drop, Hold, ToInbox
from app.domain.rules import caps, identify, recent
from app.domain.rules.identity import message_id
from app.domain.rules.plan import Catalog, Plan
from app.domain.rules.surface import TRANSPORTS

PERMISSION_CHANGED = "Push Permission Changed"
_NO_ANDROID = AndroidOptions()


class Context(Struct):
    """Under what a step is decided: the campaigns, the app's rules, and now."""

    catalog: Catalog
    rules: AppRules
    now_ms: int


class _Message(Struct, frozen=True):
    """One qualified user-message: under which version it qualified, what triggered it, and its name."""

    plan: Plan
    trigger: Trigger
    id: str
    match: str = ""
    held_before: bool = False


def on_event(user: User, event: Event, offset: int, context: Context) -> list[Effect]:
    """One event of this user, in log order. `offset`: where it stands in `events`."""
    if not recent.is_new(user.activity, event.message_id):
        return []
    recent.remember_offset(user.activity, offset)
    user.activity_changed = True
    effects: list[Effect] = []
    token = identify.learn(user, event)
    if token is not None and event.device is not None:
        effects.append(MoveToken(token, event.device.id))
    if event.name is None:
        return effects
    if event.name == PERMISSION_CHANGED:
        _change_permission(user, event)
    _answer(user, event, context, effects)
    if not _is_late(event, context):
        _trigger(user, event, context, effects)
    return effects


def _is_late(event: Event, context: Context) -> bool:
    """Too late to trigger anything new (SPEC section 9, Time)."""
    against_ms = context.now_ms if context.rules.stream_clock else event.recorded_ms
    return against_ms - event.time_ms > context.rules.max_lateness_ms


def _change_permission(user: User, event: Event) -> None:
    status = event.properties.get("status")
    device = event.properties.get("device_id") or (event.device.id if event.device else None)
    if isinstance(device, str) and status in list(PushStatus):
        user.profile_changed |= identify.set_push(user.profile, device, PushStatus(str(status)))


def _answer(user: User, event: Event, context: Context, effects: list[Effect]) -> None:
    if user.agenda.entries:
        for held in qualify.answered(user, context.catalog, event, context.now_ms):
            plan = context.catalog.plans[held.campaign, held.version]
            message = _Message(plan, held.trigger, held.message_id, held.match)
            why = {"held": True, "answered_by": event.message_id}
            effects.append(
                _record(user, message, Step.DROPPED, context.now_ms, reason=Reason.CANCELLED, detail=why)
            )
    if (event.name or "") in context.catalog.answers:
        horizon_ms = context.now_ms - context.rules.max_lateness_ms
        qualify.remember_answer(user, context.catalog, event, context.now_ms, horizon_ms)


def _trigger(user: User, event: Event, context: Context, effects: list[Effect]) -> None:
    for plan in qualify.triggered(context.catalog, event, context.now_ms):
        if plan.unless is not None:
            qualify.arm(user, plan, event)
        elif qualify.meets_who(plan, user, context.now_ms):
            trigger = Trigger(event.message_id, event.name or "", event.time_ms, event.properties)
            message = _Message(plan, trigger, message_id(plan.id, user.id, trigger.event_id))
            _qualified(user, message, event.time_ms + plan.campaign.when.delay_ms, context, effects)


def _qualified(user: User, message: _Message, ready_ms: int, context: Context, effects: list[Effect]) -> None:
    effects.append(_record(user, message, Step.QUALIFIED, context.now_ms))
    if message.plan.campaign.when.delay_ms and ready_ms > context.now_ms:
        _hold(user, message, Hold(ready_ms, Reason.DELAY), context, effects)
    else:
        _guard(user, message, context, effects)


def on_due(user: User, due_ms: int, context: Context) -> list[Effect]:
    """Everything of this user that waited for `due_ms` or earlier, by (due, campaign, instance)."""
    effects: list[Effect] = []
    for entry in qualify.due(user, due_ms):
        plan = context.catalog.plans.get((entry.campaign, entry.version))
        if plan is None:
            raise LookupError(f"{entry.campaign}@{entry.version} is referred to and not in the catalog")
        if isinstance(entry, Waiting):
            _inaction(user, entry, plan, context, effects)
        else:
            _release(user, entry, plan, context, effects)
    return effects


def _inaction(user: User, entry: Waiting, plan: Plan, context: Context, effects: list[Effect]) -> None:
    if qualify.meets_who(plan, user, context.now_ms):
        name = message_id(plan.id, user.id, entry.trigger.event_id)
        message = _Message(plan, entry.trigger, name, entry.match)
        _qualified(user, message, entry.due_ms + plan.campaign.when.delay_ms, context, effects)


def _release(user: User, entry: Held, plan: Plan, context: Context, effects: list[Effect]) -> None:
    message = _Message(plan, entry.trigger, entry.message_id, entry.match, held_before=True)
    effects.append(_record(user, message, Step.RELEASED, context.now_ms))
    if qualify.meets_who(plan, user, context.now_ms):
        _guard(user, message, context, effects)
    else:
        effects.append(
            _record(
                user, message, Step.DROPPED, context.now_ms, reason=Reason.CANCELLED, detail={"who": False}
            )
        )


def _guard(user: User, message: _Message, context: Context, effects: list[Effect]) -> None:
    plan = context.catalog.in_force(message.plan.id) or message.plan
    verdict = guard.judge(plan, user, context.rules, context.catalog, context.now_ms)
    match verdict:
        case Drop(reason):
            effects.append(_record(user, message, Step.DROPPED, context.now_ms, reason=reason))
        case Hold():
            _hold(user, message, verdict, context, effects)
        case ToInbox() | guard.Cleared():
            _compose(user, message, plan, verdict, context, effects)


def _hold(user: User, message: _Message, hold: Hold, context: Context, effects: list[Effect]) -> None:
    entry = Held(
        message.plan.id,
        message.plan.version,
        message.trigger.event_id,
        hold.until_ms,
        message.trigger,
        message.id,
        message.match,
    )
    user.agenda.entries = [*user.agenda.entries, entry]
    user.agenda_changed = True
    again = {"again": True} if message.held_before else None
    effects.append(
        _record(
            user, message, Step.HELD, context.now_ms, reason=hold.reason, until=hold.until_ms, detail=again
        )
    )


def _compose(
    user: User,
    message: _Message,
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
    )
    if isinstance(rendered, Drop):
        detail = {"detail": rendered.detail} if rendered.detail else None
        effects.append(
            _record(user, message, Step.DROPPED, context.now_ms, reason=rendered.reason, detail=detail)
        )
    elif isinstance(verdict, ToInbox):
        effects += _to_inbox(user, message, plan, rendered, verdict.reason, context)
    else:
        _send(user, message, plan, rendered, verdict, context, effects)


def _to_inbox(
    user: User,
    message: _Message,
    plan: Plan,
    rendered: compose.Rendered,
    reason: Reason,
    context: Context,
    after: str | None = None,
) -> list[Effect]:
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
    return [Keep(item), _record(user, message, Step.INBOX, context.now_ms, reason=reason, detail=detail)]


def _send(
    user: User,
    message: _Message,
    plan: Plan,
    rendered: compose.Rendered,
    cleared: guard.Cleared,
    context: Context,
    effects: list[Effect],
) -> None:
    push = _push(user, message, plan, rendered)
    if plan.campaign.caps_count and context.rules.caps:
        oldest_ms = context.now_ms - caps.horizon_ms(context.rules.caps)
        counted = [p for p in user.activity.pushes if p.cleared_ms > oldest_ms]
        user.activity.pushes = [*counted, CountedPush(context.now_ms, message.id)]
        user.activity_changed = True
    trigger = {"event_id": message.trigger.event_id}
    for transport in sorted({TRANSPORTS[target.platform] for target in cleared.targets}):
        targets = tuple(t for t in cleared.targets if TRANSPORTS[t.platform] == transport)
        effects.append(Send(transport, Order(push, targets, context.now_ms, trigger)))
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
    )
    user.agenda.entries = [*user.agenda.entries, entry]
    user.agenda_changed = True
    effects.append(_record(user, message, Step.SENT, context.now_ms, version=plan.version))


def _push(user: User, message: _Message, plan: Plan, rendered: compose.Rendered) -> Push:
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


def on_mail(user: User, mail: UserMail, context: Context) -> list[Effect]:
    """Mail from senders and tokens to this user."""
    match mail:
        case TokenMoved():
            user.profile_changed |= identify.suspend(user.profile, mail.device, mail.token)
            return []
        case Outcome():
            return _on_outcome(user, mail, context)


def _on_outcome(user: User, mail: Outcome, context: Context) -> list[Effect]:
    settled = outcome.settle(user, mail)
    if settled is None:
        return []
    entry = settled.entry
    plan = context.catalog.plans.get((entry.campaign, entry.version))
    if plan is None:
        raise LookupError(f"{entry.campaign}@{entry.version} is referred to and not in the catalog")
    message = _Message(plan, entry.trigger, entry.message_id)
    step = Step.ACCEPTED if settled.accepted else Step.FAILED
    reason = None if settled.accepted else mail.reason
    record = _record(
        user,
        message,
        step,
        context.now_ms,
        reason=reason,
        device=mail.device,
        transport=mail.transport,
        attempt=mail.attempts,
    )
    inbox = plan.campaign.inbox
    if settled.accepted or inbox is None or not inbox.fallback:
        return [record]
    rendered = compose.Rendered.of_inbox(entry.title, entry.body, entry.link, entry.image)
    why = mail.reason or Reason.PROVIDER_REJECTED
    return [record, *_to_inbox(user, message, plan, rendered, why, context, after="sent")]


def _record(
    user: User,
    message: _Message,
    step: Step,
    at_ms: int,
    *,
    reason: Reason | None = None,
    until: int | None = None,
    detail: object = None,
    version: int | None = None,
    device: str | None = None,
    transport: str | None = None,
    attempt: int | None = None,
) -> Record:
    return Record(
        Decision(
            id=f"{message.id}.{step}.{at_ms}",
            at=at_ms,
            user=user.id,
            campaign=message.plan.id,
            version=message.plan.version if version is None else version,
            step=step,
            message_id=message.id,
            trigger={"event_id": message.trigger.event_id},
            attempt=attempt,
            reason=reason,
            device=device,
            transport=transport,
            until=until,
            detail=detail,
        )
    )
