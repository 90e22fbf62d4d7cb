"""What arrived at the sink: the last requests, with running numbers, and those still without their answer."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice

import msgspec

KEPT = 200_000
KEPT_BYTES = 256 * 1024 * 1024
NO_ANSWER = 0  # the status of a request that is never answered
_encode = msgspec.json.Encoder().encode


class Entry(msgspec.Struct, gc=False):
    """One request. `status` is the answer it gets, 0 for none; `at` is wall clock, epoch milliseconds.

    `answered`: when its answer left, 0 while it has none.
    """

    n: int
    at: int
    service: str
    token: str
    message: str
    status: int
    body: bytes
    answered: int = 0


class Received:
    """The requests in the order of their arrival. The oldest go when there are too many bytes or requests."""

    def __init__(self, now_ms: Callable[[], int], kept: int = KEPT, kept_bytes: int = KEPT_BYTES) -> None:
        self._now_ms = now_ms
        self._kept = kept
        self._kept_bytes = kept_bytes
        self._entries: deque[Entry] = deque()
        self._bytes = 0
        self._last = 0
        self._waiting: dict[int, Entry] = {}
        self._statuses: dict[str, Counter[int]] = {}

    def add(self, service: str, token: str, message: str, status: int, body: bytes) -> Entry:
        """Note a request at its arrival, with the status that it will get."""
        self._last += 1
        entry = Entry(self._last, self._now_ms(), service, token, message, status, body)
        self._entries.append(entry)
        self._bytes += len(body)
        while len(self._entries) > self._kept or self._bytes > self._kept_bytes:
            self._bytes -= len(self._entries.popleft().body)
        statuses = self._statuses.get(service)
        if statuses is None:
            statuses = self._statuses[service] = Counter()
        statuses[status] += 1
        return entry

    @contextmanager
    def waiting(self, entry: Entry) -> Iterator[None]:
        """The time in which `entry` has no answer yet."""
        self._waiting[entry.n] = entry
        try:
            yield
        finally:
            del self._waiting[entry.n]
            entry.answered = self._now_ms()

    def after(self, number: int, limit: int | None = None) -> list[Entry]:
        """The entries with a running number above `number`, oldest first, at most `limit`."""
        first = self._last - len(self._entries) + 1
        start = max(0, number + 1 - first)
        stop = None if limit is None else start + limit
        return list(islice(self._entries, start, stop))

    def newest(self, count: int) -> list[Entry]:
        """The last `count` entries, newest first."""
        return list(islice(reversed(self._entries), count))

    def in_flight(self) -> list[Entry]:
        """The requests that are still without their answer, oldest first."""
        return list(self._waiting.values())

    @property
    def total(self) -> int:
        """How many have arrived since the start."""
        return self._last

    def counts(self) -> dict[str, object]:
        """Totals since the start; `by_service` maps service -> status -> number."""
        return {
            "received": self._last,
            "kept": len(self._entries),
            "in_flight": len(self._waiting),
            "by_service": {
                service: {str(status): number for status, number in sorted(statuses.items())}
                for service, statuses in self._statuses.items()
            },
        }


def line(entry: Entry) -> bytes:
    """One JSON line: n, at, service, token, message, status, body (JSON as it came, or a string), answered."""
    return _encode({**summary(entry), "body": _readable(entry.body), "answered": entry.answered}) + b"\n"


def summary(entry: Entry) -> dict[str, object]:
    """All of an entry but its body."""
    return {name: getattr(entry, name) for name in ("n", "at", "service", "token", "message", "status")}


def _readable(body: bytes) -> object:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return body.decode("utf-8", "replace")
