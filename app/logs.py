"""What a worker writes to its log: all of ours, errors of the libraries, and no line a hundred times a second."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

from app.clock import monotonic_s

AGAIN_S = 10.0
LIBRARIES = ("aiokafka", "faust", "mode")
REPEATING = ("aiokafka", "app.kafka_client")
MOST = 1_000


def begin() -> None:
    """Write to stderr from now on."""
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    for library in LIBRARIES:
        logging.getLogger(library).setLevel(logging.ERROR)
    # Advice to the group that comes while it shares out its partitions is refused, and means nothing.
    coordinator = logging.getLogger("aiokafka.consumer.group_coordinator")
    coordinator.addFilter(lambda record: "OffsetCommit" not in record.getMessage())
    for handler in logging.getLogger().handlers:
        handler.addFilter(Seldom(monotonic_s))


class Seldom(logging.Filter):
    """Of what clients of Kafka say over and over while it is away, one line in ten seconds, and how often it came.

    What differs only in its figures and names is the same.
    """

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        super().__init__()
        self._monotonic_s = monotonic_s
        self._said: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Is it to be written?"""
        if not record.name.startswith(REPEATING):
            return True
        key, now_s = (record.name, str(record.msg)), self._monotonic_s()
        last_s, held = self._said.get(key, (-AGAIN_S, 0))
        if now_s - last_s < AGAIN_S:
            self._said[key] = (last_s, held + 1)
            return False
        if len(self._said) >= MOST:
            self._said.clear()
        self._said[key] = (now_s, 0)
        if held:
            record.msg, record.args = f"{record.getMessage()} (and {held} lines like it)", ()
        return True
