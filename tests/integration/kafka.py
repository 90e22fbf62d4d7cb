"""The tests' own hands on Kafka, by librdkafka: nothing of the engine's clients."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic  # type: ignore[attr-defined]

from tests.integration.waiting import until

LIMIT_S = 30.0


class Kafka:
    """Produce, read whole topics, ask for ends, take topics away."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self._admin = AdminClient({"bootstrap.servers": bootstrap})

    def produce(
        self,
        topic: str,
        records: Iterable[tuple[str | None, bytes | None]],
        partitioner: str = "murmur2_random",
        partition: int = -1,
    ) -> list[tuple[int, int]]:
        """Send (key, value) pairs in order; the (partition, offset) of each once Kafka has them all."""
        producer = Producer(
            {
                "bootstrap.servers": self.bootstrap,
                "partitioner": partitioner,
                "enable.idempotence": True,
                "linger.ms": 5,
                "message.max.bytes": 2_000_000,
            }
        )
        places: list[tuple[int, int]] = []

        def delivered(error: Any, message: Any) -> None:
            assert error is None, error
            places.append((message.partition(), message.offset()))

        for key, value in records:
            producer.produce(topic, value, key, partition, on_delivery=delivered)
            producer.poll(0)
        assert producer.flush(LIMIT_S) == 0
        return places

    def read(self, topic: str, raw: bool = False) -> list[Any]:
        """Every record that the topic has now: its JSON, or the record as it is."""
        consumer = self._consumer()
        try:
            found = list(_read(consumer, self._bounds(consumer, topic)))
        finally:
            consumer.close()
        return found if raw else [json.loads(each.value()) for each in found]

    def end(self, topic: str) -> int:
        """The sum of the end offsets of a topic's partitions."""
        consumer = self._consumer()
        try:
            return sum(high for _, _, high in self._bounds(consumer, topic))
        finally:
            consumer.close()

    def topics(self) -> dict[str, int]:
        """Every topic with its number of partitions."""
        found = self._admin.list_topics(timeout=LIMIT_S).topics
        return {name: len(topic.partitions) for name, topic in found.items()}

    def delete(self, *topics: str) -> None:
        """Take topics away, and wait until they are gone."""
        for future in self._admin.delete_topics(list(topics)).values():
            future.result(LIMIT_S)
        until(lambda: not set(topics) & self.topics().keys(), LIMIT_S, f"{topics} are gone")

    def create(self, topic: str, partitions: int, config: Mapping[str, str] | None = None) -> None:
        """Make a topic as somebody without `setup` would."""
        made = self._admin.create_topics([NewTopic(topic, partitions, 1, config=dict(config or {}))])
        for future in made.values():
            future.result(LIMIT_S)
        until(lambda: self.topics().get(topic) == partitions, LIMIT_S, f"{topic} is there")

    def widen(self, topic: str, partitions: int) -> None:
        """Give a topic more partitions."""
        for future in self._admin.create_partitions([NewPartitions(topic, partitions)]).values():
            future.result(LIMIT_S)
        until(lambda: self.topics()[topic] == partitions, LIMIT_S, f"{topic} is wider")

    def _consumer(self) -> Any:
        return Consumer(
            {"bootstrap.servers": self.bootstrap, "group.id": "tests", "enable.auto.commit": False}
        )

    def _bounds(self, consumer: Any, topic: str) -> list[tuple[TopicPartition, int, int]]:
        found = consumer.list_topics(topic, timeout=LIMIT_S).topics[topic]
        places = [TopicPartition(topic, number) for number in found.partitions]
        return [(place, *consumer.get_watermark_offsets(place, timeout=LIMIT_S)) for place in places]


def _read(consumer: Any, bounds: list[tuple[TopicPartition, int, int]]) -> Iterator[Any]:
    waiting = {place.partition: high for place, low, high in bounds if high > low}
    consumer.assign(
        [TopicPartition(place.topic, place.partition, low) for place, low, high in bounds if high > low]
    )
    while waiting:
        for record in consumer.consume(10_000, timeout=0.2):
            assert record.error() is None, record.error()
            yield record
        for place in consumer.position(consumer.assignment()):
            if place.offset >= waiting.get(place.partition, place.offset + 1):
                del waiting[place.partition]
