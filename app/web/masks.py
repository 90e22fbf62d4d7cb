"""What is shown of secrets and of people: enough to tell two apart, not enough to use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SHOWN = 4
SHORT = 12
HIDDEN_TRAITS = frozenset({"email", "phone"})


def token(value: str) -> str:
    """The end of a device token; of a short one nothing."""
    return "…" if len(value) < SHORT else f"…{value[-SHOWN:]}"


def contact(value: Any) -> str:
    """An e-mail address by its first letter and its domain; anything else by nothing but its being there."""
    name, at, domain = str(value).partition("@")
    return f"{name[:1]}…@{domain}" if at else "…"


def traits(values: Mapping[str, Any]) -> dict[str, Any]:
    """Traits with addresses and telephone numbers masked, by name."""
    return {
        name: contact(value) if name.lower() in HIDDEN_TRAITS and value is not None else value
        for name, value in sorted(values.items())
    }
