"""Mail over the wire: one alert, one conversation with the server, one receipt."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from app.domain.model.alert import Alert
from app.domain.model.reason import Reason
from app.domain.model.receipt import Accepted, Receipt, Rejected, Retry
from app.domain.rules.addresses import address_in
from transports.base import CredentialsError
from transports.email import credentials, payload, replies
from transports.email.credentials import Login
from transports.email.replies import BUSY, NO_TLS, Phase

DEADLINE_S = 30.0  # for each answer of the server
SUBMISSION_PORT, TLS_PORT = 587, 465

HandOver = Callable[[], Awaitable[bool]]


class _Unencrypted(Exception):
    """There are credentials, and no TLS to send them over."""


class EmailTransport:
    """One mail server. `smtps://`: TLS from the start; `smtp://`: STARTTLS where it is offered.

    A connection serves one mail after another. `send` asks `hand_over` before the content leaves: until then a mail
    may be tried again, from then on it may have been taken. Receipts follow `replies`.
    """

    name = "email"

    def __init__(
        self,
        url: str,
        sender: str,
        credentials_path: Path | None = None,
        ca: Path | None = None,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._url = urlsplit(url)
        self._sender = sender
        self._credentials_path = credentials_path
        self._ca = ca
        self._deadline_s = deadline_s
        self._login: Login | None = None
        self._tls: ssl.SSLContext | None = None
        self._client: SMTP | None = None
        self._one_at_a_time = asyncio.Lock()
        self._phase = Phase.CONNECT
        self.connections = 0

    async def open(self) -> None:
        """Read credentials and certificates; talks to nobody. Raises CredentialsError."""
        if self._credentials_path is not None:
            self._login = credentials.load(self._credentials_path)
        try:
            self._tls = ssl.create_default_context(cafile=self._ca)
        except (OSError, ssl.SSLError) as error:
            raise CredentialsError(f"cannot use the certificates in {self._ca}: {error.strerror}") from None

    async def close(self) -> None:
        """Say goodbye to the server, if it is there."""
        client, self._client = self._client, None
        if client is not None and client.is_connected:
            with contextlib.suppress(SMTPException, OSError, TimeoutError):
                await client.quit(timeout=1.0)

    async def send(self, alert: Alert, owner: str, hand_over: HandOver) -> Receipt | None:
        """One mail to one owner; None where `hand_over` says no. Never raises for what a server says or does."""
        if self._tls is None:
            raise RuntimeError("the transport is not open")
        try:
            mail = payload.message(alert, owner, self._sender)
        except ValueError as error:
            return Rejected(Reason.PROVIDER_REJECTED, f"no mail can be made of it: {error}")
        async with self._one_at_a_time:
            is_done = False
            try:
                receipt = await self._reach(mail, owner)
                if receipt is None and await hand_over():
                    receipt = await self._hand_over(mail)
                is_done = isinstance(receipt, Accepted)
                return receipt
            finally:
                if not is_done:  # the next mail does not begin in the middle of this one
                    self._drop()

    async def _reach(self, mail: EmailMessage, owner: str) -> Receipt | None:
        """Up to the recipient, over the connection that is there; where it is stale, once more over a new one."""
        was_used = self._client is not None and self._client.is_connected
        refused, is_stale = await self._greet(mail, owner)
        if refused is not None and is_stale and was_used:
            self._drop()
            refused, _ = await self._greet(mail, owner)
        return refused

    async def _greet(self, mail: EmailMessage, owner: str) -> tuple[Receipt | None, bool]:
        """None where sender and recipient are accepted; and whether another connection may help."""
        self._phase = Phase.CONNECT
        try:
            client = await self._connected()
            await self._envelope(client, mail, owner)
        except _Unencrypted:
            return Retry(Reason.PROVIDER_UNAVAILABLE, None, NO_TLS), False
        except SMTPResponseException as error:
            return replies.receipt(self._phase, error.code, error.message), error.code == BUSY
        except ssl.SSLError as error:  # a ValueError too
            return replies.no_answer(Phase.TLS, f"config: no TLS: {error.reason}"), False
        except (SMTPException, OSError, TimeoutError) as error:
            return replies.no_answer(self._phase, type(error).__name__), True
        except UnicodeEncodeError:
            return Rejected(Reason.PROVIDER_REJECTED, "the server takes no address with such letters"), False
        except ValueError as error:
            return Rejected(Reason.PROVIDER_REJECTED, f"the server cannot be told: {error}"), False
        return None, False

    async def _connected(self) -> SMTP:
        if self._client is not None and self._client.is_connected:
            return self._client
        is_tls = self._url.scheme == "smtps"
        client = SMTP(
            hostname=self._url.hostname,
            port=self._url.port or (TLS_PORT if is_tls else SUBMISSION_PORT),
            use_tls=is_tls,
            start_tls=False,
            tls_context=self._tls,
            timeout=self._deadline_s,
            local_hostname="carillon.invalid",
        )
        await client.connect()
        self._client = client
        self.connections += 1
        await client.ehlo()
        if not is_tls and client.supports_extension("starttls"):
            self._phase = Phase.TLS
            await client.starttls()
            await client.ehlo()
            is_tls = True
        if self._login is not None:
            self._phase = Phase.LOGIN
            if not is_tls:
                raise _Unencrypted
            await client.login(self._login.user, self._login.password)
        return client

    async def _envelope(self, client: SMTP, mail: EmailMessage, owner: str) -> None:
        self._phase = Phase.SENDER
        sender = address_in(self._sender) or ""
        is_ascii = (owner + sender).isascii()
        options = [f"SIZE={len(mail.as_bytes())}"] if client.supports_extension("size") else []
        if not is_ascii and client.supports_extension("smtputf8"):
            options.append("SMTPUTF8")
        encoding = "utf-8" if "SMTPUTF8" in options else "ascii"
        await client.mail(sender, options=options, encoding=encoding)
        self._phase = Phase.RECIPIENT
        await client.rcpt(owner, encoding=encoding)

    async def _hand_over(self, mail: EmailMessage) -> Receipt:
        """The content. Whatever cuts this off, it may have been taken."""
        client = self._client
        if client is None or not client.is_connected:
            return replies.no_answer(Phase.RECIPIENT, "the connection was closed")
        try:
            answer = await client.data(mail.as_bytes())
        except SMTPResponseException as error:
            return replies.receipt(Phase.CONTENT, error.code, error.message)
        except (SMTPException, OSError, TimeoutError) as error:
            return replies.no_answer(Phase.CONTENT, type(error).__name__)
        return replies.receipt(Phase.CONTENT, answer.code, answer.message)

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()
