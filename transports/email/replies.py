"""What a mail server's answers mean. Pure. Codes: RFC 5321 section 4.2, RFC 4954 section 6."""

from __future__ import annotations

from enum import StrEnum

from app.domain.model.reason import Reason
from app.domain.model.receipt import Accepted, Receipt, Rejected, Retry, Unknown

SAID_LIMIT = 200
BUSY = 421
NO_TLS = "config: the server offers no STARTTLS, and credentials are not sent without TLS"
_FAULTS_OF_CREDENTIALS = frozenset({530, 534, 535, 538})


class Phase(StrEnum):
    """How far the conversation is. Until CONTENT nothing can have been taken."""

    CONNECT = "connecting"
    TLS = "TLS"
    LOGIN = "log-in"
    SENDER = "sender"
    RECIPIENT = "recipient"
    CONTENT = "content"


_CONFIG = frozenset({Phase.CONNECT, Phase.TLS, Phase.LOGIN, Phase.SENDER})
"""Where a refusal is about us and not about one recipient: it is tried again, for somebody may put it right."""


def receipt(phase: Phase, code: int, said: str) -> Receipt:
    """What an answer means for the mail. What a server says of a log-in is not repeated."""
    detail = f"SMTP {code} ({phase})"
    if phase is not Phase.LOGIN:
        words = " ".join("".join(c if c.isprintable() else " " for c in said).split())[:SAID_LIMIT]
        detail = f"{detail}: {words}" if words else detail
    if 200 <= code < 300:  # noqa: PLR2004 - SMTP's own hundreds
        return Accepted(detail)
    if 400 <= code < 500:  # noqa: PLR2004
        return Retry(Reason.PROVIDER_UNAVAILABLE, None, detail)
    if code in _FAULTS_OF_CREDENTIALS or phase in _CONFIG:
        return Retry(Reason.PROVIDER_UNAVAILABLE, None, f"config: {detail}")
    return Rejected(Reason.PROVIDER_REJECTED, detail)


def no_answer(phase: Phase, what: str) -> Receipt:
    """No answer: before the content nothing was taken; after it nobody knows (C030 says one mail)."""
    if phase is Phase.CONTENT:
        return Unknown(f"{what} after the mail was handed over")
    return Retry(Reason.PROVIDER_UNAVAILABLE, None, f"{what} ({phase})")
