"""What happens to one user: the questions in their order, from an event, a due time or an outcome to effects.

Everything is an argument. The user's parts are changed in place; what must happen outside comes back as values.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from app.domain import compose, guard, joining, limit, outcome, qualify
from app.domain.deliver import Context, Message, judge_and_deliver, record, to_inbox, wait
from app.domain.model.decision import Step
from app.domain.model.effect import Effect, MoveToken
from app.domain.model.event import Event, PushStatus
from app.domain.model.mail import Heritage, IdClaim, Outcome, PassedOn, PastCounted, TokenMoved, UserMail
from app.domain.model.quota import FOR_GOOD
from app.domain.model.reason import Reason
from app.domain.model.user import Held, OnItsWay, Trigger, User, Waiting
from app.domain.model.verdict import Hold
from app.domain.rules import answers, appointments, counting, identify, inaction, recent, starts
from app.domain.rules.identity import message_id
from app.domain.rules.plan import Plan
from app.domain.rules.session import OPENED, learn_session

PERMISSION_CHANGED = "Push Permission Changed"
NOTED = OPENED | {PERMISSION_CHANGED}


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
    if event.name in NOTED:
        _note(user, event, event.name)
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
    return event.time_ms < _horizon_ms(event, context)


def _known_ms(event: Event, context: Context) -> int:
    """When the event became known: a backlog is decided as it would have been in time."""
    return context.now_ms if context.rules.stream_clock else event.recorded_ms


def _horizon_ms(event: Event, context: Context) -> int:
    """What is from before triggers nothing any more, in this event and in all that follow it in the log."""
    return _known_ms(event, context) - context.rules.max_lateness_ms


def _note(user: User, event: Event, name: str) -> None:
    """Events that say something of the user by their name alone."""
    if name in OPENED:
        learn_session(user.activity, event)
    else:
        _change_permission(user, event)


def _change_permission(user: User, event: Event) -> None:
    status = event.properties.get("status")
    said = event.said.device
    device = event.properties.get("device_id") or (said.id if said else None)
    if isinstance(device, str) and status in list(PushStatus):
        identify.set_push(user, device, PushStatus(str(status)))


def _answer(user: User, event: Event, name: str, context: Context, effects: list[Effect]) -> None:
    """Let it cancel what waits for it, and keep of it what timers and conditions will ask about."""
    asked = context.current.kinds.get(name)
    if asked is not None:
        counting.count(user, asked, event, context.current.counted)
    agenda = user.agenda
    if (agenda.entries or agenda.started) and name in context.catalog.cancelling:
        _cancel(user, event, context, effects)
    if agenda.entries and name in OPENED:
        _launch(user, event, context, effects)
    kinds = context.catalog.answers.get(name)
    if kinds is not None:
        answers.remember_answer(user, kinds, event, context.now_ms, _horizon_ms(event, context))


def _cancel(user: User, event: Event, context: Context, effects: list[Effect]) -> None:
    now_ms, why = context.now_ms, {"answered_by": event.message_id}
    for plan, started in answers.too_late(user, context.catalog, event, now_ms):
        trigger = Trigger(started.event_id, "", started.time_ms, {})
        name = started.message_id or message_id(plan.id, user.id, started.event_id)
        message = Message(plan, trigger, name, started.match)
        effects.append(record(user, message, Step.ANSWERED, now_ms, reason=Reason.TOO_LATE, detail=why))
        started.event_id = ""
        user.agenda_changed = True
    horizon_ms = _horizon_ms(event, context)
    if starts.forget(user.agenda, horizon_ms):
        user.agenda_changed = True
    for held in answers.answered(user, context.catalog, event, now_ms, horizon_ms):
        _drop_held(user, held, Reason.CANCELLED, why, context, effects)


def _drop_held(
    user: User, held: Held, reason: Reason, why: dict[str, Any], context: Context, effects: list[Effect]
) -> None:
    """It ends while it waits; the decision says so (`held`), for nothing has released it."""
    message = Message.of_held(_plan_of(held, context), held)
    detail = {"held": True, **why}
    effects.append(record(user, message, Step.DROPPED, context.now_ms, reason=reason, detail=detail))


def _plan_of(entry: Waiting | Held | OnItsWay, context: Context) -> Plan:
    plan = context.catalog.plans.get((entry.campaign, entry.version))
    if plan is None:
        raise LookupError(f"{entry.campaign}@{entry.version} is referred to and not in the catalog")
    return plan


def _launch(user: User, event: Event, context: Context, effects: list[Effect]) -> None:
    for held in qualify.launched(user, event):
        _release(user, held, _plan_of(held, context), context, effects, launched=True)


def _trigger(user: User, event: Event, plans: list[Plan], context: Context, effects: list[Effect]) -> None:
    for plan in plans:
        if plan.date is not None:
            _tell_date(user, event, plan, context, effects)
        elif plan.unless is not None:
            inaction.arm(user, plan, event, _horizon_ms(event, context))
        elif _meets_who(plan, user, context):
            trigger = Trigger(event.message_id, event.name or "", event.time_ms, event.properties)
            _qualified(user, _message(user, plan, trigger, event.time_ms), context, effects)


def _message(user: User, plan: Plan, trigger: Trigger, due_ms: int, match: str = "") -> Message:
    name = message_id(plan.id, user.id, trigger.event_id)
    return Message(plan, trigger, name, match, ready_ms=due_ms + plan.campaign.when.delay_ms)


def _tell_date(user: User, event: Event, plan: Plan, context: Context, effects: list[Effect]) -> None:
    zone = guard.zone_of(plan, user, context.rules)
    told = appointments.tell(user, plan, event, zone, _known_ms(event, context), _horizon_ms(event, context))
    for held in told.moved:
        _drop_held(user, held, Reason.SUPERSEDED, {"moved_by": event.message_id}, context, effects)
    if told.due_ms is not None and told.is_past and _meets_who(plan, user, context):
        trigger = Trigger(event.message_id, event.name or "", event.time_ms, event.properties)
        message = _message(user, plan, trigger, told.due_ms)
        why = {"due": told.due_ms}
        effects.append(record(user, message, Step.QUALIFIED, context.now_ms))
        effects.append(
            record(user, message, Step.DROPPED, context.now_ms, reason=Reason.TOO_LATE, detail=why)
        )


def _meets_who(plan: Plan, user: User, context: Context) -> bool:
    return qualify.meets_who(plan, user, context.catalog, context.rules, context.now_ms)


def _qualified(user: User, message: Message, context: Context, effects: list[Effect]) -> None:
    effects.append(record(user, message, Step.QUALIFIED, context.now_ms))
    if message.plan.campaign.when.delay_ms and message.ready_ms > context.now_ms:
        wait(user, message, Hold(message.ready_ms, Reason.DELAY), context, effects)
    else:
        judge_and_deliver(user, message, context, effects)


def on_due(user: User, due_ms: int, context: Context) -> list[Effect]:
    """Everything of this user that waited for `due_ms` or earlier, by (due, campaign, instance)."""
    effects: list[Effect] = []
    if starts.forget(user.agenda, context.now_ms - context.rules.max_lateness_ms):
        user.agenda_changed = True
    for entry in qualify.due(user, due_ms):
        plan = _plan_of(entry, context)
        if isinstance(entry, Waiting):
            _fire(user, entry, plan, context, effects)
        elif entry.awaits_launch:
            _give_up_waiting(user, entry, Reason.EXPIRED, {"launched": False}, context, effects)
        elif entry.period > FOR_GOOD:
            _give_up_waiting(user, entry, Reason.DAILY_LIMIT, {}, context, effects)
        else:
            _release(user, entry, plan, context, effects)
    return effects


def on_turn(user: User, message_id: str, refused: Reason | None, context: Context) -> list[Effect]:
    """It is the turn of a message that waited for its campaign's limit; `refused`: nothing is left for it (C026)."""
    effects: list[Effect] = []
    entry = qualify.take_turn(user, message_id)
    if entry is None:
        return effects  # cancelled meanwhile, or its time has passed
    if refused is not None:
        _drop_held(user, entry, refused, {}, context, effects)
    else:
        _release(user, entry, _plan_of(entry, context), context, effects)
    return effects


def _fire(user: User, entry: Waiting, plan: Plan, context: Context, effects: list[Effect]) -> None:
    fires = inaction.fires(user, plan, entry, context.now_ms - context.rules.max_lateness_ms)
    if fires and _meets_who(plan, user, context):
        message = _message(user, plan, entry.trigger, entry.due_ms, entry.match)
        _qualified(user, message, context, effects)


def _give_up_waiting(
    user: User, entry: Held, reason: Reason, why: dict[str, Any], context: Context, effects: list[Effect]
) -> None:
    """What it waited for has not come in time (a launch of the app, its turn), or not before the cut-off."""
    plan = _plan_of(entry, context)
    in_force = context.current.in_force(plan.id) or plan
    ready_ms = Message.of_held(plan, entry).ready_ms
    cut_off_ms = guard.cut_off_of(in_force, user, context.rules, ready_ms)
    is_cut_off = cut_off_ms is not None and cut_off_ms <= context.now_ms
    _drop_held(user, entry, Reason.CUT_OFF if is_cut_off else reason, why, context, effects)


def _release(
    user: User,
    entry: Held,
    plan: Plan,
    context: Context,
    effects: list[Effect],
    *,
    launched: bool = False,
) -> None:
    message = Message.of_held(plan, entry, launched=launched)
    effects.append(record(user, message, Step.RELEASED, context.now_ms))
    stopped = _stopped(user, plan, entry, context)
    if stopped is None:
        judge_and_deliver(user, message, context, effects)
    else:
        effects.append(
            record(user, message, Step.DROPPED, context.now_ms, reason=Reason.CANCELLED, detail=stopped)
        )


def _stopped(user: User, plan: Plan, entry: Held, context: Context) -> dict[str, bool] | None:
    """Why a message that was held is not wanted any more: WHO does not hold now, or B is known (SPEC section 9)."""
    if not _meets_who(plan, user, context):
        return {"who": False}
    if answers.was_answered(user, plan, entry.match, entry.trigger.time_ms, context.now_ms):
        return {"answered": True}
    return None


def on_mail(user: User, mail: UserMail, context: Context) -> list[Effect]:
    """Mail from senders, tokens, and other users' partitions to this user."""
    forward = user.forward
    passed = None if forward is None else joining.pass_mail_on(user, mail, forward)
    return _take(user, mail, context) if passed is None else passed


def _take(user: User, mail: UserMail, context: Context) -> list[Effect]:
    match mail:
        case Outcome():
            return _on_outcome(user, mail, context)
        case TokenMoved():
            return _on_token_moved(user, mail)
        case PastCounted():
            return _on_past(user, mail, context)
        case IdClaim():
            return joining.give(user, mail)
        case Heritage():
            return joining.take_in(user, mail, context)
        case PassedOn():
            return on_event(user, replace(mail.event, user=user.id), -1, context, mail)


def _on_past(user: User, mail: PastCounted, context: Context) -> list[Effect]:
    counting.fill(user, mail.counters, context.current.counted)
    return []


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
    plan = _plan_of(entry, context)
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
    is_over = settled.accepted or entry.copied or mail.reason is Reason.CUT_OFF
    is_left_to_inbox = not is_over and inbox is not None and inbox.fallback
    reached = settled.accepted or entry.copied or is_left_to_inbox
    limit.ended(user, entry.campaign, entry.message_id, entry.period, context.leases, reached=reached)
    if not is_left_to_inbox:
        return [settled_as]
    rendered = compose.Rendered.of_inbox(entry.title, entry.body, entry.link, entry.image)
    why = mail.reason or Reason.PROVIDER_REJECTED
    return [settled_as, *to_inbox(user, message, plan, rendered, why, context, after="sent")]
