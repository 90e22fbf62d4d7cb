"""What a message says of its user: traits, devices, zone (CONTRACT section 1)."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from app.domain.model.event import DeviceReport, Event, PushStatus
from app.domain.model.user import Device, Profile, User
from app.domain.rules.zones import is_zone


def learn(user: User, event: Event) -> str | None:
    """Merge what the event says into the profile. Returns a token that a device newly has, None
    where none.
    """
    if event.traits:
        _merge(user, event.traits)
    if event.zone is not None and event.zone != user.profile.zone and is_zone(event.zone):
        user.profile.zone = event.zone
        user.profile_changed = True
    if event.locale is not None and event.locale != user.profile.locale:
        user.profile.locale = event.locale
        user.profile_changed = True
    return None if event.device is None else _learn_device(user, event.device, event.time_ms)


def _merge(user: User, traits: dict[str, Any]) -> None:
    known = user.profile.traits
    for name, value in traits.items():
        if value is None:
            known.pop(name, None)
        else:
            known[name] = value
    user.profile_changed = True


def _learn_device(user: User, report: DeviceReport, time_ms: int) -> str | None:
    devices = user.profile.devices
    device = devices.get(report.id)
    if device is None:
        device = devices[report.id] = Device(report.id)
        user.profile_changed = True
        new_token = _set_token(device, report)
    elif time_ms < device.seen_ms:
        return None  # an older message says nothing new of a device that has spoken since
    else:
        new_token = _set_token(device, report)
    if _describe(device, report) or new_token:
        user.profile_changed = True
        device.seen_ms = time_ms
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


def set_push(profile: Profile, device_id: str, status: PushStatus) -> bool:
    """The user changed the permission of one device (C120); True where that changes anything."""
    device = profile.devices.get(device_id)
    if device is None or device.push is status:
        return False
    device.push = status
    return True


def suspend(profile: Profile, device_id: str, token: str) -> bool:
    """The token moved to another user (C131); True where the device still had it."""
    device = profile.devices.get(device_id)
    if device is None or device.token != token:
        return False
    device.suspended = True
    return True


def forget_token(profile: Profile, device_id: str, token: str) -> bool:
    """The push service says that the token is dead (C135); True where the device still had it."""
    device = profile.devices.get(device_id)
    if device is None or device.token != token:
        return False
    device.token = None
    return True
