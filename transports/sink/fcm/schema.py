"""FCM's `messages:send`, v1: every field of its discovery document (revision 20261023), and the rules.

https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages
"""

from __future__ import annotations

import re
from typing import Any

from transports.sink.fcm import kinds
from transports.sink.fcm.errors import Violation

TARGETS = ("token", "fid", "topic", "condition")
_RESERVED = re.compile(r"from|message_type|google\..*|gcm\.notification\..*", re.DOTALL)
_ANALYTICS_LABEL = re.compile(r"[a-zA-Z0-9-_.~%]{1,50}", re.ASCII)
_COLOR = re.compile(r"#[0-9a-fA-F]{6}", re.ASCII)
_LONGEST_TTL_S = 2_419_200.0

_LIGHTS = kinds.message(
    color=kinds.message(red=kinds.number, green=kinds.number, blue=kinds.number, alpha=kinds.number),
    light_on_duration=kinds.duration,
    light_off_duration=kinds.duration,
)


def _label(value: object, path: str, problems: list[Violation]) -> None:
    if type(value) is not str or not _ANALYTICS_LABEL.fullmatch(value):
        problems.append(Violation(path, f"Invalid analytics label at '{path}'"))


def _color(value: object, path: str, problems: list[Violation]) -> None:
    if type(value) is not str or not _COLOR.fullmatch(value):
        problems.append(Violation(path, f"Invalid color at '{path}': expected #rrggbb"))


def _https(value: object, path: str, problems: list[Violation]) -> None:
    if type(value) is not str or not value.startswith("https://") or len(value) == len("https://"):
        problems.append(Violation(path, f"Invalid URL at '{path}': expected https"))


def _data(value: object, path: str, problems: list[Violation]) -> None:
    kinds.text_map(value, path, problems)
    if type(value) is dict:
        reserved = (key for key in value if _RESERVED.fullmatch(key))
        problems.extend(Violation(path, f"Invalid data payload key: {key}") for key in reserved)


def _ttl(value: object, path: str, problems: list[Violation]) -> None:
    before = len(problems)
    kinds.duration(value, path, problems)
    if len(problems) == before and not 0 <= float(str(value)[:-1]) <= _LONGEST_TTL_S:
        problems.append(Violation(path, f"Invalid duration at '{path}': from 0s to four weeks"))


_OPTIONS = kinds.message(analytics_label=_label)

_SHOWN: dict[str, kinds.Kind] = {
    **dict.fromkeys(
        ("title", "body", "icon", "sound", "tag", "click_action", "body_loc_key", "title_loc_key"), kinds.text
    ),
    **dict.fromkeys(("channel_id", "ticker"), kinds.text),
    **dict.fromkeys(("sticky", "local_only", "default_sound"), kinds.truth),
    **dict.fromkeys(("default_vibrate_timings", "default_light_settings"), kinds.truth),
    "color": _color,
    "image": _https,
    "body_loc_args": kinds.many(kinds.text),
    "title_loc_args": kinds.many(kinds.text),
    "event_time": kinds.date_time,
    "notification_priority": kinds.one_of(
        "AndroidNotification.NotificationPriority",
        *(f"PRIORITY_{level}" for level in ("UNSPECIFIED", "MIN", "LOW", "DEFAULT", "HIGH", "MAX")),
    ),
    "vibrate_timings": kinds.many(kinds.duration),
    "light_settings": _LIGHTS,
    "visibility": kinds.one_of(
        "AndroidNotification.Visibility", "VISIBILITY_UNSPECIFIED", "PRIVATE", "PUBLIC", "SECRET"
    ),
    "notification_count": kinds.int32,
}
_ANDROID_SHOWN = kinds.message(
    **_SHOWN,
    bypass_proxy_notification=kinds.truth,
    proxy=kinds.one_of(
        "AndroidNotification.Proxy", "PROXY_UNSPECIFIED", "ALLOW", "DENY", "IF_PRIORITY_LOWERED"
    ),
)
_ANDROID_COMMON: dict[str, kinds.Kind] = {
    "collapse_key": kinds.text,
    "ttl": _ttl,
    "restricted_package_name": kinds.text,
    "data": _data,
    "fcm_options": _OPTIONS,
    "direct_boot_ok": kinds.truth,
    "bandwidth_constrained_ok": kinds.truth,
    "restricted_satellite_ok": kinds.truth,
}
_ANDROID = kinds.message(
    **_ANDROID_COMMON,
    priority=kinds.one_of("AndroidMessagePriority", "NORMAL", "HIGH"),
    notification=_ANDROID_SHOWN,
)
_ANDROID_V2 = kinds.message(
    **_ANDROID_COMMON,
    remote_notification=kinds.message(
        notification=kinds.message(**_SHOWN, id=kinds.int32),
        mutable_content=kinds.truth,
        use_as_v1_data_message=kinds.truth,
    ),
    background_sync=kinds.message(),
)
_WEBPUSH = kinds.message(
    headers=kinds.text_map,
    data=_data,
    notification=kinds.struct,
    fcm_options=kinds.message(link=_https, analytics_label=_label),
)
_APNS = kinds.message(
    headers=kinds.text_map,
    payload=kinds.struct,
    fcm_options=kinds.message(analytics_label=_label, image=_https),
    live_activity_token=kinds.text,
)
_MESSAGE = kinds.message(
    name=kinds.text,
    data=_data,
    notification=kinds.message(title=kinds.text, body=kinds.text, image=_https),
    android=_ANDROID,
    android_v2=_ANDROID_V2,
    webpush=_WEBPUSH,
    apns=_APNS,
    fcm_options=_OPTIONS,
    **dict.fromkeys(TARGETS, kinds.text),
)
_REQUEST = kinds.message(validate_only=kinds.truth, message=_MESSAGE)


def violations(request: object) -> list[Violation]:
    """Everything that is wrong with a request; an empty list for a good one."""
    problems: list[Violation] = []
    _REQUEST(request, "", problems)
    if problems:
        return problems
    message = request.get("message") if isinstance(request, dict) else None
    if not message:
        return [Violation("message", "Message is required.")]
    return _rules(message)


def _rules(message: dict[str, Any]) -> list[Violation]:
    """What the types do not say: one target, and one of the two forms for Android."""
    problems: list[Violation] = []
    if sum(1 for name in TARGETS if message.get(name)) != 1:
        said = f"Exactly one of {', '.join(TARGETS)} is required."
        problems.append(Violation("message", said))
    forms = (message.get("android"), message.get("android_v2"), message.get("androidV2"))
    if sum(1 for form in forms if form is not None) > 1:
        problems.append(Violation("message", "android and android_v2 are mutually exclusive."))
    return problems
