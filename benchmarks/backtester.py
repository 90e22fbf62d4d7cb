"""A backtest in a process of its own: `python -m benchmarks.backtester BOOTSTRAP TOPIC PARTITIONS FILE PROCESSES`.

Prints one JSON line with what it measured: records, seconds, processor time of all processes, the largest one's memory.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from pathlib import Path

from app.clock import monotonic_s
from app.domain.files.campaign import load
from app.domain.model.app_rules import AppRules
from app.domain.model.campaign import Campaign, Cap
from app.replay.crew import replay_all
from app.replay.stretch import Question, stretches

KB_A_MB = 1024


def main(bootstrap: str, topic: str, partitions: int, file: Path, processes: int) -> None:
    """Replay the topic for the campaigns of the file, under a stream clock."""
    found = load(file.read_text(encoding="utf-8"), app_zone="UTC", amplify_default=False)
    campaigns = tuple(each for each in found if isinstance(each, Campaign))
    rules = AppRules(caps=(Cap(3),), stream_clock=True)
    question = Question(bootstrap, topic, campaigns, rules, 0, None, (), partitions)
    stretched = asyncio.run(stretches(bootstrap, topic, partitions))
    begun_s = monotonic_s()
    answer = replay_all(question, stretched, processes, lambda behind: None)
    seconds = monotonic_s() - begun_s
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    said = {
        "records": answer.records,
        "seconds": seconds,
        "cpu_seconds": sum(each.ru_utime + each.ru_stime for each in used),
        "orders": sum(sums.push for sums in answer.sums.values()),
        "resident_mb": max(each.ru_maxrss for each in used) / KB_A_MB,
    }
    sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]), int(sys.argv[5]))
