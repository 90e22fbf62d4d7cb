"""What a message says of its user: traits, devices, zone (CONTRACT section 1)."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from app.domain.model.event import DeviceReport, Event, PushStatus, Said
from app.domain.model.user import Device, User
from app.domain.rules.merge import own_context, own_traits
from app.domain.rules.places import learn_place
from app.domain.rules.zones import is_zone


def learn(user: User, event: Event) -> str | None:
    """Merge what the event says into the profile. Returns a token that a device newly has, None
    where none.
    """
    said = event.said
    if event.traits:
        _merge(user, event.traits)
    if said is user.learned:
        return None
    learn_place(user.activity, said, event.time_ms)
    profile = user.profile
    if said.zone is not None and said.zone != profile.zone and is_zone(said.zone):
        profile.zone = said.zone
        user.profile_changed = True
    if said.locale is not None and said.locale != profile.locale:
        profile.locale = said.locale
        user.profile_changed = True
    if profile.kin is not None and own_context(profile, said):
        user.profile_changed = True
    if said.device is None:
        return None
    return learn_device(user, said, said.device, event.time_ms)


def _merge(user: User, traits: dict[str, Any]) -> None:
    known = user.profile.traits
    for name, value in traits.items():
        if value is None:
            known.pop(name, None)
        else:
            known[name] = value
    if user.profile.kin is not None or None in traits.values():
        own_traits(user.profile, traits)
    user.profile_changed = True


def learn_device(user: User, said: Said, report: DeviceReport, time_ms: int) -> str | None:
    """Merge what a message says of its device into the profile. Returns a token that the device newly has."""
    devices = user.profile.devices
    device = devices.get(report.id)
    if device is None:
        device = devices[report.id] = Device(report.id)
        user.profile_changed = True
    elif time_ms < device.seen_ms:
        return None  # an older message says nothing new of a device that has spoken since
    new_token = _set_token(device, report)
    others_ms = max((each.seen_ms for each in devices.values() if each is not device), default=-1)
    if _describe(device, report) or new_token or device.seen_ms <= others_ms:
        user.profile_changed = True
        device.seen_ms = time_ms
    is_latest = device.seen_ms > others_ms  # else its next message makes it so, though it says the same again
    # where it is counts by its time, again and again
    user.learned = said if is_latest and not said.is_placed else None
    return report.token if new_token else None


def _set_token(device: Device, report: DeviceReport) -> bool:
    """Take the token over; a device that brings one and says nothing of push is allowed."""
    if report.token is None or (report.token == device.token and not device.suspended):
        return False
    device.token = report.token
    device.suspended = False
    if report.push is None:
        device.push = PushStatus.ALLOWED
    return True


_DESCRIBED = ("platform", "push", "manufacturer", "model", "os_version", "app_version", "sdk_version")
_described = attrgetter(*_DESCRIBED)


def _describe(device: Device, report: DeviceReport) -> bool:
    if _described(device) == _described(report):
        return False
    changed = False
    for name in _DESCRIBED:
        value = getattr(report, name)
        if value is not None and value != getattr(device, name):
            setattr(device, name, value)
            changed = True
    return changed


def set_push(user: User, device_id: str, status: PushStatus) -> None:
    """The user changed the permission of one device (C120)."""
    device = user.profile.devices.get(device_id)
    if device is not None and device.push is not status:
        device.push = status
        _changed(user)


def _changed(user: User) -> None:
    """Not by what a message's context says: that must be looked at again when it comes again."""
    user.profile_changed = True
    user.learned = None


def suspend(user: User, device_id: str, token: str) -> None:
    """The token moved to another user (C131); nothing where the device has another by now."""
    device = user.profile.devices.get(device_id)
    if device is not None and device.token == token:
        device.suspended = True
        _changed(user)


def give_token_back(user: User, device_id: str, token: str) -> None:
    """The token is this user's after all."""
    device = user.profile.devices.get(device_id)
    if device is not None and device.token == token and device.suspended:
        device.suspended = False
        _changed(user)


def forget_token(user: User, device_id: str, token: str) -> None:
    """The push service says that the token is dead (C135); nothing where the device has another by now."""
    device = user.profile.devices.get(device_id)
    if device is not None and device.token == token:
        device.token = None
        _changed(user)
