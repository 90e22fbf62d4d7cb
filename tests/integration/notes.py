"""How often each fault struck, shown after the tests: a fault that never struck has shown nothing."""

from __future__ import annotations

from typing import Any

_NOTES: list[str] = []


def note(text: str) -> None:
    """Have a line shown at the end of the run."""
    _NOTES.append(text)


def show(terminal: Any) -> None:
    """Write the lines to pytest's terminal, once."""
    if _NOTES:
        terminal.section("faults that struck")
        for text in _NOTES:
            terminal.line(text)
        _NOTES.clear()
