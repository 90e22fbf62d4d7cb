"""The watchdog's own hands on Kafka: blocking, over a plain socket, for one look, and nothing kept for the next.

It shares no code with the clients that it watches over. Three questions of the Kafka protocol, in versions that every
broker since 2.0 answers: who leads (Metadata 4), where partitions end (ListOffsets 2, committed records only), and how
the consumer group stands (FindCoordinator 1, DescribeGroups 0).
"""

from __future__ import annotations

import logging
import socket
import struct
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeVar

from app.turns.frames import Reader, array, frame, string
from app.turns.watchdog import Found, Group, Place

logger = logging.getLogger(__name__)

LIST_OFFSETS, METADATA, FIND_COORDINATOR, DESCRIBE_GROUPS = 2, 3, 10, 15
COMMITTED = 1
LATEST = -1
NOBODY = -1
T = TypeVar("T")


class Unreachable(Exception):
    """No broker answers."""


class Partition(NamedTuple):
    """Who leads a partition (NOBODY: none does), and whether so many hold it that it takes appends."""

    leader: int
    is_writable: bool


class Cluster(NamedTuple):
    """The brokers' addresses, and the partitions asked for."""

    brokers: dict[int, tuple[str, int]]
    partitions: dict[Place, Partition]


class Probe:
    """Asks a cluster. Every call opens its own connections, and waits at most `wait_s` for each answer."""

    def __init__(self, bootstrap: str, group: str, wait_s: float = 5.0) -> None:
        self._servers = [_address(each) for each in bootstrap.split(",")]
        self._group = group
        self._wait_s = wait_s

    def ask(self, places: Sequence[Place]) -> Found | None:
        """Where these end, and how the group stands; None where no broker answers.

        A place is in trouble where no leader answers for it, or too few replicas hold it for it to be written to.
        """
        try:
            cluster = self._cluster({topic for topic, _ in places})
        except Unreachable:
            return None
        ends = self._ends(cluster, places)
        known = cluster.partitions
        bad = {at for at in places if at not in ends or not known[at].is_writable}
        return Found(ends, frozenset(bad), self._describe())

    def _cluster(self, topics: Iterable[str]) -> Cluster:
        body = array([string(topic) for topic in sorted(topics)]) + b"\x00"
        return self._any(METADATA, 4, body, _read_metadata)

    def _ends(self, cluster: Cluster, places: Sequence[Place]) -> dict[Place, int]:
        by_leader: dict[int, list[Place]] = defaultdict(list)
        for place in places:
            if place in cluster.partitions:
                by_leader[cluster.partitions[place].leader].append(place)
        ends: dict[Place, int] = {}
        for leader, led in by_leader.items():
            address = cluster.brokers.get(leader)
            found = address and self._one(address, LIST_OFFSETS, 2, _list_offsets(led), _read_ends)
            ends.update(found or {})
        return ends

    def _describe(self) -> Group | None:
        """How the group stands; None where its coordinator does not say."""
        try:
            body = string(self._group) + b"\x00"
            coordinator = self._any(FIND_COORDINATOR, 1, body, _read_coordinator)
        except Unreachable:
            return None
        if coordinator is None:
            return None
        return self._one(coordinator, DESCRIBE_GROUPS, 0, array([string(self._group)]), _read_group)

    def _any(self, api: int, version: int, body: bytes, read: Callable[[Reader], T]) -> T:
        for server in self._servers:
            found = self._one(server, api, version, body, lambda reader: (read(reader),))
            if found is not None:
                return found[0]
        raise Unreachable

    def _one(
        self, address: tuple[str, int], api: int, version: int, body: bytes, read: Callable[[Reader], T]
    ) -> T | None:
        try:
            with socket.create_connection(address, self._wait_s) as connection:
                connection.sendall(frame(api, version, body))
                (size,) = struct.unpack(">i", _receive(connection, 4))
                return read(Reader(_receive(connection, size)[4:]))
        except (OSError, struct.error, ValueError) as error:
            logger.debug("probe: %s:%d: %r", *address, error)
            return None


def _receive(connection: socket.socket, size: int) -> bytes:
    found = bytearray()
    while len(found) < size:
        more = connection.recv(size - len(found))
        if not more:
            raise ConnectionError("closed in the middle of an answer")
        found += more
    return bytes(found)


def _address(server: str) -> tuple[str, int]:
    host, _, port = server.strip().rpartition(":")
    return host.strip("[]"), int(port)


def _read_metadata(reader: Reader) -> Cluster:
    reader.int32()  # throttle time
    brokers: dict[int, tuple[str, int]] = {}
    for _ in range(reader.int32()):
        node, host, port = reader.int32(), reader.text(), reader.int32()
        reader.text()  # rack
        brokers[node] = (host, port)
    reader.text()  # cluster id
    reader.int32()  # controller
    partitions: dict[Place, Partition] = {}
    for _ in range(reader.int32()):
        reader.int16()  # error: such a topic has no partitions
        topic = reader.text()
        reader.int8()
        for _ in range(reader.int32()):
            reader.int16()
            number, leader = reader.int32(), reader.int32()
            replicas, in_sync = reader.int32s(), reader.int32s()
            partitions[topic, number] = Partition(leader, len(in_sync) >= max(1, len(replicas) - 1))
    return Cluster(brokers, partitions)


def _list_offsets(places: Sequence[Place]) -> bytes:
    by_topic: dict[str, list[bytes]] = defaultdict(list)
    for topic, number in places:
        by_topic[topic].append(struct.pack(">iq", number, LATEST))
    topics = [string(topic) + array(numbers) for topic, numbers in by_topic.items()]
    return struct.pack(">ib", NOBODY, COMMITTED) + array(topics)


def _read_ends(reader: Reader) -> dict[Place, int]:
    reader.int32()
    ends: dict[Place, int] = {}
    for _ in range(reader.int32()):
        topic = reader.text()
        for _ in range(reader.int32()):
            number, error = reader.int32(), reader.int16()
            reader.int64()  # timestamp
            offset = reader.int64()
            if not error:
                ends[topic, number] = offset
    return ends


def _read_coordinator(reader: Reader) -> tuple[str, int] | None:
    reader.int32()
    error = reader.int16()
    reader.text()  # message
    reader.int32()  # node
    host, port = reader.text(), reader.int32()
    return None if error else (host, port)


def _read_group(reader: Reader) -> Group | None:
    reader.int32()  # one group was asked for
    error = reader.int16()
    reader.text()
    state = reader.text()
    reader.text()  # kind
    reader.text()  # assignor
    if error:
        return None
    assignments = {}
    for _ in range(reader.int32()):
        member = reader.text()
        for _ in range(2):
            reader.text()  # client, host
        reader.blob()  # its subscription
        assignments[member] = reader.blob()
    idle = frozenset(member for member, has in assignments.items() if not _has_partitions(has))
    return Group(state, len(assignments), idle)


def _has_partitions(assignment: bytes) -> bool:
    """Was a member given anything? Before a rebalance has ended, nobody was."""
    if not assignment:
        return False
    reader = Reader(assignment)
    reader.int16()  # version
    for _ in range(reader.int32()):
        reader.text()
        if reader.int32s():
            return True
    return False
