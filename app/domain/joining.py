"""Ids that are one person's: who claims one, what a claimed id gives away, and how it is taken in (SPEC section 9).

A user asks for an id by mail. The id answers with all that it has, once, and from then on passes on whatever comes
under it. Nobody waits: what arrives, in whichever order, is decided as if it had always been the user's.
"""

from __future__ import annotations

from collections import defaultdict
from math import inf

from msgspec.structs import replace

from app.domain.deliver import Context, Message, record
from app.domain.model.decision import Step
from app.domain.model.effect import ClaimId, Effect, MoveToken, Post
from app.domain.model.event import Event
from app.domain.model.mail import Heritage, IdClaim, PassedOn, PastCounted, TokenMoved, UserMail
from app.domain.model.quota import NOT_COUNTED
from app.domain.model.reason import Reason
from app.domain.model.user import (
    Activity,
    Agenda,
    Device,
    Entry,
    Forward,
    Held,
    Kin,
    OnItsWay,
    Profile,
    Started,
    User,
    Waiting,
)
from app.domain.rules import answers, counting, identify, merge, starts, timers
from app.domain.rules.places import learn_place
from app.domain.rules.plan import Plan

REMEMBERED_CLAIMS = 64
ENTRIES_AT_ONCE = 16  # an entry may hold an event of 32 KB, and mail has a limit


def claim(user: User, event: Event, effects: list[Effect]) -> list[Effect]:
    """Where the user's message named an id that is theirs, too: ask it for what it has, once."""
    previous = event.previous
    if previous is None or previous == user.id:
        return effects
    claims = merge.kin_of(user.profile).claims
    if previous in claims:
        return effects
    _remember(claims, {previous: event.time_ms})
    user.profile_changed = True
    return [*effects, ClaimId(previous, event.time_ms)]


def _remember(claims: dict[str, int], more: dict[str, int]) -> None:
    claims.update(more)
    for name in list(claims)[:-REMEMBERED_CLAIMS]:
        del claims[name]


def give(user: User, mail: IdClaim) -> list[Effect]:
    """Another user claims this id, which nobody has claimed before: it gives all away, and forwards from now on.

    In several parts where it is much; the ids of its events come last, so that no part passes for a repetition.
    """
    kin = user.profile.kin or Kin()
    if mail.by == user.id or _claimed_first(user.id, kin, mail):
        return []
    origins = {**kin.claims, user.id: mail.claimed_ms}
    said = merge.said_by(user.profile, user.id, mail.claimed_ms)
    devices = list(user.profile.devices.values())
    activity, entries = user.activity, user.agenda.entries
    given = Activity(
        recent_ids=activity.recent_ids,
        pushes=activity.pushes,
        answers=activity.answers,
        reached=activity.reached,
        whereabouts=activity.whereabouts,
        session=activity.session,
    )
    counters = counting.given_away(user.history)
    user.history_changed = bool(counters)
    parts = [entries[at : at + ENTRIES_AT_ONCE] for at in range(0, len(entries), ENTRIES_AT_ONCE)] or [[]]
    heritage = [Heritage(mail.by, origins, {}, [], Activity(), part) for part in parts[:-1]]
    started = starts.given_away(user.agenda, user.id)
    heritage.append(Heritage(mail.by, origins, said, devices, given, parts[-1], counters, started))
    _empty(user, Forward(mail.by, mail.partition, mail.claimed_ms))
    return [Post(each, mail.partition) for each in heritage]


def _claimed_first(user_id: str, kin: Kin, mail: IdClaim) -> bool:
    """Two ids claim each other at one time: the earlier claim holds, and both know which it is."""
    own_ms = kin.claims.get(mail.by)
    return own_ms is not None and (own_ms, user_id) < (mail.claimed_ms, mail.by)


def _empty(user: User, forward: Forward) -> None:
    """Nothing is left but where it went, and the ids of messages, so that none is passed on twice."""
    user.profile = Profile(kin=Kin(forward))
    user.activity = Activity(user.activity.recent_ids, user.activity.recent_offsets)
    user.agenda = Agenda()
    user.learned = None
    user.profile_changed = user.activity_changed = user.agenda_changed = True


def pass_on(user: User, event: Event, forward: Forward) -> list[Effect]:
    """An event under an id that is another user's now: theirs to decide, whole."""
    return [Post(PassedOn(forward.user, event, user.id, forward.claimed_ms), forward.partition)]


def pass_mail_on(user: User, mail: UserMail, forward: Forward) -> list[Effect] | None:
    """Mail to an id that is another user's now; None where it is the id's own after all.

    A later claim finds nothing here. Whose a token is, its new holder hears for themselves. What comes back from where
    this id forwards to shows that ids claim one another in a circle: it ends here, and this id is its own again.
    """
    if isinstance(mail, (IdClaim, TokenMoved)):
        return []
    if isinstance(mail, Heritage) and user.id in mail.origins:
        merge.kin_of(user.profile).forward = None
        user.profile_changed = True
        return None
    if isinstance(mail, PastCounted):
        counters = counting.passed_on(user, mail.counters)
        origins = {user.id: forward.claimed_ms}
        return [Post(Heritage(forward.user, origins, {}, [], Activity(), [], counters), forward.partition)]
    return [Post(replace(mail, user=forward.user), forward.partition)]


def take_in(user: User, mail: Heritage, context: Context) -> list[Effect]:
    """What a claimed id had becomes the user's."""
    origins = {name: at_ms for name, at_ms in mail.origins.items() if name != user.id}
    claims = merge.kin_of(user.profile).claims
    _remember(claims, origins)
    _inherit(user, mail)
    effects: list[Effect] = [effect for device in mail.devices for effect in _take_device(user, device)]
    known = b"" if user.id in mail.origins else user.activity.recent_ids
    merge.join_activity(user.activity, mail.activity)
    counting.join(user, mail.counters, context.current.counted)
    user.activity_changed = True
    _take_entries(user, mail.entries, known, context)
    _take_started(user, mail.started, context)
    effects += _cancel_answered(user, context)
    return effects


def _inherit(user: User, mail: Heritage) -> None:
    for name, offered in mail.said.items():
        merge.inherit(user.profile, name, offered)
    user.profile_changed = True
    user.learned = None


def comes_back(user: User, mail: PassedOn | None) -> bool:
    """Is this an event that this very id passed on, and that ids in a circle have brought back?"""
    return mail is not None and mail.of == user.id


def learn(user: User, mail: PassedOn) -> str | None:
    """What a passed-on event says of traits, zone and locale has the place of the id that it came under.

    Returns a token that a device newly has.
    """
    event = mail.event
    for name, offered in merge.said_in(event.traits, event.said, mail.of, mail.claimed_ms).items():
        merge.inherit(user.profile, name, offered)
        user.profile_changed = True
    learn_place(user.activity, event.said, event.time_ms)
    if event.said.device is None:
        return None
    return identify.learn_device(user, event.said, event.said.device, event.time_ms)


def token_moved(user: User, mail: TokenMoved) -> list[Effect] | None:
    """A token that moved to another id of the same person is asked back for them.

    None: it went to somebody else, or to another device.
    """
    if (mail.to, mail.to_device) == (user.id, mail.device):
        identify.give_token_back(user, mail.device, mail.token)
        return []
    kin = user.profile.kin
    if kin is None or mail.to not in kin.claims or mail.to_device != mail.device:
        return None
    device = user.profile.devices.get(mail.device)
    if device is None or device.token != mail.token:
        return []
    return [MoveToken(mail.token, mail.device, tuple(kin.claims))]


def _take_device(user: User, theirs: Device) -> list[Effect]:
    devices = user.profile.devices
    mine = devices.get(theirs.id)
    joined = devices[theirs.id] = theirs if mine is None else merge.one_device(mine, theirs)
    if joined.token is None or joined.suspended:
        return []
    return [MoveToken(joined.token, joined.id, tuple(merge.kin_of(user.profile).claims))]


# --- what is not finished ---------------------------------------------------------------------------------


def _take_entries(user: User, theirs: list[Entry], known: bytes, context: Context) -> None:
    """Messages by their ids, timers by `repeat`. What both ids were told is decided already."""
    if not theirs:
        return
    messages = {entry.message_id for entry in user.agenda.entries if not isinstance(entry, Waiting)}
    groups: dict[tuple[str, str], list[Waiting]] = defaultdict(list)
    for entry in theirs:
        if isinstance(entry, Waiting):
            if not merge.has_seen(known, merge.mark_of(entry.trigger.event_id)):
                groups[entry.campaign, entry.match].append(entry)
        elif entry.message_id not in messages:
            user.agenda.entries.append(entry)
            if (
                isinstance(entry, Held) and entry.period != NOT_COUNTED
            ):  # its place in the queue stayed behind
                context.leases.wait(entry.campaign, entry.period, user.id, entry.message_id)
    _take_timers(user, groups, context)
    user.agenda_changed = True


def _take_timers(user: User, groups: dict[tuple[str, str], list[Waiting]], context: Context) -> None:
    kept: list[Entry] = []
    for entry in user.agenda.entries:
        group = groups.get((entry.campaign, entry.match)) if isinstance(entry, Waiting) else None
        if group is None or not isinstance(entry, Waiting):
            kept.append(entry)
        else:
            group.append(entry)
    for group in groups.values():
        running = timers.as_one(group, _plan(group[0], context).campaign.when.repeat)
        names = {entry.trigger.event_id for entry in running}
        _remember_ended(user, [entry for entry in group if entry.trigger.event_id not in names], context)
        kept += running
    user.agenda.entries = kept


def _take_started(user: User, theirs: dict[str, list[Started]], context: Context) -> None:
    """What both ids remember of timers that wait no more, and what it says of those that wait."""
    agenda = user.agenda
    starts.join(agenda, theirs)
    over = [
        entry
        for entry in agenda.entries
        if isinstance(entry, Waiting)
        and entry.campaign in agenda.started
        and timers.is_outrun(
            entry, starts.of(agenda, entry.campaign, entry.match), _plan(entry, context).campaign.when
        )
    ]
    if over:
        answers.take_out(user, over)
        _remember_ended(user, over, context)
    if theirs:
        starts.forget(agenda, context.now_ms - context.rules.max_lateness_ms)
        user.agenda_changed = True


def _remember_ended(user: User, entries: list[Waiting], context: Context) -> None:
    horizon_ms = context.now_ms - context.rules.max_lateness_ms
    for entry in entries:
        told = Started(entry.version, entry.trigger.time_ms, entry.match)
        starts.remember(user.agenda, entry.campaign, told, horizon_ms)


def _plan(entry: Waiting | Held, context: Context) -> Plan:
    plan = context.catalog.plans.get((entry.campaign, entry.version))
    if plan is None:
        raise LookupError(f"{entry.campaign}@{entry.version} is referred to and not in the catalog")
    return plan


def _cancel_answered(user: User, context: Context) -> list[Effect]:
    """What one id started and another answered, each before they were one."""
    gone = [entry for entry in user.agenda.entries if _is_answered(user, entry, context)]
    if not gone:
        return []
    names = {id(entry) for entry in gone}
    user.agenda.entries = [entry for entry in user.agenda.entries if id(entry) not in names]
    user.agenda_changed = True
    return [_cancelled(user, entry, context) for entry in gone if isinstance(entry, Held)]


def _is_answered(user: User, entry: Entry, context: Context) -> bool:
    """A timer: by an event up to its due time; a held message: by any after its trigger."""
    if isinstance(entry, OnItsWay) or not user.activity.answers:
        return False
    until_ms = entry.due_ms if isinstance(entry, Waiting) else inf
    return answers.was_answered(user, _plan(entry, context), entry.match, entry.trigger.time_ms, until_ms)


def _cancelled(user: User, held: Held, context: Context) -> Effect:
    message = Message(_plan(held, context), held.trigger, held.message_id, held.match)
    why = {"held": True, "joined": True}
    return record(user, message, Step.DROPPED, context.now_ms, reason=Reason.CANCELLED, detail=why)
