"""Which of a user's devices may be sent to now, or why none (C118-C120, C131)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import assert_never, final

from msgspec import Struct

from app.domain.model.event import PushStatus
from app.domain.model.push import Target
from app.domain.model.reason import Reason
from app.domain.model.user import Device, Profile

TRANSPORTS: Mapping[str, str] = MappingProxyType({"android": "fcm"})
"""Platform -> the transport that reaches it. A platform that is missing here is unsupported."""

HOPE = (Reason.PUSH_ASK, Reason.NO_DEVICE, Reason.PUSH_BLOCKED, Reason.SUSPENDED, Reason.PUSH_UNSUPPORTED)
"""Most hopeful first: who was not asked may say yes, who allowed it only lacks a token, who blocked it may
change their mind, a suspended device may come back, an unsupported one never can.
"""


class Reachable(Struct, frozen=True):
    """Push can go to these devices, in the order in which the user came to have them; never empty."""

    targets: tuple[Target, ...]


@final
class Unreachable(Struct, frozen=True):
    """Push can go nowhere. `reason` is the most hopeful one over the user's devices (`HOPE`)."""

    reason: Reason


def choose(profile: Profile, devices: Iterable[Device] | None = None) -> Reachable | Unreachable:
    """Every device that has a token, is allowed, not suspended and has a transport; else the reason
    why none. `devices`: those that may be chosen among; None: all.
    """
    targets: list[Target] = []
    obstacles: list[Reason] = []
    for device in profile.devices.values() if devices is None else devices:
        found = judge(device)
        if type(found) is Target:
            targets.append(found)
        else:
            obstacles.append(found)
    if targets:
        return Reachable(tuple(targets))
    return Unreachable(min(obstacles, key=HOPE.index, default=Reason.NO_DEVICE))


def judge(device: Device) -> Target | Reason:
    """The device as a target; or what stands against it."""
    if device.platform not in TRANSPORTS:
        return Reason.PUSH_UNSUPPORTED
    if device.suspended:
        return Reason.SUSPENDED
    match device.push:
        case PushStatus.ALLOWED:
            return (
                Reason.NO_DEVICE if device.token is None else Target(device.id, device.token, device.platform)
            )
        case PushStatus.ASK:
            return Reason.PUSH_ASK
        case PushStatus.BLOCKED:
            return Reason.PUSH_BLOCKED
        case PushStatus.UNSUPPORTED:
            return Reason.PUSH_UNSUPPORTED
        case other:
            assert_never(other)
