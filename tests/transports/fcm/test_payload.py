"""What is written for FCM: golden requests, and the cut to its size."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.model.push import AndroidOptions, Push
from tests.transports.makers import a_push, a_target
from transports.fcm.payload import LIMIT_BYTES, PayloadTooLarge, ReservedKey, body, request
from transports.sink.fcm.endpoint import judge

OWN = {"carillon_message": "m-1", "carillon_campaign": "cart-reminder"}


def written(push: Push) -> dict[str, Any]:
    """The message, as the service would read it."""
    sent = body(push, a_target())
    assert isinstance(sent, bytes)
    message: dict[str, Any] = msgspec.json.decode(sent)["message"]
    return message


def notification(push: Push) -> dict[str, Any]:
    shown: dict[str, Any] = written(push)["android"]["notification"]
    return shown


def test_a_plain_push_is_as_small_as_it_can_be() -> None:
    assert written(a_push()) == {
        "token": "token-1",
        "data": OWN,
        "android": {
            "priority": "normal",
            "notification": {"title": "Hello", "body": "World", "tag": "m-1"},
        },
    }


def test_a_full_push_has_every_field_in_its_place() -> None:
    """C075, C078, C082, C085, C087, C088."""
    push = a_push(
        variant="b",
        link="shop://cart/9",
        image="https://shop.example/kettle.png",
        data={"cart": "c-9"},
        collapse="cart",
        ttl_ms=4 * 3_600_000,
        android=AndroidOptions(channel="carts", priority="max", sound="ding"),
    )

    assert written(push) == {
        "token": "token-1",
        "data": {"cart": "c-9", **OWN, "carillon_variant": "b", "carillon_link": "shop://cart/9"},
        "android": {
            "priority": "high",
            "ttl": "14400s",
            "notification": {
                "title": "Hello",
                "body": "World",
                "tag": "cart",
                "image": "https://shop.example/kettle.png",
                "channel_id": "carts",
                "sound": "ding",
                "notification_priority": "PRIORITY_MAX",
            },
        },
    }


def test_a_silent_push_is_data_only() -> None:
    """C081."""
    message = written(a_push(silent=True, ttl_ms=60_000, image="https://shop.example/a.png"))

    assert message == {"token": "token-1", "data": OWN, "android": {"priority": "normal", "ttl": "60s"}}


@pytest.mark.parametrize(
    ("said", "delivered", "shown"),
    [
        ("max", "high", "PRIORITY_MAX"),
        ("high", "high", "PRIORITY_HIGH"),
        ("default", "normal", None),
    ],
)
def test_priorities(said: str, delivered: str, shown: str | None) -> None:
    """C087."""
    android = written(a_push(android=AndroidOptions(priority=said)))["android"]

    assert android["priority"] == delivered
    assert android["notification"].get("notification_priority") == shown


@pytest.mark.parametrize(
    ("ttl_ms", "ttl"),
    [(None, None), (0, "0s"), (-5, "0s"), (999, "0s"), (1_000, "1s"), (90_500, "90s"), (10**12, "2419200s")],
)
def test_time_to_live_is_in_whole_seconds_up_to_four_weeks(ttl_ms: int | None, ttl: str | None) -> None:
    assert written(a_push(ttl_ms=ttl_ms))["android"].get("ttl") == ttl


def test_an_image_that_fcm_would_refuse_is_left_out() -> None:
    """C090."""
    assert "image" not in notification(a_push(image="http://shop.example/a.png"))


@pytest.mark.parametrize("key", ["from", "message_type", "google.sent", "gcm.notification.title"])
def test_a_key_that_fcm_keeps_is_named(key: str) -> None:
    assert body(a_push(data={"fine": "1", key: "2"}), a_target()) == ReservedKey(key)


@pytest.mark.parametrize("key", ["From", "fromage", "google", "gcm.x"])
def test_a_key_that_only_looks_reserved_is_sent(key: str) -> None:
    assert written(a_push(data={key: "1"}))["data"][key] == "1"


def test_a_campaign_cannot_take_carillons_own_keys() -> None:
    assert written(a_push(data={"carillon_message": "forged"}))["data"]["carillon_message"] == "m-1"


def test_the_image_goes_before_any_text() -> None:
    text = "x" * (LIMIT_BYTES - len(msgspec.json.encode(request(a_push(body=""), a_target()))))
    shown = notification(a_push(body=text, image="https://shop.example/a.png"))

    assert "image" not in shown
    assert shown["body"] == text


@given(text=st.text(max_size=6000), image=st.none() | st.just("https://shop.example/a.png"))
def test_any_text_fits_and_is_cut_at_a_code_point_as_late_as_possible(text: str, image: str | None) -> None:
    push = a_push(body=text + "x" * (6000 - len(text)), image=image)

    sent = body(push, a_target())

    assert isinstance(sent, bytes)
    assert len(sent) <= LIMIT_BYTES
    kept = msgspec.json.decode(sent)["message"]["android"]["notification"]["body"]
    assert push.body.startswith(kept)
    longer = a_push(body=push.body[: len(kept) + 1])
    assert len(msgspec.json.encode(request(longer, a_target()))) > LIMIT_BYTES


@given(text=st.text(max_size=300), title=st.text(max_size=300), data=st.dictionaries(st.text(), st.text()))
def test_what_is_written_is_what_the_service_takes(text: str, title: str, data: dict[str, str]) -> None:
    sent = body(a_push(title=title, body=text, data=data), a_target())

    assert isinstance(sent, (bytes, ReservedKey, PayloadTooLarge))
    if isinstance(sent, bytes):
        assert judge(sent, "shop", admitted=True).status == 200


@pytest.mark.parametrize(
    "push",
    [
        a_push(data={"k": "x" * LIMIT_BYTES}),
        a_push(title="x" * LIMIT_BYTES),
        a_push(silent=True, data={"k": "x" * LIMIT_BYTES}),
        a_push(body="", data={"k": "x" * LIMIT_BYTES}),
    ],
)
def test_what_cannot_be_cut_is_too_large(push: Push) -> None:
    assert isinstance(body(push, a_target()), PayloadTooLarge)


def test_the_limit_is_inclusive() -> None:
    bare = len(msgspec.json.encode(request(a_push(body=""), a_target())))
    sent = body(a_push(body="x" * (LIMIT_BYTES - bare)), a_target())

    assert isinstance(sent, bytes)
    assert len(sent) == LIMIT_BYTES
