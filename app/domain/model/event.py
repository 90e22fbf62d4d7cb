"""An event: one Segment-spec message of one user, as the core sees it (CONTRACT section 1)."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from msgspec import Struct


class PushStatus(StrEnum):
    """May this device be sent to (C118-C120)? Only `allowed` is."""

    ASK = "ask"
    ALLOWED = "allowed"
    BLOCKED = "blocked"
    UNSUPPORTED = "unsupported"


class DeviceReport(Struct, frozen=True, gc=False):
    """What a message's context says of the device it came from; None: it says nothing of it."""

    id: str
    platform: str | None = None
    token: str | None = None
    push: PushStatus | None = None
    manufacturer: str | None = None
    model: str | None = None
    os_version: str | None = None
    app_version: str | None = None
    sdk_version: str | None = None


class Said(Struct, frozen=True, gc=False):
    """What matters of a message's context: the device it came from, time zone and locale; None: it does not say."""

    device: DeviceReport | None = None
    zone: str | None = None
    locale: str | None = None


NOTHING_SAID = Said()


class Event(Struct, frozen=True, gc=False):
    """`name` is None for `identify`, `alias` and `group`; `time_ms` is the event's own time.

    `said`: a device that says the same again does so with the very same object, as long as it is remembered.
    `previous`: another id that an `identify` or `alias` names as the same person's.
    """

    user: str
    message_id: str
    time_ms: int
    recorded_ms: int
    name: str | None
    properties: dict[str, Any]
    traits: dict[str, Any] | None = None
    said: Said = NOTHING_SAID
    previous: str | None = None


class Tick(Struct, frozen=True):
    """Moves a stream clock on: everything due at or before `time_ms` is due now."""

    time_ms: int
