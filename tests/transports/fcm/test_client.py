"""FCM end to end: our client against the sink, on a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.domain.model.reason import Reason
from app.domain.model.receipt import Accepted, Gone, Receipt, Rejected, Retry, Unknown
from tests.transports.makers import NOW_MS, HandClock, RecordingHttp, a_free_port, a_push, a_target, until
from transports.base import Transport
from transports.fcm.client import FcmTransport
from transports.fcm.credentials import CredentialsError
from transports.http import Answer, HttpPool, Unsent
from transports.sink.fcm import errors
from transports.sink.received import Entry
from transports.sink.server import Sink

GRANT = Answer(200, {}, b'{"access_token":"secret-access","expires_in":3600}')


@pytest.fixture
async def fcm(sink: Sink, http: HttpPool, clock: HandClock) -> AsyncIterator[FcmTransport]:
    transport = FcmTransport("shop", sink.credentials, sink.url, http, clock, deadline_s=10)
    await transport.open()
    yield transport
    await transport.close()


def tell(sink: Sink, *rules: dict[str, Any]) -> None:
    """Script the sink."""
    sink.desk.script.extend(msgspec.json.encode(rules))


def arrived(sink: Sink) -> list[Entry]:
    return sink.desk.received.after(0)


async def send(transport: Transport, **changes: Any) -> Receipt:
    """One push to one device."""
    return await transport.send(a_push(**changes), a_target(), NOW_MS)


async def test_a_push_arrives_and_is_accepted(fcm: FcmTransport, sink: Sink) -> None:
    outcome = await send(fcm)

    assert isinstance(outcome, Accepted)
    assert outcome.provider_id.startswith("projects/shop/messages/")
    (entry,) = arrived(sink)
    assert (entry.service, entry.token, entry.message, entry.status) == ("fcm", "token-1", "m-1", 200)


async def test_many_sends_share_one_access_token(fcm: FcmTransport, sink: Sink) -> None:
    outcomes = await asyncio.gather(*(send(fcm, message_id=f"m-{n}") for n in range(200)))

    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert {entry.message for entry in arrived(sink)} == {f"m-{n}" for n in range(200)}
    assert len({*sink.account._lives}) == 1


async def test_a_refused_access_token_is_replaced_and_the_push_sent_again(
    fcm: FcmTransport, sink: Sink
) -> None:
    # Given a token in use that the service no longer knows
    await send(fcm, message_id="m-0")
    sink.account.revoke_all()
    # When the next push is sent
    outcome = await send(fcm, message_id="m-1")
    # Then it was refused once and accepted with another token
    assert isinstance(outcome, Accepted)
    assert [(entry.message, entry.status) for entry in arrived(sink)] == [
        ("m-0", 200),
        ("m-1", 401),
        ("m-1", 200),
    ]


async def test_a_token_that_is_refused_twice_is_a_matter_of_credentials(
    fcm: FcmTransport, sink: Sink
) -> None:
    tell(sink, {"service": "fcm", "status": 401})

    outcome = await send(fcm)

    assert isinstance(outcome, Retry)
    assert outcome.reason is Reason.PROVIDER_UNAVAILABLE
    assert "config" in outcome.detail
    assert len(arrived(sink)) == 2


async def test_without_an_access_token_nothing_is_sent(fcm: FcmTransport, sink: Sink) -> None:
    tell(sink, {"service": "fcm-token", "status": 503, "headers": {"Retry-After": "4"}})

    assert await send(fcm) == Retry(
        Reason.PROVIDER_UNAVAILABLE, 4_000, "no access token: HTTP 503 internal_failure"
    )
    assert arrived(sink) == []


async def test_a_busy_service_says_when(fcm: FcmTransport, sink: Sink) -> None:
    tell(sink, {"status": 503, "first": 1, "service": "fcm", "headers": {"Retry-After": "7"}})

    first, second = await send(fcm), await send(fcm)

    assert isinstance(first, Retry)
    assert first.after_ms == 7_000
    assert isinstance(second, Accepted)


async def test_a_dead_token_is_gone(fcm: FcmTransport, sink: Sink) -> None:
    """C135."""
    tell(sink, {"service": "fcm", "token": "token-*", "status": 404})

    outcome = await send(fcm)

    assert isinstance(outcome, Gone)
    assert "UNREGISTERED" in outcome.detail
    assert "token-1" not in outcome.detail


async def test_an_answer_after_the_deadline_is_unknown(sink: Sink, http: HttpPool, clock: HandClock) -> None:
    # Given a service that takes longer than the transport waits
    transport = FcmTransport("shop", sink.credentials, sink.url, http, clock, deadline_s=0.2)
    await transport.open()
    tell(sink, {"service": "fcm", "delay": "1m"})
    # When a push is sent
    outcome = await send(transport)
    # Then nobody knows, and the sink lists it with the status that it would have got
    assert isinstance(outcome, Unknown)
    assert [entry.status for entry in arrived(sink)] == [200]
    await until(lambda: sink.desk.received.in_flight() == [])
    await transport.close()


async def test_a_delay_within_the_deadline_is_only_slow(fcm: FcmTransport, sink: Sink) -> None:
    tell(sink, {"service": "fcm", "delay": "20ms"})

    assert isinstance(await send(fcm), Accepted)


async def test_silence_is_unknown_and_in_flight_until_the_caller_leaves(
    sink: Sink, http: HttpPool, clock: HandClock
) -> None:
    transport = FcmTransport("shop", sink.credentials, sink.url, http, clock, deadline_s=60)
    await transport.open()
    tell(sink, {"service": "fcm", "no_answer": True})
    sending = asyncio.create_task(send(transport))
    await until(lambda: [entry.message for entry in sink.desk.received.in_flight()] == ["m-1"])
    assert arrived(sink)[0].status == 0

    sending.cancel()

    await until(lambda: sink.desk.received.in_flight() == [])
    await transport.close()


async def test_a_connection_cut_is_unknown(fcm: FcmTransport, sink: Sink) -> None:
    tell(sink, {"service": "fcm", "no_answer": True, "delay": "0s"})

    assert isinstance(await send(fcm), Unknown)


async def test_a_service_that_is_not_there_is_a_retry(sink: Sink, http: HttpPool, clock: HandClock) -> None:
    transport = FcmTransport("shop", sink.credentials, f"http://127.0.0.1:{a_free_port()}", http, clock)
    await transport.open()

    outcome = await send(transport)

    assert isinstance(outcome, Retry)
    assert outcome.after_ms is None
    await transport.close()


async def test_what_the_service_finds_too_big_goes_once_more_smaller(fcm: FcmTransport, sink: Sink) -> None:
    rule = {"service": "fcm", "first": 1, "status": 400, "body": msgspec.json.decode(errors.too_big(4096))}
    tell(sink, rule)

    outcome = await send(fcm, body="x" * 3500)

    assert isinstance(outcome, Accepted)
    first, second = (len(entry.body) for entry in arrived(sink))
    assert first > 3500
    assert second <= 3072


async def test_what_stays_too_big_is_rejected(fcm: FcmTransport, sink: Sink) -> None:
    tell(sink, {"service": "fcm", "status": 400, "body": msgspec.json.decode(errors.too_big(4096))})

    outcome = await send(fcm)

    assert isinstance(outcome, Rejected)
    assert outcome.reason is Reason.PAYLOAD_TOO_LARGE
    assert len(arrived(sink)) == 2


async def test_what_cannot_be_written_is_rejected_unsent(fcm: FcmTransport, sink: Sink) -> None:
    large = await send(fcm, data={"k": "x" * 5000})
    reserved = await send(fcm, data={"google.k": "x"})

    assert isinstance(large, Rejected)
    assert large.reason is Reason.PAYLOAD_TOO_LARGE
    assert isinstance(reserved, Rejected)
    assert "google.k" in reserved.detail
    assert arrived(sink) == []


async def test_googles_own_address_is_the_default(sink: Sink, clock: HandClock) -> None:
    http = RecordingHttp(GRANT, Unsent("loopback only"))
    transport = FcmTransport("shop", sink.credentials, None, http, clock)
    await transport.open()

    await send(transport)

    assert [url for url, _, _ in http.calls] == [
        f"{sink.url}/token",
        "https://fcm.googleapis.com/v1/projects/shop/messages:send",
    ]
    await transport.close()


async def test_no_receipt_shows_a_secret(sink: Sink, clock: HandClock) -> None:
    """C136."""
    for status in (400, 401, 403, 404, 429, 500):
        said = errors.by_status(status).replace(b'"message":"', b'"message":"token-1 ')
        transport = FcmTransport(
            "shop", sink.credentials, None, RecordingHttp(GRANT, Answer(status, {}, said)), clock
        )
        await transport.open()
        outcome = await send(transport)
        assert "secret-access" not in repr(outcome)
        await transport.close()


async def test_credentials_that_cannot_be_read_stop_it_at_open(tmp_path: Path, clock: HandClock) -> None:
    transport = FcmTransport("shop", tmp_path / "none.json", None, RecordingHttp(GRANT), clock)

    with pytest.raises(CredentialsError):
        await transport.open()
    with pytest.raises(RuntimeError, match="not open"):
        await send(transport)
    await transport.close()
