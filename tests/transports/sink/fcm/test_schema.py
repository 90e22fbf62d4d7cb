"""What FCM takes and what it refuses, in both spellings."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transports.sink.fcm.kinds import camel_case
from transports.sink.fcm.schema import violations

LIGHTS = {
    "color": {"red": 1, "green": 0.5, "blue": 0, "alpha": 1},
    "light_on_duration": "1s",
    "light_off_duration": "0.5s",
}
SHOWN: dict[str, Any] = {
    "title": "t",
    "body": "b",
    "icon": "i",
    "color": "#00ff7F",
    "sound": "s",
    "tag": "g",
    "click_action": "c",
    "body_loc_key": "k",
    "body_loc_args": ["a"],
    "title_loc_key": "k",
    "title_loc_args": [],
    "channel_id": "c",
    "ticker": "t",
    "sticky": True,
    "event_time": "2026-11-22T10:00:00.5Z",
    "local_only": False,
    "notification_priority": "PRIORITY_MAX",
    "default_sound": True,
    "default_vibrate_timings": True,
    "default_light_settings": False,
    "vibrate_timings": ["0.5s"],
    "visibility": "PUBLIC",
    "notification_count": 3,
    "light_settings": LIGHTS,
    "image": "https://shop.example/a.png",
}
ANDROID = {
    "collapse_key": "k",
    "ttl": "3600s",
    "restricted_package_name": "p",
    "data": {"a": "b"},
    "fcm_options": {"analytics_label": "a-1"},
    "direct_boot_ok": True,
    "bandwidth_constrained_ok": True,
    "restricted_satellite_ok": False,
}
EVERYTHING: dict[str, Any] = {
    "validate_only": False,
    "message": {
        "name": "n",
        "token": "t",
        "data": {"a": "b"},
        "notification": {"title": "t", "body": "b", "image": "https://shop.example/a.png"},
        "android": {
            **ANDROID,
            "priority": "HIGH",
            "notification": {**SHOWN, "proxy": "DENY", "bypass_proxy_notification": True},
        },
        "webpush": {
            "headers": {"TTL": "5"},
            "data": {"a": "b"},
            "notification": {"title": "t", "actions": [1]},
            "fcm_options": {"link": "https://shop.example", "analytics_label": "a"},
        },
        "apns": {
            "headers": {"apns-priority": "5"},
            "payload": {"aps": {"badge": 1}},
            "fcm_options": {"image": "https://shop.example/a.png", "analytics_label": "a"},
            "live_activity_token": "t",
        },
        "fcm_options": {"analytics_label": "a"},
    },
}
SECOND_FORM: dict[str, Any] = {
    "message": {
        "fid": "f",
        "android_v2": {
            **ANDROID,
            "remote_notification": {
                "notification": {**SHOWN, "id": 7},
                "mutable_content": True,
                "use_as_v1_data_message": False,
            },
            "background_sync": {},
        },
    }
}
FREE = {"headers", "data", "payload", "message.webpush.notification"}


def in_camel_case(value: Any, path: str = "") -> Any:
    """The same request, its fields spelt the other way; the keys of maps stay."""
    if isinstance(value, list) or not isinstance(value, dict):
        return value
    if path.rpartition(".")[2] in FREE or path.removeprefix(".") in FREE:
        return value
    return {camel_case(name): in_camel_case(item, f"{path}.{name}") for name, item in value.items()}


@pytest.mark.parametrize("whole", [EVERYTHING, SECOND_FORM])
def test_every_field_is_taken_in_both_spellings(whole: dict[str, Any]) -> None:
    spelt = in_camel_case(whole)

    assert violations(whole) == []
    assert violations(spelt) == []
    assert spelt != whole


def test_null_is_a_field_left_out() -> None:
    assert violations({"message": {"token": "t", "android": None, "data": None}}) == []


def test_googles_sdk_writes_enums_in_lower_case() -> None:
    assert violations({"message": {"token": "t", "android": {"priority": "high"}}}) == []


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ({"tokn": "t"}, "message"),
        ({"token": "t", "android": {"titel": "x"}}, "message.android"),
        ({"token": "t", "android": {"notification": {"channelid": "x"}}}, "message.android.notification"),
        ({"token": 7}, "message.token"),
        ({"token": "t", "data": {"a": 1}}, "message.data[0].value"),
        ({"token": "t", "data": {"a": None}}, "message.data[0].value"),
        ({"token": "t", "data": {"a": {"b": "c"}}}, "message.data[0].value"),
        ({"token": "t", "data": []}, "message.data"),
        ({"token": "t", "android": "x"}, "message.android"),
        ({"token": "t", "android": {"priority": "max"}}, "message.android.priority"),
        ({"token": "t", "android": {"ttl": 3600}}, "message.android.ttl"),
        ({"token": "t", "android": {"ttl": "3600"}}, "message.android.ttl"),
        ({"token": "t", "android": {"ttl": "-1s"}}, "message.android.ttl"),
        ({"token": "t", "android": {"ttl": "2419201s"}}, "message.android.ttl"),
        ({"token": "t", "android": {"direct_boot_ok": "true"}}, "message.android.direct_boot_ok"),
        ({"token": "t", "android": {"fcm_options": {"analytics_label": "a b"}}}, "analytics_label"),
        ({"token": "t", "android": {"notification": {"color": "red"}}}, "notification.color"),
        ({"token": "t", "android": {"notification": {"image": "http://a.b/c"}}}, "notification.image"),
        ({"token": "t", "android": {"notification": {"notification_count": 2**31}}}, "notification_count"),
        ({"token": "t", "android": {"notification": {"notification_count": True}}}, "notification_count"),
        ({"token": "t", "android": {"notification": {"event_time": "noon"}}}, "event_time"),
        ({"token": "t", "android": {"notification": {"vibrate_timings": ["1"]}}}, "vibrate_timings[0]"),
        ({"token": "t", "android": {"notification": {"vibrate_timings": "1s"}}}, "vibrate_timings"),
        (
            {"token": "t", "android": {"notification": {"light_settings": {"color": {"red": "1"}}}}},
            "color.red",
        ),
        ({"token": "t", "notification": {"image": "https://"}}, "message.notification.image"),
        ({"token": "t", "webpush": {"fcm_options": {"link": "http://a.b"}}}, "webpush.fcm_options.link"),
        ({"token": "t", "apns": {"payload": "x"}}, "message.apns.payload"),
        ({"token": "t", "data": {"from": "x"}}, "message.data"),
        ({"token": "t", "android": {"data": {"google.x": "x"}}}, "message.android.data"),
        ({"token": "t", "webpush": {"data": {"gcm.notification.a": "x"}}}, "message.webpush.data"),
        ({}, "message"),
        ({"data": {"a": "b"}}, "message"),
        ({"token": "t", "topic": "u"}, "message"),
        ({"token": "t", "fid": "u"}, "message"),
        ({"token": "t", "android": {}, "android_v2": {}}, "message"),
        ({"token": "t", "android": {}, "androidV2": {}}, "message"),
    ],
)
def test_what_fcm_refuses_is_refused_by_field(message: object, field: str) -> None:
    problems = violations({"message": message})

    assert len(problems) == 1
    assert problems[0].field.endswith(field)


@pytest.mark.parametrize("request_", [None, 7, "x", [], {}, {"message": None}, {"massage": {"token": "t"}}])
def test_a_request_without_a_message_is_refused(request_: object) -> None:
    assert len(violations(request_)) == 1


def test_all_that_is_wrong_is_told_at_once() -> None:
    problems = violations({"message": {"token": 1, "data": {"a": 2}, "android": {"ttl": 3}}})

    assert [problem.field for problem in problems] == [
        "message.token",
        "message.data[0].value",
        "message.android.ttl",
    ]


NAMES = st.sampled_from(["message", "token", "data", "android", "notification", "ttl", "priority", "x"])


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    )
)
def test_no_json_is_too_strange(request_: object) -> None:
    decoded = msgspec.json.decode(msgspec.json.encode(request_))

    assert isinstance(violations(decoded), list)
