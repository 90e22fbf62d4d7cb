"""Small makers and doubles for the tests of transports."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from app.domain.model.push import Push, Target
from transports.http import Outcome

NOW_MS = 1_795_341_600_000  # 2026-11-22T10:00:00Z


class HandClock:
    """A clock that is moved by hand."""

    def __init__(self, at_ms: int = NOW_MS) -> None:
        self.at_ms = at_ms

    def now_ms(self) -> int:
        return self.at_ms

    def monotonic_s(self) -> float:
        return self.at_ms / 1000

    def forward(self, seconds: float) -> None:
        self.at_ms += round(seconds * 1000)


class RecordingHttp:
    """Answers as it is told, one outcome a call, the last one for ever; keeps what was asked."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.outcomes = list(outcomes)
        self.calls: list[tuple[str, Mapping[str, str], bytes]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes, deadline_s: float) -> Outcome:
        self.calls.append((url, headers, body))
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        await self.gate.wait()
        return outcome


def a_push(**changes: Any) -> Push:
    """A push with the fewest fields."""
    plain = Push(
        message_id="m-1", user="u-1", campaign="cart-reminder", version=3, title="Hello", body="World"
    )
    return msgspec.structs.replace(plain, **changes)


def a_target(token: str = "token-1") -> Target:  # noqa: S107 - no secret, a device of the tests
    """An Android device."""
    return Target("d-1", token, "android")


def a_free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


async def until(holds: Callable[[], bool]) -> None:
    """Return once a condition holds; fails after 10 s."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - another party changes it, without a signal
            await asyncio.sleep(0.001)
