"""Events one after the other: the next is fed when all that the last one led to has been said, grants included.

A grant comes by mail, and a stream clock stands where the log stands. So a message that waits for one is decided at the
time of its own event only where no later event has been decided meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition

from app.clock import monotonic_s
from tests.integration.system import System

MARKER = "zz-marker"
"""A campaign that qualifies at every event of the trigger, and is told after all others of the same event."""
FOR_A_GRANT = frozenset({"total_limit", "daily_limit"})
DECIDED = frozenset({"held", "sent", "inbox", "dropped"})
LIMIT_S = 30.0


class Paced:
    """One partition's log, fed step by step. `granted`: how many messages waited for a grant."""

    def __init__(self, system: System) -> None:
        servers = {"bootstrap.servers": system.kafka.bootstrap}
        self._producer = Producer(servers | {"linger.ms": 0})
        self._consumer = Consumer(servers | {"group.id": "pacing", "enable.auto.commit": False})
        self._consumer.assign([TopicPartition(system.topics.decisions, 0, 0)])
        self._events = system.topics.events
        self._waiting: set[str] = set()
        self._said: set[tuple[str, str]] = set()
        self.granted = 0

    def feed(self, user: str, message: Mapping[str, Any], campaign: str | None = MARKER) -> None:
        """One event; wait until this campaign has decided on it, and nothing waits for a grant."""
        self._produce(user, message)
        if campaign is not None:
            self._until(campaign, message["messageId"])

    def tick(self, time: str, campaign: str, event_id: str) -> None:
        """Move the clock to a timer's time; wait until it is decided on, and nothing waits for a grant."""
        self._produce(None, {"type": "tick", "timestamp": time})
        self._until(campaign, event_id)

    def _produce(self, user: str | None, message: Mapping[str, Any]) -> None:
        self._producer.produce(self._events, json.dumps(message).encode(), user, 0)
        assert self._producer.flush(LIMIT_S) == 0

    def _until(self, campaign: str, event_id: str) -> None:
        end_s = monotonic_s() + LIMIT_S
        while (campaign, event_id) not in self._said or self._waiting:
            record = self._consumer.poll(0.2)
            if record is not None:
                assert record.error() is None, record.error()
                self._note(json.loads(record.value() or b"{}"))
            assert monotonic_s() < end_s, f"{campaign} of {event_id}: {self._waiting or 'not said'}"

    def _note(self, decision: Mapping[str, Any]) -> None:
        step, name = decision["step"], decision["message_id"]
        if step in DECIDED:
            self._said.add((decision["campaign"], decision["trigger"]["event_id"]))
        if step == "held" and decision["reason"] in FOR_A_GRANT:
            self._waiting.add(name)
            self.granted += 1
        elif step in {"released", "dropped"}:
            self._waiting.discard(name)

    def close(self) -> None:
        """Let go of Kafka."""
        self._consumer.close()
