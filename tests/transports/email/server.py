"""A mail server of this process (aiosmtpd) that refuses, hangs up and goes silent as it is told."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LOOPBACK = "127.0.0.1"
OK = "250 OK"
BEGINS = datetime(2020, 1, 1, tzinfo=UTC)


class Certificates(NamedTuple):
    """A certificate of its own authority, and what a server needs of it."""

    ca: Path
    server: ssl.SSLContext


def certificates(folder: Path) -> Certificates:
    """A new self-signed certificate for the loopback address."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGINS)
        .not_valid_after(BEGINS + timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(LOOPBACK))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    ca, both = folder / "ca.pem", folder / "server.pem"
    ca.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    both.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return Certificates(ca, context)


class Post:
    """What the server is to answer, by command, each answer once; then all is well. What it has got.

    An answer `hang up` ends the connection instead; `silence` says nothing.
    """

    def __init__(self) -> None:
        self.script: dict[str, list[str]] = {}
        self.mails: list[bytes] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self.connections = 0
        self.logins: list[tuple[bytes, bytes, bool]] = []

    def _next(self, command: str) -> str:
        waiting = self.script.get(command)
        return waiting.pop(0) if waiting else OK

    async def _answer(self, server: Any, command: str) -> str:
        said = self._next(command)
        if said == "hang up":
            server.transport.abort()
        if said == "silence":
            await asyncio.sleep(3600)
        return said

    async def handle_EHLO(  # noqa: N802 - names and arguments are the library's
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        said = await self._answer(server, "EHLO")
        return responses if said == OK else [said]

    async def handle_MAIL(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        said = await self._answer(server, "MAIL")
        if said == OK:
            envelope.mail_from, envelope.mail_options = address, options
        return said

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        said = await self._answer(server, "RCPT")
        if said == OK:
            envelope.rcpt_tos.append(address)
        return said

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        said = self._next("DATA")
        if said in {OK, "hang up", "silence"}:  # an answer that is lost says nothing of the mail
            self.mails.append(envelope.content)
            self.envelopes.append((envelope.mail_from, envelope.rcpt_tos))
        self.script.setdefault("DATA", []).insert(0, said)
        return await self._answer(server, "DATA")

    def log_in(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        """Only `who` with `hush` is let in."""
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login, data.password, session.ssl is not None))
        return AuthResult(success=(data.login, data.password) == (b"who", b"hush"), handled=False)


@asynccontextmanager
async def serving(
    post: Post,
    tls: ssl.SSLContext | None = None,
    *,
    is_implicit: bool = False,
    wants_login: bool = False,
) -> AsyncIterator[int]:
    """A server on a free port of this loop. `tls`: by STARTTLS, or from the start."""
    loop = asyncio.get_running_loop()
    connections: list[SMTP] = []

    def connected() -> SMTP:
        post.connections += 1
        made = SMTP(
            post,
            enable_SMTPUTF8=True,
            tls_context=None if is_implicit else tls,
            auth_required=wants_login,
            auth_require_tls=not is_implicit and tls is not None,
            authenticator=post.log_in,
            loop=loop,
        )
        connections.append(made)
        return made

    server = await loop.create_server(connected, LOOPBACK, 0, ssl=tls if is_implicit else None)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for each in connections:
            if each.transport is not None:
                each.transport.close()
