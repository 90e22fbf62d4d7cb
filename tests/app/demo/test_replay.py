"""From rows to messages."""

from __future__ import annotations

from app.demo.dataset import Row, in_order
from app.demo.replay import messages
from tests.oracle.synthetic import click_log


def a_row(
    user_id: str = "user_0001", event: str = "cart", platform: str = "mobile", at: str = "10:00:00"
) -> Row:
    return Row(user_id, "s1", event, f"2024-03-13 {at}", platform, "email", "2024-01", "new")


def test_the_first_row_of_a_user_brings_traits_and_the_device_then_the_event() -> None:
    (user, identify), (_, track) = messages([a_row()])
    assert user == "user_0001"
    assert identify == {
        "type": "identify",
        "messageId": "row-0-traits",
        "userId": "user_0001",
        "timestamp": "2024-03-13T10:00:00Z",
        "traits": {
            "platform": "mobile",
            "acquisition_channel": "email",
            "user_cohort": "2024-01",
            "user_lifecycle": "new",
        },
        "context": {
            "device": {
                "id": "dev-user_0001",
                "type": "android",
                "token": "tok-user_0001",
                "push": "allowed",
            }
        },
    }
    assert track == {
        "type": "track",
        "messageId": "row-0",
        "userId": "user_0001",
        "event": "cart",
        "timestamp": "2024-03-13T10:00:00Z",
        "properties": {},
    }


def test_who_has_an_id_that_ends_in_7_has_blocked() -> None:
    (_, identify), _ = messages([a_row("user_0017")])
    assert identify["context"]["device"]["push"] == "blocked"


def test_traits_are_told_again_only_when_they_differ_from_the_last_of_that_user() -> None:
    rows = [a_row(), a_row("user_0002"), a_row(), a_row(platform="desktop"), a_row()]
    told = [message["messageId"] for _, message in messages(rows) if message["type"] == "identify"]
    assert told == ["row-0-traits", "row-1-traits", "row-3-traits", "row-4-traits"]


def test_only_the_first_identify_has_a_device() -> None:
    sent = [message for _, message in messages([a_row(), a_row(platform="desktop")])]
    assert ["context" in message for message in sent] == [True, False, False, False]


def test_every_row_becomes_one_event_numbered_in_order() -> None:
    rows = in_order(click_log(seed=5, rows=300))
    tracks = [message for _, message in messages(rows) if message["type"] == "track"]
    assert [message["messageId"] for message in tracks] == [f"row-{number}" for number in range(300)]
    assert [message["event"] for message in tracks] == [row.event for row in rows]
