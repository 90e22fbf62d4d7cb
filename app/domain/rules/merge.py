"""What two ids of one person know together, in whichever order it is learned (SPEC section 9, Anonymous).

What the user's own messages said wins; the rest goes by when an id was claimed, the later one first. A device is as the
latest message about it says.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import msgspec
from msgspec.structs import replace

from app.domain.model.event import PushStatus, Said
from app.domain.model.user import (
    ID_BYTES,
    REMEMBERED_IDS,
    Activity,
    CountedPush,
    Device,
    Inherited,
    Kin,
    Profile,
    Session,
    Whereabouts,
)
from app.domain.rules.zones import is_zone

ZONE, LOCALE = "\x00zone", "\x00locale"  # beside the names of traits
REMEMBERED_ANSWERS = 64
_DESCRIBED = ("manufacturer", "model", "os_version", "app_version", "sdk_version")


def kin_of(profile: Profile) -> Kin:
    """The profile's kin; one that had none has from now on."""
    kin = profile.kin
    if kin is None:
        kin = profile.kin = Kin()
    return kin


# --- traits, zone, locale ---------------------------------------------------------------------------------


def own_traits(profile: Profile, traits: dict[str, Any]) -> None:
    """The user's own message set these traits, or took them away: no other id has a say in them any more."""
    kin = kin_of(profile)
    for name, value in traits.items():
        _drop(kin.lent, name)
        if value is not None:
            _drop(kin.removed, name)
        elif name not in kin.removed:
            kin.removed.append(name)


def own_context(profile: Profile, said: Said) -> bool:
    """The user's own message named a zone or a locale. True where no other id has a say in it from now on."""
    lent = kin_of(profile).lent
    before = len(lent)
    if said.zone is not None and is_zone(said.zone):
        _drop(lent, ZONE)
    if said.locale is not None:
        _drop(lent, LOCALE)
    return len(lent) != before


def _drop(names: list[str], name: str) -> None:
    if name in names:
        names.remove(name)


def inherit(profile: Profile, name: str, offered: Inherited) -> None:
    """Another id said this; it stands where the user's own messages, and ids that were claimed later, are silent."""
    kin = kin_of(profile)
    known = kin.inherited.get(name)
    if known is not None and _rank(known) > _rank(offered):
        return
    kin.inherited[name] = offered
    if name not in kin.lent:
        if name in kin.removed or _known(profile, name) is not None:
            return
        kin.lent.append(name)
    _show(profile, name, offered.value)


def _rank(said: Inherited) -> tuple[int, str]:
    return said.claimed_ms, said.of


def _known(profile: Profile, name: str) -> Any:
    if name == ZONE:
        return profile.zone
    return profile.locale if name == LOCALE else profile.traits.get(name)


def _show(profile: Profile, name: str, value: Any) -> None:
    if name == ZONE:
        profile.zone = value
    elif name == LOCALE:
        profile.locale = value
    elif value is None:
        profile.traits.pop(name, None)
    else:
        profile.traits[name] = value


def said_by(profile: Profile, of: str, claimed_ms: int) -> dict[str, Inherited]:
    """All that this profile says, as an id claimed at that time hands it on; what it inherited keeps its own place."""
    kin = profile.kin or Kin()
    own = profile.traits | dict.fromkeys(kin.removed)
    own |= {
        name: value for name, value in ((ZONE, profile.zone), (LOCALE, profile.locale)) if value is not None
    }
    said = dict(kin.inherited)
    for name, value in own.items():
        offered, known = Inherited(value, claimed_ms, of), said.get(name)
        if name not in kin.lent and (known is None or _rank(known) <= _rank(offered)):
            said[name] = offered
    return said


def said_in(traits: dict[str, Any] | None, said: Said, of: str, claimed_ms: int) -> dict[str, Inherited]:
    """What one message says that came under a claimed id."""
    found = dict(traits or {})
    if said.zone is not None and is_zone(said.zone):
        found[ZONE] = said.zone
    if said.locale is not None:
        found[LOCALE] = said.locale
    return {name: Inherited(value, claimed_ms, of) for name, value in found.items()}


# --- devices ----------------------------------------------------------------------------------------------


def one_device(mine: Device, theirs: Device) -> Device:
    """Two views of one device: the later one, and where it says nothing, the earlier one.

    Suspended where both are: one that is not may be the one to whom the token moved.
    """
    earlier, later = sorted((mine, theirs), key=_age)
    gaps: dict[str, Any] = {
        name: getattr(earlier, name) for name in _DESCRIBED if getattr(later, name) is None
    }
    if not later.platform:
        gaps["platform"] = earlier.platform
    if later.token is None and earlier.token is not None:
        gaps |= {"token": earlier.token, "suspended": earlier.suspended}
        if later.push is PushStatus.ASK:
            gaps["push"] = earlier.push
    if later.token == earlier.token:
        gaps["suspended"] = earlier.suspended and later.suspended
    return replace(later, **gaps)


def _age(device: Device) -> tuple[int, bytes]:
    return device.seen_ms, msgspec.msgpack.encode(device)


# --- counters ---------------------------------------------------------------------------------------------


def join_activity(mine: Activity, theirs: Activity) -> None:
    """Take another id's counters in. Its message ids count as older than the user's own; offsets stay behind."""
    mine.recent_ids = _marks(theirs.recent_ids, mine.recent_ids)
    mine.pushes = _pushes(mine.pushes, theirs.pushes)
    for kind, answers in theirs.answers.items():
        known = {(time_ms, match) for time_ms, match in (*mine.answers.get(kind, ()), *answers)}
        mine.answers[kind] = sorted(known)[-REMEMBERED_ANSWERS:]
    for campaign, messages in theirs.reached.items():
        mine.reached[campaign] = sorted({*mine.reached.get(campaign, ()), *messages})
    if theirs.whereabouts is not None:
        mine.whereabouts = join_whereabouts(mine.whereabouts, theirs.whereabouts)
    if theirs.session is not None and (mine.session is None or _last(theirs.session) > _last(mine.session)):
        mine.session = theirs.session


def join_whereabouts(mine: Whereabouts | None, theirs: Whereabouts) -> Whereabouts:
    """The latest place and the latest position of both."""
    if mine is None:
        return theirs
    if theirs.place is not None and (mine.place is None or theirs.place_ms > mine.place_ms):
        mine.place, mine.place_ms = theirs.place, theirs.place_ms
    if theirs.position is not None and (mine.position is None or theirs.position_ms > mine.position_ms):
        mine.position, mine.position_ms = theirs.position, theirs.position_ms
    return mine


def _last(session: Session) -> tuple[int, str]:
    return session.time_ms, session.device


def mark_of(event_id: str) -> bytes:
    """An event's id as the recent ones are remembered."""
    return blake2b(event_id.encode("utf-8", "surrogatepass"), digest_size=ID_BYTES).digest()


def has_seen(marks: bytes, mark: bytes) -> bool:
    """Is this one of the remembered marks?"""
    return any(marks[at : at + ID_BYTES] == mark for at in range(0, len(marks), ID_BYTES))


def _marks(older: bytes, newer: bytes) -> bytes:
    new = [older[at : at + ID_BYTES] for at in range(0, len(older), ID_BYTES)]
    kept = b"".join(mark for mark in new if not has_seen(newer, mark))
    return (kept + newer)[-ID_BYTES * REMEMBERED_IDS :]


def _pushes(mine: list[CountedPush], theirs: list[CountedPush]) -> list[CountedPush]:
    every = {push.message_id: push for push in (*mine, *theirs)}
    return sorted(every.values(), key=lambda push: (push.cleared_ms, push.message_id))
