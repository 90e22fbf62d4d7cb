"""Set arithmetic between what had to happen and what was seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.oracle.outcome import Outcome, shown

ACCEPTED = 200


@dataclass(frozen=True)
class Verdict:
    """`repeated` has how many more times than once a message was shown, by id."""

    missing: frozenset[str]
    unexpected: frozenset[str]
    repeated: Mapping[str, int]

    @property
    def exact(self) -> bool:
        """Whether everything happened, nothing else, and each once."""
        return not (self.missing or self.unexpected or self.repeated)


def judge(expected: Iterable[str], seen: Iterable[str]) -> Verdict:
    """Compare the ids that must be seen, each once, with those that were."""
    wanted, counts = frozenset(expected), Counter(seen)
    repeats = {each: count - 1 for each, count in counts.items() if count > 1}
    return Verdict(wanted - counts.keys(), frozenset(counts.keys() - wanted), repeats)


def judge_sink(outcomes: Iterable[Outcome], received: Iterable[Mapping[str, Any]]) -> Verdict:
    """Compare with the lines of the sink's `/received`: what it accepted is what a device showed."""
    wanted = {f"{message} to {token}" for message, token in shown(outcomes).items()}
    lines = [line for line in received if line["service"] == "fcm" and line["status"] == ACCEPTED]
    return judge(wanted, (f"{line['message']} to {line['token']}" for line in lines))
