"""Access tokens for FCM: a signed assertion is traded for one, which serves for about an hour (RFC 7523).

https://developers.google.com/identity/protocols/oauth2/service-account#httprest

The life of a token: fetched by the first that needs it -> serves -> at 80 % of its life a successor is
fetched in the background while it still serves -> replaced. A refused one is dropped and replaced at once.
However many wait, one request is under way. After a failure nobody asks again before its wait is over.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlencode

import jwt
import msgspec

from app.clock import Clock
from app.domain.model.reason import Reason
from app.domain.model.receipt import Retry
from transports.fcm.credentials import ServiceAccount
from transports.fcm.replies import retry_after_ms
from transports.http import Answer, Http

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
GOOGLE_AUDIENCE = "https://oauth2.googleapis.com/token"
ASSERTION_LIFE_S = 3600  # the longest that Google takes
RENEW_AT = 0.8  # of a token's life
WAIT_MS = 10_000  # after a failure, where the endpoint names no time
DEADLINE_S = 10.0
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_ERROR_NAME = re.compile(r"[a-z_]{1,40}", re.ASCII)
_TOKEN = re.compile(r"[\x21-\x7e]{1,4096}", re.ASCII)


class _Granted(msgspec.Struct):
    """The endpoint's answer (RFC 6749 section 5.1)."""

    access_token: str
    expires_in: int


class _Refused(msgspec.Struct):
    """The endpoint's error (RFC 6749 section 5.2)."""

    error: str = ""


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and its life, on the monotonic clock."""

    value: str = field(repr=False)
    renew_s: float
    expires_s: float


class TokenSource:
    """The access tokens of one service account."""

    def __init__(self, account: ServiceAccount, http: Http, clock: Clock) -> None:
        self._account = account
        self._http = http
        self._clock = clock
        self._token: Token | None = None
        self._failure: Retry | None = None
        self._wait_until_s = 0.0
        self._flight: asyncio.Task[Token | Retry] | None = None

    async def token(self) -> Token | Retry:
        """Return a token that is not expired, or why there is none. Only the first caller ever waits."""
        token = self._token
        now_s = self._clock.monotonic_s()
        if token is None or now_s >= token.expires_s:
            return await self._fresh(now_s)
        if now_s >= token.renew_s and now_s >= self._wait_until_s:
            self._fetch()
        return token

    async def replace(self, refused: Token) -> Token | Retry:
        """Return another token than the `refused` one; it is fetched unless that has already happened."""
        if self._token is refused:
            self._token = None
            self._wait_until_s = 0.0
        return await self.token()

    async def close(self) -> None:
        """End a fetch that is under way."""
        flight, self._flight = self._flight, None
        if flight is not None:
            flight.cancel()
            await asyncio.wait([flight])

    async def _fresh(self, now_s: float) -> Token | Retry:
        """Wait for a new token; while a failure's wait lasts, repeat the failure with what is left of it."""
        if self._failure is not None and now_s < self._wait_until_s:
            left_ms = int((self._wait_until_s - now_s) * 1000)
            return Retry(self._failure.reason, left_ms, self._failure.detail)
        return await asyncio.shield(self._fetch())

    def _fetch(self) -> asyncio.Task[Token | Retry]:
        """Return the fetch that is under way, or start one."""
        if self._flight is None or self._flight.done():
            self._flight = asyncio.create_task(self._ask(), name="fcm-token")
        return self._flight

    async def _ask(self) -> Token | Retry:
        """Ask the endpoint once, and keep what it said."""
        asked_s = self._clock.monotonic_s()
        form = {"grant_type": GRANT_TYPE, "assertion": assertion(self._account, self._clock.now_ms())}
        outcome = await self._http.post(self._account.token_uri, _FORM, urlencode(form).encode(), DEADLINE_S)
        if not isinstance(outcome, Answer):
            detail = f"no access token: {outcome.detail}"
            return self._failed(Retry(Reason.PROVIDER_UNAVAILABLE, None, detail))
        result = granted(outcome, asked_s)
        if result is None:
            return self._failed(refusal(outcome, self._clock.now_ms()))
        self._token, self._failure, self._wait_until_s = result, None, 0.0
        return result

    def _failed(self, failure: Retry) -> Retry:
        wait_ms = WAIT_MS if failure.after_ms is None else failure.after_ms
        self._failure = failure
        self._wait_until_s = self._clock.monotonic_s() + wait_ms / 1000
        return failure


def assertion(account: ServiceAccount, now_ms: int) -> str:
    """Sign who we are and what we want, RS256, for the hour after `now_ms`."""
    issued_s = now_ms // 1000
    claims = {
        "iss": account.client_email,
        "scope": SCOPE,
        "aud": GOOGLE_AUDIENCE,
        "iat": issued_s,
        "exp": issued_s + ASSERTION_LIFE_S,
    }
    return jwt.encode(claims, account.private_key, algorithm="RS256", headers={"kid": account.private_key_id})


def granted(answer: Answer, asked_s: float) -> Token | None:
    """The token of a good answer, None for any other. Its life counts from when it was asked for."""
    try:
        grant = msgspec.json.decode(answer.body, type=_Granted)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if answer.status != HTTPStatus.OK or grant.expires_in <= 0 or not _TOKEN.fullmatch(grant.access_token):
        return None
    return Token(grant.access_token, asked_s + grant.expires_in * RENEW_AT, asked_s + grant.expires_in)


def refusal(answer: Answer, now_ms: int) -> Retry:
    """What an answer without a token means. 4xx but 429: our key or clock, which only a person can mend."""
    after_ms = retry_after_ms(answer.headers.get("retry-after"), now_ms)
    told = f"no access token: HTTP {answer.status} {_error_name(answer.body)}".rstrip()
    too_many = answer.status == HTTPStatus.TOO_MANY_REQUESTS
    if HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR and not too_many:
        told += ": config: credentials refused (key revoked, or this machine's clock is wrong)"
    return Retry(Reason.PROVIDER_UNAVAILABLE, after_ms, told)


def _error_name(body: bytes) -> str:
    """The endpoint's name of its error, and nothing that could be part of a secret."""
    try:
        name = msgspec.json.decode(body, type=_Refused).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return name if _ERROR_NAME.fullmatch(name) else ""
