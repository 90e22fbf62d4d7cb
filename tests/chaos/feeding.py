"""Load that goes on whatever the broker does: a thread that sends messages at an even pace, in order, each once."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from confluent_kafka import Producer

STEP_S = 0.02
FLUSH_S = 120.0
PATIENCE_MS = 900_000
AGAIN_MS = 500


class Feed:
    """Sends (user, message) pairs, so many a second; what the broker cannot take yet waits in this process."""

    def __init__(
        self,
        bootstrap: str,
        topic: str,
        messages: Sequence[tuple[str, Mapping[str, Any]]],
        per_second: float,
    ) -> None:
        self.sent = 0
        self.acknowledged = 0
        self._topic = topic
        self._messages = messages
        self._per_step = max(1, round(per_second * STEP_S))
        self._stop, self._may = threading.Event(), threading.Event()
        self._may.set()
        self._errors: list[Any] = []
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "partitioner": "murmur2_random",
                "enable.idempotence": True,
                "linger.ms": 5,
                "message.timeout.ms": PATIENCE_MS,
                "log_level": 2,
                "reconnect.backoff.max.ms": AGAIN_MS,
                "topic.metadata.refresh.interval.ms": AGAIN_MS,  # it may have heard that nobody leads, and wait
            }
        )
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)
        self._thread.start()

    @property
    def left(self) -> int:
        """How many are not sent yet."""
        return len(self._messages) - self.sent

    def _run(self) -> None:
        while self.left and not self._stop.is_set():
            self._may.wait()
            for user, message in self._messages[self.sent : self.sent + self._per_step]:
                self._producer.produce(
                    self._topic, json.dumps(message).encode(), user, on_delivery=self._delivered
                )
                self.sent += 1
            self._producer.poll(0)
            self._stop.wait(STEP_S)

    def _delivered(self, error: Any, _message: Any) -> None:
        if error is None:
            self.acknowledged += 1
        else:
            self._errors.append(error)

    def hold(self) -> None:
        """Send nothing until `go_on`."""
        self._may.clear()

    def go_on(self) -> None:
        """Send again."""
        self._may.set()

    def end(self) -> None:
        """Wait until everything is sent and acknowledged."""
        self._thread.join(FLUSH_S + len(self._messages) / self._per_step * STEP_S * 2)
        assert self._producer.flush(FLUSH_S) == 0, f"{self.acknowledged} of {len(self._messages)} are there"
        assert not self._errors, self._errors[:3]
        assert self.acknowledged == len(self._messages)

    def stop(self) -> None:
        """Send no more."""
        self._stop.set()
        self.go_on()
        self._thread.join(FLUSH_S)
