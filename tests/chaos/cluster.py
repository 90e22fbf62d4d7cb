"""Three brokers on this machine that are one cluster, each broker and controller at once; any one may be away."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from confluent_kafka.admin import AdminClient

from app.kafka.broker import EmbeddedBroker
from app.kafka.files import LOOPBACK, free_port, new_cluster_id
from tests.chaos.tuned import TunedFiles
from tests.integration.waiting import until

NODES = 3
ANSWER_S = 30.0
IN_SYNC_S = 120.0


class Node(EmbeddedBroker):
    """One of them. `voters`: the controllers of all."""

    def __init__(self, number: int, folder: Path, port: int, voters: list[int], cluster: str) -> None:
        super().__init__(folder / f"node-{number}", port, heap="512m")
        self.number = number
        self._cluster = cluster
        here, controller = (f"{LOOPBACK}:{each}" for each in (port, voters[number - 1]))
        three = dict.fromkeys(
            (
                "offsets.topic.replication.factor",
                "transaction.state.log.replication.factor",
                "share.coordinator.state.topic.replication.factor",
                "default.replication.factor",
            ),
            str(NODES),
        )
        quorum = [f"{each}@{LOOPBACK}:{voter}" for each, voter in enumerate(voters, 1)]
        self.files = TunedFiles(
            self.files.data,
            three
            | {
                "node.id": str(number),
                "controller.quorum.voters": ",".join(quorum),
                "listeners": f"PLAINTEXT://{here},CONTROLLER://{controller}",
                "advertised.listeners": f"PLAINTEXT://{here}",
                "transaction.state.log.min.isr": "2",
                "min.insync.replicas": "2",
                "unclean.leader.election.enable": "false",
            },
        )

    def _format(self, java: str) -> None:
        tool = ["kafka.tools.StorageTool", "format", "-t", self._cluster, "-c", str(self.files.properties)]
        with self.files.output.open("wb") as output:
            subprocess.run(self._java(java, *tool), stdout=output, stderr=output, check=True)


class Cluster:
    """All three."""

    def __init__(self, folder: Path) -> None:
        voters, cluster = [free_port() for _ in range(NODES)], new_cluster_id()
        self.nodes = [Node(number, folder, free_port(), voters, cluster) for number in range(1, NODES + 1)]
        self.bootstrap = ",".join(node.bootstrap for node in self.nodes)

    def start(self) -> None:
        """Start all at once: none of them answers alone."""
        with ThreadPoolExecutor(NODES) as pool:
            list(pool.map(lambda node: node.start(), self.nodes))

    def stop(self) -> None:
        """Stop all."""
        with ThreadPoolExecutor(NODES) as pool:
            list(pool.map(lambda node: node.stop(), self.nodes))

    def leader(self, topic: str, partition: int) -> Node:
        """Who leads a partition now."""

        def found() -> int:
            topics = self._admin().list_topics(topic, timeout=ANSWER_S).topics
            return int(topics[topic].partitions[partition].leader)

        number = until(lambda: max(found(), 0), ANSWER_S, f"{topic}/{partition} has a leader")
        return self.nodes[number - 1]

    def replicas(self, prefix: str) -> set[int]:
        """How many replicas the partitions of these topics have."""
        return {len(each.replicas) for each in self._partitions(prefix)}

    def wait_until_in_sync(self) -> None:
        """Wait until every replica of every partition has what its leader has."""
        until(
            lambda: all(len(each.isrs) == len(each.replicas) for each in self._partitions("")),
            IN_SYNC_S,
            "all replicas are in sync",
            0.5,
        )

    def _partitions(self, prefix: str) -> list[Any]:
        topics = self._admin().list_topics(timeout=ANSWER_S).topics
        return [
            partition
            for name, topic in topics.items()
            if name.startswith(prefix)
            for partition in topic.partitions.values()
        ]

    def _admin(self) -> AdminClient:
        return AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 2})


@contextmanager
def cluster_in(folder: Path) -> Iterator[Cluster]:
    """A running cluster with its data in a folder."""
    cluster = Cluster(folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
