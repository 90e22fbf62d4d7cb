"""The sink's own service account: its key file, and the token endpoint that trusts it (RFC 7523).

https://developers.google.com/identity/protocols/oauth2/service-account#httprest
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from jwt.types import Options

CLIENT_EMAIL = "carillon@sink.invalid"
PROJECT = "carillon-sink"
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
GOOGLE_AUDIENCE = "https://oauth2.googleapis.com/token"
# Either lets a caller send; Google's own SDK asks for the wider one.
SCOPES = frozenset(
    {
        "https://www.googleapis.com/auth/firebase.messaging",
        "https://www.googleapis.com/auth/cloud-platform",
    }
)
TOKEN_LIFE_S = 3599
ASSERTION_LIFE_S = 3600
SKEW_S = 60  # clocks that differ by this much are let pass
_SIGNATURE_ONLY: Options = {
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "verify_aud": False,
}


class DeniedError(Exception):
    """An assertion that the endpoint refuses: the error's name (RFC 6749 section 5.2), and why."""

    def __init__(self, error: str, why: str) -> None:
        super().__init__(why)
        self.error = error
        self.why = why


class Account:
    """The account, and the access tokens that it was given and that still live."""

    def __init__(
        self, key: RSAPrivateKey, key_id: str, token_uri: str, now_ms: Callable[[], int], life_s: int
    ) -> None:
        self._public_key = key.public_key()
        self._key_id = key_id
        self._audiences = (token_uri, GOOGLE_AUDIENCE)
        self._now_ms = now_ms
        self._life_s = life_s
        self._lives: dict[str, int] = {}

    def admits(self, authorization: str | None) -> bool:
        """Whether a request's Authorization header holds a token that lives."""
        until_ms = self._lives.get(authorization or "")
        return until_ms is not None and self._now_ms() < until_ms

    def revoke_all(self) -> None:
        """Forget every access token."""
        self._lives.clear()

    def exchange(self, form: bytes) -> tuple[int, bytes]:
        """Trade an assertion for a token. Returns the answer's status and JSON."""
        try:
            self._check(form)
        except DeniedError as denied:
            return 400, msgspec.json.encode({"error": denied.error, "error_description": denied.why})
        value = secrets.token_urlsafe(48)
        now_ms = self._now_ms()
        self._lives = {known: until_ms for known, until_ms in self._lives.items() if until_ms > now_ms}
        self._lives[f"Bearer {value}"] = now_ms + self._life_s * 1000
        grant = {"access_token": value, "expires_in": self._life_s, "token_type": "Bearer"}
        return 200, msgspec.json.encode(grant)

    def _check(self, form: bytes) -> None:
        """Raise DeniedError for a form or an assertion that Google would refuse."""
        fields = parse_qs(form.decode("utf-8", "replace"))
        if fields.get("grant_type") != [GRANT_TYPE]:
            raise DeniedError("unsupported_grant_type", f"Invalid grant_type: expected {GRANT_TYPE}")
        if len(fields.get("assertion", ())) != 1:
            raise DeniedError("invalid_request", "Missing required parameter: assertion")
        self._check_claims(self._claims(fields["assertion"][0]))

    def _claims(self, assertion: str) -> dict[str, Any]:
        """The signed claims. Their times are checked apart, by the clock that the sink was given."""
        try:
            if jwt.get_unverified_header(assertion).get("kid") != self._key_id:
                raise DeniedError("invalid_grant", "Invalid JWT Signature: unknown key id.")
            claims: dict[str, Any] = jwt.decode(
                assertion, self._public_key, algorithms=["RS256"], options=_SIGNATURE_ONLY
            )
        except jwt.InvalidTokenError:
            raise DeniedError("invalid_grant", "Invalid JWT Signature.") from None
        return claims

    def _check_claims(self, claims: dict[str, Any]) -> None:
        if claims.get("iss") != CLIENT_EMAIL:
            raise DeniedError("invalid_grant", "Invalid grant: account not found")
        if claims.get("aud") not in self._audiences:
            raise DeniedError("invalid_grant", "Invalid JWT: Failed audience check.")
        if not SCOPES & set(str(claims.get("scope", "")).split()):
            raise DeniedError("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        issued_s, expires_s = claims.get("iat"), claims.get("exp")
        if type(issued_s) is not int or type(expires_s) is not int:
            raise DeniedError("invalid_grant", "Invalid JWT: iat and exp are required, in whole seconds.")
        now_s = self._now_ms() // 1000
        timely = issued_s - SKEW_S <= now_s < expires_s + SKEW_S
        if not timely or not 0 < expires_s - issued_s <= ASSERTION_LIFE_S:
            raise DeniedError("invalid_grant", "Invalid JWT: Token must be short-lived (60 min) and of now.")
