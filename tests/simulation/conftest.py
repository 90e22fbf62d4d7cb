"""What is shown after the simulation's tests."""

from __future__ import annotations

from typing import Any

from tests.integration import notes


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how often each fault struck."""
    notes.show(terminalreporter)
