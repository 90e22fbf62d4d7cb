"""How things stand on Kafka: Segment-spec events in (CONTRACT section 1), decisions, dead letters out (section 5)."""

from __future__ import annotations

import base64
import hashlib
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw, Struct

from app.contexts import Contexts, FindPlace
from app.domain.model.decision import Decision
from app.domain.model.event import Event, Tick
from app.domain.model.mail import TokenClaim, UserMail
from app.domain.model.push import InboxItem, Order
from app.domain.model.quota import PartitionMail, Report
from app.domain.model.reason import DeadLetterReason
from app.domain.model.surge import Qualified
from app.domain.model.throttle import Ask, Grant
from app.times import Times

EVENT_BYTES = 32 * 1024
DEAD_LETTER_BYTES = 256 * 1024
EARLIEST_MS = 946_684_800_000  # 2000-01-01
FUTURE_MS = 86_400_000
MESSAGE_PACK = b"application/msgpack"
_NAMED = {"screen": "Screen Viewed", "page": "Page Viewed"}
_NAMELESS = frozenset({"identify", "alias", "group"})
_JOINING = frozenset({"identify", "alias"})


class Bad(NamedTuple):
    """A record that is no event."""

    reason: DeadLetterReason
    detail: str


class _Message(Struct, frozen=True, gc=False):
    type: str
    messageId: str | None = None  # noqa: N815 - the Segment spec's own names
    userId: str | None = None  # noqa: N815
    anonymousId: str | None = None  # noqa: N815
    event: str | None = None
    name: str | None = None
    timestamp: Any = None
    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    context: Raw = Raw(b"")
    previousId: str | None = None  # noqa: N815


class EventReader:
    """Reads events. Remembers contexts and minutes that it has seen: they come again and again.

    `find_place`: where an IP address is.
    """

    def __init__(self, find_place: FindPlace | None = None) -> None:
        self._json = msgspec.json.Decoder(_Message).decode
        self._message_pack = msgspec.msgpack.Decoder(_Message).decode
        self._context = Contexts(find_place).read
        self._time = Times().read

    def read(self, record: Any, now_ms: int | None) -> Event | Tick | Bad:
        """One record of `events`; `now_ms` None: a stream clock, under which no time is the future."""
        value = record.value
        if value is None:
            return Bad(DeadLetterReason.UNREADABLE, "the record has no value")
        if len(value) > EVENT_BYTES:
            return Bad(DeadLetterReason.TOO_LARGE, f"{len(value)} bytes; an event has at most {EVENT_BYTES}")
        is_json = _is_json(record) if record.headers else value[:1] == b"{"
        try:
            message = self._json(value) if is_json else self._message_pack(value)
        except msgspec.ValidationError as error:
            return Bad(DeadLetterReason.WRONG_TYPE, str(error))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return Bad(DeadLetterReason.UNREADABLE, str(error))
        time_ms = record.timestamp if message.timestamp is None else self._time(message.timestamp)
        if time_ms is None or time_ms < EARLIEST_MS or (now_ms is not None and time_ms > now_ms + FUTURE_MS):
            return _bad_time(time_ms)
        if message.type == "track" and message.event and message.userId and record.key is not None:
            return Event(
                message.userId,
                message.messageId or f"{record.topic}/{record.partition}/{record.offset}",
                time_ms,
                record.timestamp,
                message.event,
                message.properties or {},
                None,
                self._context(bytes(message.context), is_json=is_json).said,
            )
        return self._other(record, message, time_ms, is_json)

    def _other(self, record: Any, message: _Message, time_ms: int, is_json: bool) -> Event | Tick | Bad:
        """Whatever is not the plain `track` of a known user."""
        kind = message.type
        if kind == "tick":
            return Tick(time_ms)
        user = message.userId or message.anonymousId
        if not user or record.key is None:
            missing = "no userId and no anonymousId" if not user else "the record has no key"
            return Bad(DeadLetterReason.NO_USER, missing)
        name = message.event if kind == "track" else _NAMED.get(kind)
        if kind == "track" and not name:
            return Bad(DeadLetterReason.WRONG_TYPE, "event: a track message names its event")
        if name is None and kind not in _NAMELESS:
            return Bad(DeadLetterReason.UNKNOWN_KIND, f"type {kind!r}")
        properties = message.properties or {}
        if message.name is not None and kind in _NAMED:
            properties = {"name": message.name, **properties}
        context = self._context(bytes(message.context), is_json=is_json)
        traits = message.traits if kind == "identify" else None
        return Event(
            user,
            message.messageId or f"{record.topic}/{record.partition}/{record.offset}",
            time_ms,
            record.timestamp,
            name,
            properties,
            context.traits if traits is None and kind == "identify" else traits,
            context.said,
            _previous(message, user),
        )


def _previous(message: _Message, user: str) -> str | None:
    """The other id that an `identify` or `alias` names beside the user's."""
    named = message.previousId if message.type == "alias" else None
    if message.type in _JOINING:
        named = named or message.anonymousId
    return None if named == user else named or None


def _bad_time(time_ms: int | None) -> Bad:
    if time_ms is None:
        return Bad(DeadLetterReason.WRONG_TYPE, "timestamp: an ISO 8601 time with a zone, or seconds")
    return Bad(DeadLetterReason.TIME_OUT_OF_RANGE, f"the event's time is {time_ms} ms since the epoch")


def _is_json(record: Any) -> bool:
    for name, value in record.headers:
        if name == "content-type":
            return bool(value != MESSAGE_PACK)
    return bool(record.value[:1] == b"{")


class DeadLetter(Struct, frozen=True, omit_defaults=True):
    """A record that could not be decided on, kept whole (C160); a value over 256 KB by size, SHA-256 and place.

    Text as text (`key`, `value`), anything else as base64 (`key_base64`, `value_base64`).
    """

    reason: str
    message: str
    topic: str
    partition: int
    offset: int
    time: int
    attempts: int
    key: str | None = None
    key_base64: str | None = None
    value: str | None = None
    value_base64: str | None = None
    size: int | None = None
    sha256: str | None = None
    headers: dict[str, str] = {}


def dead_letter(record: Any, reason: str, message: str) -> bytes:
    """The dead letter of a record as JSON."""
    value = record.value or b""
    key, key_base64 = _as_text(record.key)
    is_large = len(value) > DEAD_LETTER_BYTES
    text, packed = (None, None) if is_large else _as_text(record.value)
    return msgspec.json.encode(
        DeadLetter(
            reason,
            message[:2000],
            record.topic,
            record.partition,
            record.offset,
            record.timestamp,
            1,
            key,
            key_base64,
            text,
            packed,
            len(value) if is_large else None,
            hashlib.sha256(value).hexdigest() if is_large else None,
            {name: raw.decode("utf-8", "replace") for name, raw in record.headers},
        )
    )


def _as_text(data: bytes | None) -> tuple[str | None, str | None]:
    if data is None:
        return None, None
    try:
        return data.decode(), None
    except UnicodeDecodeError:
        return None, base64.b64encode(data).decode()


encode_decision = msgspec.json.Encoder().encode
decode_decision = msgspec.json.Decoder(Decision).decode
encode_pack = msgspec.msgpack.Encoder().encode
decode_order = msgspec.msgpack.Decoder(Order).decode
decode_item = msgspec.msgpack.Decoder(InboxItem).decode
decode_user_mail = msgspec.msgpack.Decoder(UserMail | PartitionMail).decode
decode_campaign_mail = msgspec.msgpack.Decoder(Report | Ask | Qualified).decode
decode_grant = msgspec.msgpack.Decoder(Grant).decode
decode_token_claim = msgspec.msgpack.Decoder(TokenClaim).decode
decode_dead_letter = msgspec.json.Decoder(DeadLetter).decode
