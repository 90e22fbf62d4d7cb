"""One user, out of the live state of the partition that they live in."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from app.domain.explain.guards import cap_used
from app.domain.model.app_rules import AppRules
from app.domain.model.campaign import Cap
from app.domain.model.event import PushStatus
from app.domain.model.push import InboxItem
from app.domain.model.reason import EXPLANATIONS
from app.domain.model.user import Activity, Agenda, Device, Entry, Held, OnItsWay, Profile, Waiting
from app.domain.rules.lease import FAR_MS
from app.domain.rules.surface import Unreachable, choose
from app.domain.rules.wording import span
from app.domain.rules.zones import day_of, zone_for
from app.turns.state import State
from app.turns.table import Table
from app.web import masks
from app.web.told import Told
from tables.inbox import INBOX, UserInbox
from tables.stats import OF_USER, Latest
from tables.users import ACTIVITY, AGENDA, PROFILE

DAY = "day"


class DeviceView(Struct, frozen=True):
    """A device; of its token only the end."""

    id: str
    platform: str
    token: str | None
    push: PushStatus
    suspended: bool
    manufacturer: str | None
    model: str | None
    os_version: str | None
    app_version: str | None
    seen_ms: int


class EntryView(Struct, frozen=True, omit_defaults=True):
    """Something that is not finished: what began it, and what it waits for."""

    campaign: str
    version: int
    event: str
    event_ms: int
    due_ms: int | None = None
    message_id: str | None = None
    match: str = ""
    title: str = ""
    waiting_for: tuple[str, ...] = ()


class CapView(Struct, frozen=True):
    """A cap and how much of it is used. `per`: as the settings spell it; the user's `day` ends at `resets_ms`."""

    max: int
    used: int
    per: str
    resets_ms: int | None


class PushView(Struct, frozen=True):
    """A push that counts against the caps."""

    cleared_ms: int
    message_id: str


class UserView(Struct, frozen=True):
    """All that is known of a user, but their inbox. `now_ms`: the clock under which it is seen.

    `decisions`: the last ones, the latest on top; None where they cannot be read at the moment. `forwarded_to`: whose
    this id is now; `other_ids`: those that this user named as theirs.
    """

    id: str
    partition: int
    now_ms: int
    zone: str
    zone_source: str
    locale: str | None
    traits: dict[str, Any]
    reachable: bool
    unreachable_reason: str | None
    unreachable_sentence: str | None
    devices: tuple[DeviceView, ...]
    waiting: tuple[EntryView, ...]
    held: tuple[EntryView, ...]
    on_their_way: tuple[EntryView, ...]
    caps: tuple[CapView, ...]
    pushes: tuple[PushView, ...]
    decisions: tuple[Told, ...] | None = None
    forwarded_to: str | None = None
    other_ids: tuple[str, ...] = ()


def look(
    state: State, user: str, key: bytes, partition: int, now_ms: int, rules: AppRules
) -> UserView | None:
    """What the state says of a user now; None where it knows nobody of that name."""
    profile = _find(state, PROFILE, key)
    activity = _find(state, ACTIVITY, key)
    agenda = _find(state, AGENDA, key)
    if profile is None and activity is None and agenda is None:
        return None
    return _view(
        user, partition, now_ms, rules, profile or Profile(), activity or Activity(), agenda or Agenda()
    )


def inbox_of(state: State, key: bytes) -> list[InboxItem]:
    """The items of a user's inbox, newest first."""
    inbox: UserInbox | None = _find(state, INBOX, key)
    return [] if inbox is None else list(inbox.items)


def offsets_of(state: State, key: bytes) -> list[int]:
    """Where a user's last decisions stand."""
    latest: Latest | None = _find(state, OF_USER, key)
    return [] if latest is None else list(latest.offsets)


def _find(state: State, table: Table[Any], key: bytes) -> Any:
    return state.find(table, table.prefix + key).value


def _view(
    user: str,
    partition: int,
    now_ms: int,
    rules: AppRules,
    profile: Profile,
    activity: Activity,
    agenda: Agenda,
) -> UserView:
    zone, source = zone_for(profile.zone, None, rules.zone)
    reach = choose(profile)
    reason = reach.reason if isinstance(reach, Unreachable) else None
    cleared_ms = [push.cleared_ms for push in activity.pushes]
    return UserView(
        id=user,
        partition=partition,
        now_ms=now_ms,
        zone=zone,
        zone_source=str(source),
        locale=profile.locale,
        traits=masks.traits(profile.traits),
        reachable=reason is None,
        unreachable_reason=None if reason is None else str(reason),
        unreachable_sentence=None if reason is None else EXPLANATIONS[reason].marketer,
        devices=tuple(_device(device) for device in profile.devices.values()),
        waiting=_entries(agenda, Waiting),
        held=_entries(agenda, Held),
        on_their_way=_entries(agenda, OnItsWay),
        caps=tuple(_cap(cap, cleared_ms, now_ms, zone) for cap in rules.caps),
        pushes=tuple(PushView(push.cleared_ms, push.message_id) for push in reversed(activity.pushes)),
        forwarded_to=None if profile.kin is None or profile.kin.forward is None else profile.kin.forward.user,
        other_ids=() if profile.kin is None else tuple(profile.kin.claims),
    )


def _device(device: Device) -> DeviceView:
    return DeviceView(
        device.id,
        device.platform,
        None if device.token is None else masks.token(device.token),
        device.push,
        device.suspended,
        device.manufacturer,
        device.model,
        device.os_version,
        device.app_version,
        device.seen_ms,
    )


def _entries(agenda: Agenda, kind: type[Entry]) -> tuple[EntryView, ...]:
    found = [_entry(entry) for entry in agenda.entries if isinstance(entry, kind)]
    return tuple(sorted(found, key=lambda entry: (entry.due_ms or 0, entry.event_ms)))


def _entry(entry: Entry) -> EntryView:
    due_ms = getattr(entry, "due_ms", None)
    return EntryView(
        campaign=entry.campaign,
        version=entry.version,
        event=entry.trigger.name,
        event_ms=entry.trigger.time_ms,
        due_ms=None if due_ms == FAR_MS else due_ms,
        message_id=getattr(entry, "message_id", None),
        match=getattr(entry, "match", ""),
        title=getattr(entry, "title", ""),
        waiting_for=tuple(getattr(entry, "waiting_for", ())),
    )


def _cap(cap: Cap, cleared_ms: list[int], now_ms: int, zone: str) -> CapView:
    used = cap_used(cap, cleared_ms, now_ms, zone)
    if cap.rolling_ms is None:
        return CapView(cap.max, used, DAY, day_of(now_ms, zone).ends_ms)
    return CapView(cap.max, used, span(cap.rolling_ms), None)
