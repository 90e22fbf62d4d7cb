"""A push for one Android device as the body of FCM's `messages:send`. Pure.

Fields: https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages (revision 20261023).
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

import msgspec

from app.domain.model.push import AndroidOptions, Push, Target

LIMIT_BYTES = 4096
LONGEST_TTL_S = 2_419_200  # four weeks
RESERVED_KEYS = frozenset({"from", "message_type"})
RESERVED_PREFIXES = ("google.", "gcm.notification.")

# C087. What a campaign says -> (how soon it is delivered, how it is shown up to Android 7.1).
PRIORITIES: dict[str, tuple[str, str | None]] = {
    "max": ("high", "PRIORITY_MAX"),
    "high": ("high", "PRIORITY_HIGH"),
    "default": ("normal", None),
}
_DEFAULTS = AndroidOptions()
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class PayloadTooLarge:
    """Over the limit after all that may be cut was cut."""

    size_bytes: int


@dataclass(frozen=True, slots=True)
class ReservedKey:
    """The campaign's data has a key that FCM keeps for itself."""

    key: str


def body(push: Push, target: Target, limit_bytes: int = LIMIT_BYTES) -> bytes | PayloadTooLarge | ReservedKey:
    """Return the request's JSON, at most `limit_bytes` long.

    A longer one loses its image, then the end of its text, at a code point; never a link or a key of `data`.
    """
    reserved = next(filter(is_reserved, push.data), None)
    if reserved is not None:
        return ReservedKey(reserved)
    written = _encode(request(push, target))
    if len(written) <= limit_bytes:
        return written
    return _shrunk(push, target, limit_bytes)


def is_reserved(key: str) -> bool:
    """Whether FCM refuses `key` in a message's data."""
    return key in RESERVED_KEYS or key.startswith(RESERVED_PREFIXES)


def request(push: Push, target: Target) -> dict[str, object]:
    """Return the request uncut, as plain values. A silent push is data only (C081)."""
    options = push.android or _DEFAULTS
    delivered, shown = PRIORITIES.get(options.priority, PRIORITIES["default"])
    android: dict[str, object] = {"priority": delivered}
    if push.ttl_ms is not None:
        android["ttl"] = f"{min(max(push.ttl_ms, 0) // 1000, LONGEST_TTL_S)}s"
    if not push.silent:
        android["notification"] = _notification(push, options, shown)
    return {"message": {"token": target.token, "data": _data(push), "android": android}}


def _notification(push: Push, options: AndroidOptions, shown: str | None) -> dict[str, object]:
    """What the drawer shows. The tag is what a later one replaces (C085); FCM takes images by https only."""
    image = push.image if push.image is not None and push.image.startswith("https://") else None
    fields: dict[str, object | None] = {
        "title": push.title,
        "body": push.body,
        "tag": push.message_id if push.collapse is None else push.collapse,
        "image": image,
        "channel_id": options.channel,
        "sound": options.sound,
        "notification_priority": shown,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _data(push: Push) -> dict[str, str]:
    """CONTRACT section 7. Carillon's own keys win over a campaign's of the same name."""
    data = dict(push.data)
    data["carillon_message"] = push.message_id
    data["carillon_campaign"] = push.campaign
    if push.variant is not None:
        data["carillon_variant"] = push.variant
    if push.link is not None:
        data["carillon_link"] = push.link
    return data


def _shrunk(push: Push, target: Target, limit_bytes: int) -> bytes | PayloadTooLarge:
    """Without the image; if that is not enough, with the longest beginning of the text that fits."""
    plain = msgspec.structs.replace(push, image=None)
    written = _encode(request(plain, target))
    if len(written) <= limit_bytes:
        return written
    room_bytes = limit_bytes - len(written) + len(_encode(push.body))
    kept = bisect_right(range(len(push.body) + 1), room_bytes, key=lambda n: len(_encode(push.body[:n]))) - 1
    if push.silent or kept < 1:
        return PayloadTooLarge(len(written))
    return _encode(request(msgspec.structs.replace(plain, body=push.body[:kept]), target))
