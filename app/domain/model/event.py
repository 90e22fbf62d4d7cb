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


class Place(Struct, frozen=True, array_like=True, gc=False):
    """Where an IP address is, as far as a database knows: the country's code, names in English."""

    country: str | None = None
    region: str | None = None
    city: str | None = None


class Position(Struct, frozen=True, array_like=True, gc=False):
    """Degrees: north and east are positive."""

    latitude: float
    longitude: float


class Said(Struct, frozen=True, gc=False):
    """What matters of a message's context: the device it came from, time zone, locale, and where it is.

    None: it does not say. `is_placed`: it says something of where it is.
    """

    device: DeviceReport | None = None
    zone: str | None = None
    locale: str | None = None
    place: Place | None = None
    position: Position | None = None
    is_placed: bool = False


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
