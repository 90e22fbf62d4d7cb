"""What happens to one user: the questions in their order, from an event, a due time or an outcome to effects.

Everything is an argument. The user's parts are changed in place; what must happen outside comes back as values.
"""

from __future__ import annotations

from msgspec.structs import replace

from app.domain import compose, joining, limit, outcome, qualify
from app.domain.deliver import Context, Message, hold, judge_and_deliver, record, to_inbox
from app.domain.model.decision import Step
from app.domain.model.effect import Effect, MoveToken
from app.domain.model.event import Event, PushStatus
from app.domain.model.mail import Heritage, IdClaim, Outcome, PassedOn, TokenMoved, UserMail
from app.domain.model.quota import FOR_GOOD
from app.domain.model.reason import Reason
from app.domain.model.user import Held, Trigger, User, Waiting
from app.domain.model.verdict import Hold
from app.domain.rules import identify, recent
from app.domain.rules.identity import message_id
from app.domain.rules.plan import Plan

PERMISSION_CHANGED = "Push Permission Changed"


def on_event(
    user: User, event: Event, offset: int, context: Context, passed: PassedOn | None = None
) -> list[Effect]:
    """One event of this user, in log order. `offset`: where it stands in `events`.

    `passed`: the mail that it came in, from another id of this user. An id that is another user's now remembers nothing
    of what was said last, so that only those who learn look whether it is one.
    """
    activity = user.activity
    if not recent.is_new(activity, event.message_id) and not joining.comes_back(user, passed):
        return []
    if passed is None:
        recent.remember_offset(activity, offset)
    user.activity_changed = True
    effects: list[Effect] = []
    if (event.said is not user.learned or event.traits) and _is_elsewhere(user, event, passed, effects):
        return effects
    if event.name is None:
        return joining.claim(user, event, effects)
    if event.name == PERMISSION_CHANGED:
        _change_permission(user, event)
    _answer(user, event, event.name, context, effects)
    plans = qualify.triggered(context.catalog, event, event.name, context.now_ms)
    if plans and not _is_late(event, context):
        _trigger(user, event, plans, context, effects)
    return effects


def _is_elsewhere(user: User, event: Event, passed: PassedOn | None, effects: list[Effect]) -> bool:
    """Learn what it says of the user; True where this id is another user's now, to whom it goes whole."""
    forward = user.forward
    if forward is not None:
        effects += joining.pass_on(user, event, forward)
        return True
    token = identify.learn(user, event) if passed is None else joining.learn(user, passed)
    if token is not None and event.said.device is not None:
        effects.append(MoveToken(token, event.said.device.id))
    return False


def _is_late(event: Event, context: Context) -> bool:
    """Too late to trigger anything new (SPEC section 9, Time)."""
    against_ms = context.now_ms if context.rules.stream_clock else event.recorded_ms
    return against_ms - event.time_ms > context.rules.max_lateness_ms


def _change_permission(user: User, event: Event) -> None:
    status = event.properties.get("status")
    said = event.said.device
    device = event.properties.get("device_id") or (said.id if said else None)
    if isinstance(device, str) and status in list(PushStatus):
        identify.set_push(user, device, PushStatus(str(status)))


def _answer(user: User, event: Event, name: str, context: Context, effects: list[Effect]) -> None:
    if user.agenda.entries and name in context.catalog.cancelling:
        for held in qualify.answered(user, context.catalog, event, context.now_ms):
            plan = context.catalog.plans[held.campaign, held.version]
            message = Message(plan, held.trigger, held.message_id, held.match)
            why = {"held": True, "answered_by": event.message_id}
            effects.append(
                record(user, message, Step.DROPPED, context.now_ms, reason=Reason.CANCELLED, detail=why)
            )
    kinds = context.catalog.answers.get(name)
    if kinds is not None:
        horizon_ms = context.now_ms - context.rules.max_lateness_ms
        qualify.remember_answer(user, kinds, event, context.now_ms, horizon_ms)


def _trigger(user: User, event: Event, plans: list[Plan], context: Context, effects: list[Effect]) -> None:
    for plan in plans:
        if plan.unless is not None:
            qualify.arm(user, plan, event)
        elif qualify.meets_who(plan, user, context.now_ms):
            trigger = Trigger(event.message_id, event.name or "", event.time_ms, event.properties)
            message = Message(plan, trigger, message_id(plan.id, user.id, trigger.event_id))
            _qualified(user, message, event.time_ms + plan.campaign.when.delay_ms, context, effects)


def _qualified(user: User, message: Message, ready_ms: int, context: Context, effects: list[Effect]) -> None:
    effects.append(record(user, message, Step.QUALIFIED, context.now_ms))
    if message.plan.campaign.when.delay_ms and ready_ms > context.now_ms:
        hold(user, message, Hold(ready_ms, Reason.DELAY), context, effects)
    else:
        judge_and_deliver(user, message, context, effects)


def on_due(user: User, due_ms: int, context: Context) -> list[Effect]:
    """Everything of this user that waited for `due_ms` or earlier, by (due, campaign, instance)."""
    effects: list[Effect] = []
    for entry in qualify.due(user, due_ms):
        plan = context.catalog.plans.get((entry.campaign, entry.version))
        if plan is None:
            raise LookupError(f"{entry.campaign}@{entry.version} is referred to and not in the catalog")
        if isinstance(entry, Waiting):
            _inaction(user, entry, plan, context, effects)
        elif entry.period > FOR_GOOD:
            effects.append(_refused(user, entry, plan, Reason.DAILY_LIMIT, context))
        else:
            _release(user, entry, plan, context, effects)
    return effects


def on_turn(user: User, message_id: str, refused: Reason | None, context: Context) -> list[Effect]:
    """It is the turn of a message that waited for its campaign's limit; `refused`: nothing is left for it (C026)."""
    entry = qualify.take_turn(user, message_id)
    if entry is None:
        return []  # cancelled meanwhile, or its time has passed
    plan = context.catalog.plans.get((entry.campaign, entry.version))
    if plan is None:
        raise LookupError(f"{entry.campaign}@{entry.version} is referred to and not in the catalog")
    if refused is not None:
        return [_refused(user, entry, plan, refused, context)]
    effects: list[Effect] = []
    _release(user, entry, plan, context, effects)
    return effects


def _refused(user: User, entry: Held, plan: Plan, reason: Reason, context: Context) -> Effect:
    message = Message(plan, entry.trigger, entry.message_id, entry.match)
    return record(user, message, Step.DROPPED, context.now_ms, reason=reason, detail={"held": True})


def _inaction(user: User, entry: Waiting, plan: Plan, context: Context, effects: list[Effect]) -> None:
    if qualify.meets_who(plan, user, context.now_ms):
        name = message_id(plan.id, user.id, entry.trigger.event_id)
        message = Message(plan, entry.trigger, name, entry.match)
        _qualified(user, message, entry.due_ms + plan.campaign.when.delay_ms, context, effects)


def _release(user: User, entry: Held, plan: Plan, context: Context, effects: list[Effect]) -> None:
    message = Message(plan, entry.trigger, entry.message_id, entry.match, held_before=True)
    effects.append(record(user, message, Step.RELEASED, context.now_ms))
    if qualify.meets_who(plan, user, context.now_ms):
        judge_and_deliver(user, message, context, effects)
    else:
        effects.append(
            record(
                user, message, Step.DROPPED, context.now_ms, reason=Reason.CANCELLED, detail={"who": False}
            )
        )


def on_mail(user: User, mail: UserMail, context: Context) -> list[Effect]:
    """Mail from senders, tokens, and other users' partitions to this user."""
    forward = user.forward
    passed = None if forward is None else joining.pass_mail_on(user, mail, forward)
    if passed is not None:
        return passed
    match mail:
        case TokenMoved():
            return _on_token_moved(user, mail)
        case Outcome():
            return _on_outcome(user, mail, context)
        case IdClaim():
            return joining.give(user, mail)
        case Heritage():
            return joining.take_in(user, mail, context)
        case PassedOn():
            return on_event(user, replace(mail.event, user=user.id), -1, context, mail)


def _on_token_moved(user: User, mail: TokenMoved) -> list[Effect]:
    asked_back = joining.token_moved(user, mail)
    if asked_back is not None:
        return asked_back
    identify.suspend(user, mail.device, mail.token)
    return []


def _on_outcome(user: User, mail: Outcome, context: Context) -> list[Effect]:
    settled = outcome.settle(user, mail)
    if settled is None:
        return []
    entry = settled.entry
    plan = context.catalog.plans.get((entry.campaign, entry.version))
    if plan is None:
        raise LookupError(f"{entry.campaign}@{entry.version} is referred to and not in the catalog")
    message = Message(plan, entry.trigger, entry.message_id)
    step = Step.ACCEPTED if settled.accepted else Step.FAILED
    reason = None if settled.accepted and not settled.unanswered else mail.reason
    settled_as = record(
        user,
        message,
        step,
        context.now_ms,
        reason=reason,
        device=mail.device,
        transport=mail.transport,
        attempt=mail.attempts,
        detail={"unanswered": True} if settled.unanswered else None,
    )
    inbox = plan.campaign.inbox
    is_left_to_inbox = not settled.accepted and inbox is not None and inbox.fallback
    reached = settled.accepted or is_left_to_inbox
    limit.ended(user, entry.campaign, entry.message_id, entry.period, context.leases, reached=reached)
    if not is_left_to_inbox:
        return [settled_as]
    rendered = compose.Rendered.of_inbox(entry.title, entry.body, entry.link, entry.image)
    why = mail.reason or Reason.PROVIDER_REJECTED
    return [settled_as, *to_inbox(user, message, plan, rendered, why, context, after="sent")]
