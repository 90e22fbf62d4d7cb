"""What is shown of addresses and telephone numbers: enough to tell two apart, not enough to use."""

from __future__ import annotations

from typing import Any

HIDDEN_TRAITS = frozenset({"email", "phone"})


def is_hidden(field: str) -> bool:
    """Is the last name of this path one whose value is not shown?"""
    return field.rpartition(".")[2].lower() in HIDDEN_TRAITS


def contact(value: Any) -> str:
    """An e-mail address by its first letter and its domain; anything else by nothing but its being there."""
    name, at, domain = str(value).partition("@")
    return f"{name[:1]}…@{domain}" if at else "…"
