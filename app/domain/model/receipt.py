"""What a push service said of one call, as a closed set of values (reference: each transport's `replies`).

A transport never raises for a provider's answer: it returns one of these.
"""

from __future__ import annotations

from msgspec import Struct

from app.domain.model.reason import Reason


class Accepted(Struct, frozen=True, tag="accepted"):
    """The service took the message; `provider_id` is its own name for it."""

    provider_id: str = ""


class Retry(Struct, frozen=True, tag="retry"):
    """Not now. `after_ms` is the service's own wish (Retry-After), None where it has none."""

    reason: Reason
    after_ms: int | None = None
    detail: str = ""


class Gone(Struct, frozen=True, tag="gone"):
    """This token is dead for good: the device loses it (C135)."""

    detail: str = ""


class Rejected(Struct, frozen=True, tag="rejected"):
    """The message is wrong and will stay wrong: no retry, the device keeps its token."""

    reason: Reason
    detail: str = ""


class Unknown(Struct, frozen=True, tag="unknown"):
    """The request left and no answer came: sent again under the same ids (C153)."""

    detail: str = ""


Receipt = Accepted | Retry | Gone | Rejected | Unknown
