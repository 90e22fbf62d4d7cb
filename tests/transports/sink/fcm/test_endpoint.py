"""`messages:send` as the sink plays it: what is judged, in which order, and what is noted of it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from transports.http import Answer, HttpPool
from transports.sink.fcm.endpoint import LIMIT_BYTES, TOPIC_LIMIT_BYTES, judge
from transports.sink.server import Sink

GOOD: dict[str, Any] = {"message": {"token": "token-1", "data": {"carillon_message": "m-1"}}}


def error(body: bytes) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.json.decode(body)["error"]
    return told


def sized(size_bytes: int, **target: str) -> dict[str, Any]:
    """A request whose message is exactly so large."""
    bare = len(msgspec.json.encode({**target, "data": {"k": ""}}))
    return {"message": {**target, "data": {"k": "x" * (size_bytes - bare)}}}


def test_a_good_message_gets_a_name_of_its_project() -> None:
    verdict = judge(msgspec.json.encode(GOOD), "shop", admitted=True)

    assert (verdict.token, verdict.message, verdict.status) == ("token-1", "m-1", 200)
    assert msgspec.json.decode(verdict.body)["name"].startswith("projects/shop/messages/")


def test_a_trial_gets_the_name_of_none() -> None:
    verdict = judge(msgspec.json.encode({**GOOD, "validateOnly": True}), "shop", admitted=True)

    assert msgspec.json.decode(verdict.body) == {"name": "projects/shop/messages/fake_message_id"}


def test_who_is_not_admitted_learns_nothing_else() -> None:
    verdict = judge(b'{"message": {"token": "token-1", "bad": 1}}', "shop", admitted=False)

    assert (verdict.status, error(verdict.body)["status"]) == (401, "UNAUTHENTICATED")
    assert verdict.token == "token-1"


@pytest.mark.parametrize("body", [b"", b"nope", b"\xff", b"{"])
def test_what_is_no_json_is_a_bad_request(body: bytes) -> None:
    verdict = judge(body, "shop", admitted=True)

    assert (verdict.status, verdict.token) == (400, "")
    assert error(verdict.body)["details"][0]["@type"].endswith("google.rpc.BadRequest")


def test_a_violation_is_told_as_google_tells_it() -> None:
    verdict = judge(b'{"message": {"token": "t", "android": {"ttl": 3600}}}', "shop", admitted=True)

    told = error(verdict.body)
    assert (told["code"], told["status"]) == (400, "INVALID_ARGUMENT")
    assert told["details"] == [
        {
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": [
                {"field": "message.android.ttl", "description": told["message"]},
            ],
        }
    ]


@pytest.mark.parametrize(
    ("target", "limit_bytes"), [("token", LIMIT_BYTES), ("fid", LIMIT_BYTES), ("topic", TOPIC_LIMIT_BYTES)]
)
def test_a_message_has_its_limit(target: str, limit_bytes: int) -> None:
    fits = judge(msgspec.json.encode(sized(limit_bytes, **{target: "t"})), "shop", admitted=True)
    over = judge(msgspec.json.encode(sized(limit_bytes + 1, **{target: "t"})), "shop", admitted=True)

    assert fits.status == 200
    assert over.status == 400
    assert "message too big" in error(over.body)["message"]


def test_white_space_does_not_count() -> None:
    spaced = msgspec.json.format(msgspec.json.encode(sized(LIMIT_BYTES, token="t")), indent=8)

    assert judge(spaced, "shop", admitted=True).status == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/projects/shop/messages:send", 401),
        ("/v1/projects/SHOP!/messages:send", 404),
        ("/v1/projects/shop/messages", 404),
        ("/fcm/send", 404),
    ],
)
async def test_paths(sink: Sink, http: HttpPool, path: str, status: int) -> None:
    outcome = await http.post(sink.url + path, {}, b"{}", 5)

    assert isinstance(outcome, Answer)
    assert outcome.status == status


async def test_a_refused_request_is_noted_and_is_no_rules_business(sink: Sink, http: HttpPool) -> None:
    sink.desk.script.extend(b'{"service": "fcm", "status": 503}')

    outcome = await http.post(f"{sink.url}/v1/projects/shop/messages:send", {}, msgspec.json.encode(GOOD), 5)

    assert isinstance(outcome, Answer)
    assert outcome.status == 401
    (entry,) = sink.desk.received.after(0)
    assert (entry.token, entry.message, entry.status) == ("token-1", "m-1", 401)


async def test_a_scripted_answer_has_its_headers_and_body(sink: Sink, http: HttpPool) -> None:
    rule = {"service": "fcm-token", "status": 400, "headers": {"X-Own": "1"}, "body": {"error": "slow_down"}}
    sink.desk.script.extend(msgspec.json.encode(rule))

    outcome = await http.post(f"{sink.url}/token", {}, b"", 5)

    assert isinstance(outcome, Answer)
    assert (outcome.status, outcome.headers.get("x-own")) == (400, "1")
    assert outcome.body == b'{"error":"slow_down"}'
