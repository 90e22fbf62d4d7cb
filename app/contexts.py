"""What matters of a message's context (CONTRACT section 1): its device, zone, locale, place, and traits.

Other programs' contexts hold all sorts of things: what is well typed is taken, the rest is left.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import fields

from app.domain.model.event import NOTHING_SAID, DeviceReport, Place, Position, PushStatus, Said

CONTEXTS = 8_000
CONTEXT_BYTES = 4096
_PUSH = {str(status): status for status in PushStatus}

FindPlace = Callable[[str], Place | None]
T = TypeVar("T", bound=Struct)


class Context(NamedTuple):
    """What matters of a message's context."""

    said: Said
    traits: dict[str, Any] | None


NO_CONTEXT = Context(NOTHING_SAID, None)


class _Named(Struct, gc=False):
    name: str | None = None
    version: str | None = None


class _Location(Struct, gc=False):
    latitude: float | None = None
    longitude: float | None = None


class _Device(Struct, gc=False):
    id: str | None = None
    type: str | None = None
    token: str | None = None
    push: str | None = None
    subscription: dict[str, Any] | None = None
    manufacturer: str | None = None
    model: str | None = None


class _Read(Struct, gc=False):
    traits: dict[str, Any] | None = None
    ip: str | None = None
    location: _Location | None = None
    timezone: str | None = None
    locale: str | None = None
    device: _Device | None = None
    os: _Named | None = None
    app: _Named | None = None
    library: _Named | None = None


_PARTS: dict[str, type[Struct]] = {
    "location": _Location,
    "device": _Device,
    "os": _Named,
    "app": _Named,
    "library": _Named,
}
_NOBODY = _Named()
_from_json = msgspec.json.Decoder(_Read).decode
_from_message_pack = msgspec.msgpack.Decoder(_Read).decode


class Contexts:
    """Reads contexts, and remembers them: they come again and again.

    `find_place`: where an IP address is.
    """

    def __init__(self, find_place: FindPlace | None) -> None:
        self._find_place = find_place
        self._young: dict[bytes, Context] = {}
        self._old: dict[bytes, Context] = {}

    def read(self, data: bytes, *, is_json: bool) -> Context:
        """Two generations of contexts: one that is full makes room for the next. Long ones are not remembered."""
        known = self._young.get(data)
        if known is None:
            known = self._old.get(data) or self._decode(data, is_json)
            if len(data) > CONTEXT_BYTES:
                return known
            if len(self._young) >= CONTEXTS:
                self._young, self._old = {}, self._young
            self._young[data] = known
        return known

    def _decode(self, data: bytes, is_json: bool) -> Context:
        if not data:
            return NO_CONTEXT
        try:
            read = _from_json(data) if is_json else _from_message_pack(data)
        except msgspec.ValidationError:
            read = _well_typed(msgspec.json.decode(data) if is_json else msgspec.msgpack.decode(data), _Read)
        return _context(read, self._find_place)


def _well_typed(values: Any, kind: type[T]) -> T:
    """Of these values what is of the type that it should be."""
    found = kind()
    for field in fields(kind) if isinstance(values, dict) else ():
        value = values.get(field.name)
        part = _PARTS.get(field.name)
        with contextlib.suppress(msgspec.ValidationError):
            taken = msgspec.convert(value, field.type) if part is None else _well_typed(value, part)
            setattr(found, field.name, taken)
    return found


def _context(read: _Read, find_place: FindPlace | None) -> Context:
    address, position = read.ip, _position(read.location)
    place = find_place(address) if find_place is not None and address else None
    is_placed = place is not None or position is not None
    device = None if read.device is None else _report(read.device, read)
    said = Said(device, read.timezone or None, read.locale or None, place, position, is_placed)
    return Context(said, read.traits)


def _position(location: _Location | None) -> Position | None:
    if location is None or location.latitude is None or location.longitude is None:
        return None
    if not (abs(location.latitude) <= 90 and abs(location.longitude) <= 180):  # noqa: PLR2004 - degrees
        return None
    return Position(location.latitude, location.longitude)


def _report(device: _Device, read: _Read) -> DeviceReport | None:
    if not device.id:
        return None
    system, token = read.os or _NOBODY, device.token or None
    platform = device.type or system.name
    if token is None and device.subscription is not None:
        token = msgspec.json.encode(device.subscription, order="sorted").decode()
    return DeviceReport(
        device.id,
        platform.lower() if platform else None,
        token,
        _PUSH.get(device.push or ""),
        device.manufacturer or None,
        device.model or None,
        system.version or None,
        (read.app or _NOBODY).version or None,
        (read.library or _NOBODY).version or None,
    )
