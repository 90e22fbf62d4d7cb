"""The page: everything that arrived is shown, and nothing of it is obeyed."""

from __future__ import annotations

from typing import Any

import msgspec

from tests.transports.makers import NOW_MS
from transports.sink.page import render
from transports.sink.received import Entry

EVIL = "<script>alert('x')</script>"


def an_entry(body: bytes, status: int = 200, **changes: str) -> Entry:
    names: dict[str, Any] = {"service": "fcm", "token": "token-1", "message": "m-1", **changes}
    return Entry(n=7, at=NOW_MS, status=status, body=body, **names)


def a_body(**fields: str) -> bytes:
    return msgspec.json.encode({"message": {"android": {"notification": fields}}})


def test_a_push_is_shown_with_all_that_a_phone_would_show() -> None:
    page = render([an_entry(a_body(title="Hello", body="World", image="https://shop.example/a.png"))], 1)

    for shown in ("Hello", "World", "https://shop.example/a.png", "token-1", "m-1", "200", "10:00:00 UTC"):
        assert shown in page
    assert "<img" not in page


def test_everything_that_arrived_is_escaped() -> None:
    body = a_body(title=EVIL, body=EVIL, image=EVIL)

    page = render([an_entry(body, token=EVIL, message=EVIL)], 1)

    assert "<script" not in page
    assert page.count("&lt;script&gt;") == 5


def test_a_refused_one_and_one_without_an_answer_look_different() -> None:
    page = render([an_entry(b"", status=404), an_entry(b"{}", status=0), an_entry(b"\xff")], 3)

    assert page.count('class="refused"') == 2
    assert "no answer" in page


def test_the_notification_of_all_platforms_is_shown_too() -> None:
    body = b'{"message":{"notification":{"title":"For all"},"android":7}}'

    assert "For all" in render([an_entry(body)], 1)


def test_an_empty_page_says_so_and_asks_again() -> None:
    page = render([], 0)

    assert "Nothing has arrived" in page
    assert 'http-equiv="refresh"' in page
