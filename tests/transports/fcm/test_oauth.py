"""Access tokens: fetched once, renewed while the old one serves, and never asked for in a storm."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from app.domain.model.reason import Reason
from app.domain.model.receipt import Retry
from tests.transports.makers import HandClock, RecordingHttp, until
from transports.fcm import credentials
from transports.fcm.oauth import Token, TokenSource
from transports.http import Answer, HttpPool, NoAnswer, Unsent
from transports.sink.fcm import key_file
from transports.sink.server import Sink


def a_grant(value: str = "access-1", life_s: object = 3600) -> Answer:
    """The endpoint's good answer."""
    return Answer(200, {}, msgspec.json.encode({"access_token": value, "expires_in": life_s}))


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> credentials.ServiceAccount:
    path = tmp_path_factory.mktemp("key") / "fcm.json"
    key_file.ensure(path, "http://127.0.0.1:1/token")
    return credentials.load(path)


def value(token: Token | Retry) -> str:
    """The token itself, where there is one."""
    assert isinstance(token, Token), token
    return token.value


async def test_the_sink_grants_a_token_for_our_assertion(
    sink: Sink, http: HttpPool, clock: HandClock
) -> None:
    """RFC 7523, over a real socket: form, signature, kid, iss, scope, aud and times are checked there."""
    tokens = TokenSource(credentials.load(sink.credentials), http, clock)

    token = value(await tokens.token())

    assert sink.account.admits(f"Bearer {token}")


async def test_a_wrong_clock_is_refused_as_credentials(sink: Sink, http: HttpPool) -> None:
    tokens = TokenSource(credentials.load(sink.credentials), http, HandClock(at_ms=0))

    failure = await tokens.token()

    assert isinstance(failure, Retry)
    assert failure.reason is Reason.PROVIDER_UNAVAILABLE
    assert "invalid_grant" in failure.detail
    assert "credentials refused" in failure.detail


async def test_a_token_is_fetched_once_for_all_that_wait(
    account: credentials.ServiceAccount, clock: HandClock
) -> None:
    http = RecordingHttp(a_grant())
    tokens = TokenSource(account, http, clock)

    got = await asyncio.gather(*(tokens.token() for _ in range(50)))

    assert {value(token) for token in got} == {"access-1"}
    assert len(http.calls) == 1


async def test_at_80_percent_of_its_life_a_successor_is_fetched_while_the_old_one_serves(
    account: credentials.ServiceAccount, clock: HandClock
) -> None:
    # Given a token that lives 1,000 s
    http = RecordingHttp(a_grant("access-1", 1000), a_grant("access-2", 1000))
    tokens = TokenSource(account, http, clock)
    await tokens.token()
    clock.forward(799)
    assert value(await tokens.token()) == "access-1"
    assert len(http.calls) == 1
    # When 80 % of that have passed, and the endpoint takes its time
    clock.forward(1)
    http.gate.clear()
    served = [value(await tokens.token()) for _ in range(10)]
    await until(lambda: len(http.calls) == 2)
    # Then the old one serves, one fetch is under way, and the new one follows
    assert served == ["access-1"] * 10
    http.gate.set()
    await until(lambda: tokens._flight is not None and tokens._flight.done())
    assert value(await tokens.token()) == "access-2"
    assert len(http.calls) == 2


async def test_a_failed_renewal_leaves_the_old_token_serving_and_waits(
    account: credentials.ServiceAccount, clock: HandClock
) -> None:
    http = RecordingHttp(
        a_grant("access-1", 1000), Answer(503, {"retry-after": "30"}, b""), a_grant("access-2")
    )
    tokens = TokenSource(account, http, clock)
    await tokens.token()
    clock.forward(800)

    await tokens.token()
    await until(lambda: tokens._failure is not None)
    clock.forward(29)
    assert value(await tokens.token()) == "access-1"
    assert len(http.calls) == 2
    clock.forward(1)
    await tokens.token()
    await until(lambda: tokens._failure is None)

    assert value(await tokens.token()) == "access-2"


async def test_an_expired_token_is_never_served(
    account: credentials.ServiceAccount, clock: HandClock
) -> None:
    tokens = TokenSource(account, RecordingHttp(a_grant("access-1", 1000), a_grant("access-2")), clock)
    await tokens.token()

    clock.forward(1000)

    assert value(await tokens.token()) == "access-2"


async def test_a_refused_token_is_replaced_once_for_all_that_had_it(
    account: credentials.ServiceAccount, clock: HandClock
) -> None:
    http = RecordingHttp(a_grant("access-1"), a_grant("access-2"))
    tokens = TokenSource(account, http, clock)
    refused = await tokens.token()
    assert isinstance(refused, Token)

    got = await asyncio.gather(*(tokens.replace(refused) for _ in range(20)))

    assert {value(token) for token in got} == {"access-2"}
    assert len(http.calls) == 2
    assert value(await tokens.replace(refused)) == "access-2"


@pytest.mark.parametrize(
    ("outcome", "after_ms", "words"),
    [
        (Answer(500, {}, b""), None, "HTTP 500"),
        (Answer(503, {"retry-after": "5"}, b""), 5_000, "HTTP 503"),
        (Answer(429, {}, b""), None, "HTTP 429"),
        (Answer(400, {}, b'{"error":"invalid_grant"}'), None, "invalid_grant: config: credentials refused"),
        (Answer(401, {}, b'{"error":"invalid_client"}'), None, "credentials refused"),
        (Answer(200, {}, b"not json"), None, "HTTP 200"),
        (Answer(200, {}, b'{"access_token":"a\\r\\nb","expires_in":9}'), None, "HTTP 200"),
        (a_grant(life_s=0), None, "HTTP 200"),
        (a_grant(life_s="soon"), None, "HTTP 200"),
        (Unsent("refused"), None, "refused"),
        (NoAnswer("silence"), None, "silence"),
    ],
)
async def test_a_failure_is_a_retry_and_no_exception(
    account: credentials.ServiceAccount,
    clock: HandClock,
    outcome: Answer | Unsent | NoAnswer,
    after_ms: int | None,
    words: str,
) -> None:
    failure = await TokenSource(account, RecordingHttp(outcome), clock).token()

    assert isinstance(failure, Retry)
    assert (failure.reason, failure.after_ms) == (Reason.PROVIDER_UNAVAILABLE, after_ms)
    assert words in failure.detail
    assert ("config" in failure.detail) == ("credentials" in failure.detail)


async def test_a_failure_shows_nothing_of_what_the_endpoint_says(
    account: credentials.ServiceAccount, clock: HandClock
) -> None:
    """C136: an endpoint could send the assertion back."""
    body = b'{"error":"eyJhbGciOi.SECRET","error_description":"SECRET"}'

    failure = await TokenSource(account, RecordingHttp(Answer(400, {}, body)), clock).token()

    assert "SECRET" not in repr(failure)


async def test_while_a_failures_wait_lasts_nobody_asks_again(
    account: credentials.ServiceAccount, clock: HandClock
) -> None:
    # Given an endpoint that asks for 8 s of peace
    http = RecordingHttp(Answer(503, {"retry-after": "8"}, b""), a_grant())
    tokens = TokenSource(account, http, clock)
    await tokens.token()
    # When 3 s later many ask
    clock.forward(3)
    failures = [await tokens.token() for _ in range(10)]
    # Then they hear what is left of it, and the endpoint nothing
    assert {failure.after_ms for failure in failures if isinstance(failure, Retry)} == {5_000}
    assert len(http.calls) == 1
    clock.forward(5)
    assert value(await tokens.token()) == "access-1"


async def test_a_cancelled_caller_does_not_end_the_fetch_of_the_others(
    account: credentials.ServiceAccount, clock: HandClock
) -> None:
    http = RecordingHttp(a_grant())
    http.gate.clear()
    tokens = TokenSource(account, http, clock)
    first, second = (asyncio.create_task(tokens.token()) for _ in range(2))
    await until(lambda: len(http.calls) == 1)

    first.cancel()
    await until(first.done)
    http.gate.set()

    assert value(await second) == "access-1"


async def test_closing_ends_a_fetch(account: credentials.ServiceAccount, clock: HandClock) -> None:
    http = RecordingHttp(a_grant())
    http.gate.clear()
    tokens = TokenSource(account, http, clock)
    waiting = asyncio.create_task(tokens.token())
    await until(lambda: len(http.calls) == 1)

    await tokens.close()
    await tokens.close()

    with pytest.raises(asyncio.CancelledError):
        await waiting


def test_a_token_never_shows_itself() -> None:
    """C136."""
    assert "access-1" not in repr(Token("access-1", 1, 2))
