"""What is shown of secrets and of people: enough to tell two apart, not enough to use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.domain.rules.privacy import contact, is_hidden

SHOWN = 4
SHORT = 12


def token(value: str) -> str:
    """The end of a device token; of a short one nothing."""
    return "…" if len(value) < SHORT else f"…{value[-SHOWN:]}"


def traits(values: Mapping[str, Any]) -> dict[str, Any]:
    """Traits with addresses and telephone numbers masked, by name."""
    return {
        name: contact(value) if is_hidden(name) and value is not None else value
        for name, value in sorted(values.items())
    }
