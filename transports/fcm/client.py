"""FCM over the wire: one push, one call, one receipt."""

from __future__ import annotations

from pathlib import Path

from app.clock import Clock
from app.domain.model.push import Push, Target
from app.domain.model.reason import Reason
from app.domain.model.receipt import Receipt, Rejected, Retry, Unknown
from transports.fcm import credentials, payload, replies
from transports.fcm.oauth import Token, TokenSource
from transports.http import Answer, Http, Outcome, Unsent

GOOGLE_URL = "https://fcm.googleapis.com"
DEADLINE_S = 10.0  # FCM asks for at least 10 s
SECOND_LIMIT_BYTES = 3072  # three quarters of what FCM documents, once it finds that too big


class FcmTransport:
    """`Transport` for the Android devices of one Firebase project.

    `url` is where the service is, None for Google's own; tokens come from where the key file says. `http` is
    opened and closed by whoever made it. Receipts follow `replies`; besides them: no connection or no access
    token -> Retry; no answer in time -> Unknown; too large after all cuts -> Rejected. `Retry.after_ms` is
    the least to wait, not a back-off.
    """

    name = "fcm"

    def __init__(
        self,
        project: str,
        credentials_path: Path,
        url: str | None,
        http: Http,
        clock: Clock,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._credentials_path = credentials_path
        self._url = f"{(url or GOOGLE_URL).rstrip('/')}/v1/projects/{project}/messages:send"
        self._http = http
        self._clock = clock
        self._deadline_s = deadline_s
        self._tokens: TokenSource | None = None

    async def open(self) -> None:
        """Read the key file. Raises CredentialsError."""
        self._tokens = TokenSource(credentials.load(self._credentials_path), self._http, self._clock)

    async def close(self) -> None:
        """End what is under way for tokens. The next `send` needs `open` first."""
        tokens, self._tokens = self._tokens, None
        if tokens is not None:
            await tokens.close()

    async def send(self, push: Push, target: Target, now_ms: int) -> Receipt:
        """See `Transport.send`. What FCM finds too big goes once more, smaller."""
        receipt = await self._send(push, target, payload.LIMIT_BYTES)
        if isinstance(receipt, Rejected) and receipt.reason is Reason.PAYLOAD_TOO_LARGE:
            return await self._send(push, target, SECOND_LIMIT_BYTES)
        return receipt

    async def _send(self, push: Push, target: Target, limit_bytes: int) -> Receipt:
        """Write the request and send it; where the access token is refused, once more with another."""
        match payload.body(push, target, limit_bytes):
            case payload.PayloadTooLarge(size_bytes):
                return Rejected(Reason.PAYLOAD_TOO_LARGE, f"{size_bytes} bytes, and nothing left to cut")
            case payload.ReservedKey(key):
                return Rejected(Reason.PROVIDER_REJECTED, f"FCM keeps the data key `{key}` for itself")
            case body:
                return await self._deliver(body)

    async def _deliver(self, body: bytes) -> Receipt:
        if self._tokens is None:
            raise RuntimeError("the transport is not open")
        token = await self._tokens.token()
        if isinstance(token, Retry):
            return token
        outcome = await self._call(token, body)
        if isinstance(outcome, Answer) and replies.refuses_access(outcome.status, outcome.body):
            token = await self._tokens.replace(token)
            if isinstance(token, Retry):
                return token
            outcome = await self._call(token, body)
        return self._receipt(outcome)

    async def _call(self, token: Token, body: bytes) -> Outcome:
        headers = {
            "Authorization": f"Bearer {token.value}",
            "Content-Type": "application/json; charset=utf-8",
        }
        return await self._http.post(self._url, headers, body, self._deadline_s)

    def _receipt(self, outcome: Outcome) -> Receipt:
        if isinstance(outcome, Answer):
            return replies.receipt(outcome.status, outcome.headers, outcome.body, self._clock.now_ms())
        if isinstance(outcome, Unsent):
            return Retry(Reason.PROVIDER_UNAVAILABLE, None, outcome.detail)
        return Unknown(outcome.detail)
