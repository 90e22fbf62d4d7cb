"""The clean run of `make chaos`: short, with a sound build that nobody may give up, and with one that stands still."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos import broken
from tests.chaos.watching import watch_clean_run
from tests.integration.notes import note

SECONDS = 20.0

pytestmark = [pytest.mark.soak, pytest.mark.chaos, pytest.mark.timeout(300)]


def test_a_sound_build_is_not_given_up(broker: str, tmp_path: Path) -> None:
    """Given a slow push service and a worker that comes, when nothing strikes, then the watchdog says no word."""
    watched = watch_clean_run(broker, tmp_path, 7, 2 * SECONDS)
    note(f"clean run: {watched.seconds:.0f} s, {watched.changes} workers came or went; {watched.told}")
    assert watched.changes > 0
    assert watched.wrong == []


def test_a_build_that_stands_still_is_found_out(broker: str, tmp_path: Path) -> None:
    """Given a partition that takes no turn under a watchdog of seconds, then the same run tells its words."""
    watched = watch_clean_run(broker, tmp_path, 7, SECONDS, broken.program("hasty", "stuck_turn"))
    note(f"broken build stuck_turn in a clean run: {watched.wrong[:1]}")
    assert any("watchdog: " in line for line in watched.wrong), watched
