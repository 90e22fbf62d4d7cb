"""What every way out to a provider offers: the hooks, and when they are called."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Protocol

from app.domain.model.push import Push, Target
from app.domain.model.receipt import Receipt

leaving_by: ContextVar[Callable[[], float] | None] = ContextVar("leaving_by", default=None)
"""Says, in seconds, how long a request of this task may still leave; None: always. What has not left by then must not
leave at all: the throttle token that pays for it is void (C049)."""


class CredentialsError(Exception):
    """Credentials cannot be used. Names the file and what is wrong, never its content."""


class Transport(Protocol):
    """One provider. The sender opens it once, calls `send` many times at once, and closes it.

    name   as in CONTRACT section 3 (`fcm`, `apns`, `webpush`): the topic, the metrics and the records use it.
    open   before the first send: reads credentials, talks to nobody. Raises where these cannot be used.
    send   one push to one device, one call to the provider (at most one more after a refused credential or
           a refused size). Returns what the provider said, and never raises for it; it waits no longer than
           its own deadline, holds no retry, and may be cancelled.
    close  after the last send: gives back what `open` took. May be called without `open`, and twice.
    """

    @property
    def name(self) -> str:
        """The provider's short name."""

    async def open(self) -> None:
        """Get ready. Raises an error that names what is wrong with the credentials, never their content."""

    async def close(self) -> None:
        """Give everything back."""

    async def send(self, push: Push, target: Target, now_ms: int) -> Receipt:
        """Hand `push` to the provider for `target`. `now_ms` is the wall clock, epoch milliseconds."""
