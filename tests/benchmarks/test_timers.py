"""The timers' benchmark measures what it says, on the product's own index."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from benchmarks.timers import Index, made, measure, timer
from tables.store import Folders


def test_every_phase_has_its_line_and_memory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Given a small index, when it is measured, then each phase of CONTRACT section 8 is printed with its memory."""
    measure(tmp_path, timers=3_000, fired=1_000)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    phases = [line["phase"] for line in lines]
    assert phases == [
        "empty", "arm", "arm more", "cancel", "peek before", "first peek before", "fire",
        "peek after 1,000 fired", "first peek after 1,000 fired",
    ]  # fmt: skip
    assert all(line["bench"] == "timers" and line["resident_mb"] > 0 for line in lines)
    assert [line["reference"] for line in lines[-2:]] == ["peek before", "first peek before"]


def test_timers_fire_in_their_order_and_cancelled_ones_never(tmp_path: Path) -> None:
    """Given armed and cancelled timers, when some are fired, then the nearest are gone and the others are left."""
    dues = [30, 10, 20, 40]
    index = Index(Folders(tmp_path).open("users", 0))
    index.arm([timer(dues, user) for user in range(4)])
    index.cancel([timer(dues, 2)])
    index.fire(2)
    assert [due for due, _ in index.timers.waiting()] == [40]
    with pytest.raises(RuntimeError, match="nothing"):
        index.fire(2)
    index.store.close()


def test_the_same_seed_gives_the_same_timers() -> None:
    assert made(100, random.Random(1)) == made(100, random.Random(1))
