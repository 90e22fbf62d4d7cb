"""The watchdog acts on a partition or a loop that stands still, and on nothing else."""

from __future__ import annotations

from app.turns.watchdog import LoopWatch, Progress, Seen


def test_partition_with_work_and_no_progress_is_named() -> None:
    """Given a partition that has work and does not move for longer than the limit, then it alone is named."""
    progress = Progress(limit_s=30)
    stuck: list[str] = []
    for now_s in range(0, 50, 5):
        partitions = [Seen("users/0", 7, 100), Seen("users/1", 7, 100 + now_s), Seen("users/2", 0, 100)]
        stuck = progress.look(now_s, partitions, broker_there=True)
    assert [text.split(":")[0] for text in stuck] == ["users/0"]


def test_clocks_stand_still_while_the_broker_is_away() -> None:
    """Given a broker that is away for longer than the limit, then nobody is stuck until it is back."""
    progress = Progress(limit_s=30)
    seen = [Seen("users/0", 7, 100)]
    assert all(not progress.look(now_s, seen, broker_there=False) for now_s in range(0, 100, 5))
    assert not progress.look(120, seen, broker_there=True)
    assert progress.look(140, seen, broker_there=True)


def test_loop_that_no_longer_turns_is_seen_and_a_frozen_process_is_not() -> None:
    """Given looks and no beat, then the loop is stalled; given one long gap, then the process was frozen."""
    now_s = 0.0
    watch = LoopWatch(lambda: now_s, lambda _s: None, limit_s=10)
    for _ in range(10):
        now_s += 1
        watch.look()
    now_s += 1
    assert watch.look()
    watch.beat()
    now_s += 60
    assert not watch.look()
