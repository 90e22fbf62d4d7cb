"""What a guard answers: clear, hold until, or drop because."""

from __future__ import annotations

from typing import final

from msgspec import Struct

from app.domain.model.reason import Reason


class Clear(Struct, frozen=True):
    """Nothing stands against sending now."""


@final
class Hold(Struct, frozen=True):
    """Not now: ask every guard again at `until_ms`."""

    until_ms: int
    reason: Reason


@final
class Drop(Struct, frozen=True):
    """Never: the message ends here."""

    reason: Reason
    detail: str = ""


@final
class ToInbox(Struct, frozen=True):
    """No device may be sent to and the campaign falls back to the inbox (C107)."""

    reason: Reason


CLEAR = Clear()
Verdict = Clear | Hold | Drop
