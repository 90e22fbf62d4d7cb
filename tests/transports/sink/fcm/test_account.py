"""The token endpoint: what it asks of an assertion, and how long its tokens live."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.transports.makers import NOW_MS, HandClock
from transports.sink.fcm.account import CLIENT_EMAIL, GRANT_TYPE, Account

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
NOW_S = NOW_MS // 1000
OWN_URI = "http://127.0.0.1:9090/token"
CLAIMS: dict[str, Any] = {
    "iss": CLIENT_EMAIL,
    "scope": "https://www.googleapis.com/auth/firebase.messaging",
    "aud": OWN_URI,
    "iat": NOW_S,
    "exp": NOW_S + 3600,
}


@pytest.fixture
def account(clock: HandClock) -> Account:
    return Account(KEY, "kid-1", OWN_URI, clock.now_ms, life_s=100)


def signed(
    claims: dict[str, Any], key: Any = KEY, kid: str | None = "kid-1", algorithm: str = "RS256"
) -> str:
    """An assertion; a claim that is None is left out."""
    given = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(given, key, algorithm=algorithm, headers={"kid": kid} if kid else None)


def a_form(assertion: str, grant_type: str = GRANT_TYPE) -> bytes:
    return urlencode({"grant_type": grant_type, "assertion": assertion}).encode()


def exchanged(account: Account, form: bytes) -> tuple[int, dict[str, Any]]:
    status, body = account.exchange(form)
    return status, msgspec.json.decode(body)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"aud": "https://oauth2.googleapis.com/token"},
        {"scope": "https://www.googleapis.com/auth/cloud-platform other"},
        {"iat": NOW_S + 30, "exp": NOW_S + 60},
    ],
)
def test_a_good_assertion_is_granted_a_token(account: Account, changes: dict[str, Any]) -> None:
    status, grant = exchanged(account, a_form(signed({**CLAIMS, **changes})))

    assert status == 200
    assert (grant["expires_in"], grant["token_type"]) == (100, "Bearer")
    assert account.admits(f"Bearer {grant['access_token']}")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"iss": "someone@else.invalid"}, "invalid_grant"),
        ({"aud": "http://127.0.0.1:9091/token"}, "invalid_grant"),
        ({"aud": [OWN_URI]}, "invalid_grant"),
        ({"aud": None}, "invalid_grant"),
        ({"scope": "https://www.googleapis.com/auth/devstorage.read_only"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
        ({"iat": None}, "invalid_grant"),
        ({"exp": None}, "invalid_grant"),
        ({"exp": NOW_S + 3601}, "invalid_grant"),
        ({"iat": NOW_S - 3700, "exp": NOW_S - 100}, "invalid_grant"),
        ({"iat": NOW_S + 100, "exp": NOW_S + 200}, "invalid_grant"),
        ({"iat": NOW_S, "exp": NOW_S}, "invalid_grant"),
    ],
)
def test_claims_that_google_would_refuse(account: Account, changes: dict[str, Any], error: str) -> None:
    status, told = exchanged(account, a_form(signed({**CLAIMS, **changes})))

    assert (status, told["error"]) == (400, error)


@pytest.mark.parametrize(
    "assertion",
    [
        signed(CLAIMS, OTHER_KEY),
        signed(CLAIMS, kid="kid-2"),
        signed(CLAIMS, kid=None),
        signed(CLAIMS, "a shared secret of more than thirty-two bytes", algorithm="HS256"),
        jwt.encode(CLAIMS, "", algorithm="none", headers={"kid": "kid-1"}),
        "no.jwt.at.all",
        "x",
    ],
)
def test_signatures_that_google_would_refuse(account: Account, assertion: str) -> None:
    status, told = exchanged(account, a_form(assertion))

    assert (status, told["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("form", "error"),
    [
        (b"", "unsupported_grant_type"),
        (a_form(signed(CLAIMS), "password"), "unsupported_grant_type"),
        (urlencode({"grant_type": GRANT_TYPE}).encode(), "invalid_request"),
        (b'{"grant_type": "json"}', "unsupported_grant_type"),
        (b"\xff\xfe", "unsupported_grant_type"),
    ],
)
def test_forms_that_google_would_refuse(account: Account, form: bytes, error: str) -> None:
    status, told = exchanged(account, form)

    assert (status, told["error"]) == (400, error)


def test_a_token_dies_with_its_time_or_when_it_is_revoked(account: Account, clock: HandClock) -> None:
    _, first = exchanged(account, a_form(signed(CLAIMS)))
    clock.forward(99)
    assert account.admits(f"Bearer {first['access_token']}")
    clock.forward(1)
    assert not account.admits(f"Bearer {first['access_token']}")

    _, second = exchanged(account, a_form(signed(CLAIMS)))
    account.revoke_all()

    assert not account.admits(f"Bearer {second['access_token']}")


@pytest.mark.parametrize("header", [None, "", "Bearer ", "Bearer unknown"])
def test_nobody_is_admitted_without_a_token(account: Account, header: str | None) -> None:
    assert not account.admits(header)
