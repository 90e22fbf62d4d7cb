"""How long from an event to its push: event produced -> request at the loopback push service.

    python -m benchmarks.latency [--seconds N]

Wall clock, one campaign, one worker with its sender; this process produces the events and plays the push service, so
one clock measures both ends. Reference: the same client's record to the broker and back.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp
import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from app.clock import monotonic_s, now_ms
from benchmarks.ground import PARTITIONS, Ground, main
from benchmarks.lines import line, percentile, say, show
from benchmarks.processor_time import cpu_s
from benchmarks.push_service import MARK, PushService
from benchmarks.running import Running, set_up, start

RATES = (100, 500, 1000)
SECONDS = 10.0
WARM_UP_S = 2.0
TAIL_LIMIT_S = 15.0
POLL_S = 0.05
USERS = 2_000
EVENT = "bench_go"
CAMPAIGN = {
    "campaign": "bench-latency",
    "when": {"event": EVENT},
    "what": {"title": "Now", "body": "{{ event.mark }}", "data": {MARK: "{{ event.mark }}"}},
}


@dataclass
class Journey:
    """When each mark left and came."""

    left_s: dict[str, float] = field(default_factory=dict)
    came_s: dict[str, float] = field(default_factory=dict)

    def came(self, mark: str, at_s: float) -> None:
        """The first time that a mark comes counts."""
        self.came_s.setdefault(mark, at_s)

    async def whole(self, limit_s: float) -> None:
        """Wait until everything that left has come, or the limit is over."""
        until_s = monotonic_s() + limit_s
        while monotonic_s() < until_s:
            if not self.missing:
                return
            await asyncio.sleep(POLL_S)

    @property
    def missing(self) -> int:
        """How many have left and not come."""
        return len(self.left_s.keys() - self.came_s.keys())

    def milliseconds(self, first: int, end_s: float) -> list[float]:
        """How long each took, but for the first ones; one that has not come took until now at least."""
        marks = list(self.left_s)[first:]
        return [(self.came_s.get(mark, end_s) - self.left_s[mark]) * 1000 for mark in marks]


@dataclass(frozen=True)
class Course:
    """One measurement: how a record leaves, and where its way is noted."""

    journey: Journey
    send: Callable[[str], Awaitable[None]]

    async def run(self, rate: int, seconds: float) -> dict[str, float]:
        """Send at an even rate; p50, p99, and how many never came."""
        journey = self.journey
        journey.left_s.clear()
        journey.came_s.clear()
        started_s, count = monotonic_s(), int(rate * (WARM_UP_S + seconds))
        for number in range(count):
            ahead_s = started_s + number / rate - monotonic_s()
            if ahead_s > 0:
                await asyncio.sleep(ahead_s)
            mark = f"{rate}-{number}"
            journey.left_s[mark] = monotonic_s()
            await self.send(mark)
        sent_s = monotonic_s() - started_s
        await journey.whole(TAIL_LIMIT_S)
        taken = journey.milliseconds(int(rate * WARM_UP_S), monotonic_s())
        return {
            "p50_ms": percentile(taken, 0.5),
            "p99_ms": percentile(taken, 0.99),
            "events": len(taken),
            "sent_rate": count / sent_s,
            "unanswered": journey.missing,
        }


async def measure(ground: Ground, seconds: float) -> None:
    """Start everything, then at each rate the broker alone, then the whole way."""
    journey = Journey()
    service = PushService(journey.came)
    ground.folder.mkdir(parents=True, exist_ok=True)
    await service.start(ground.folder / "fcm.json")
    fcm = {"project": "bench", "credentials": "fcm.json", "url": service.url}
    say("setting up")
    await set_up(ground, "wall", {"providers": {"fcm": fcm}}, [CAMPAIGN])
    await ground.create_topic(f"{ground.name}-echo")
    producer = AIOKafkaProducer(bootstrap_servers=ground.bootstrap, acks="all", linger_ms=0)
    await producer.start()
    try:
        async with aiohttp.ClientSession() as session:
            running = await start(ground, "wall", session)
            await running.ready()
            await introduce(ground, producer, running)
            for rate in RATES:
                await _one_rate(ground, producer, journey, rate, seconds, running.pid)
            await running.stop()
    finally:
        await producer.stop()
        service.stop()


async def introduce(ground: Ground, producer: Any, running: Running) -> None:
    """Make every user known, with a device."""
    say(f"introducing {USERS:,} users")
    for number in range(USERS):
        await producer.send(ground.events, identify(number), key=b"u-%d" % number)
    await producer.flush()
    await running.until_done(TAIL_LIMIT_S)


async def _one_rate(
    ground: Ground, producer: Any, journey: Journey, rate: int, seconds: float, worker: int
) -> None:
    say(f"{rate} events a second: the broker alone, then the whole way")
    echo = await _echo(ground, producer, rate, seconds / 2)

    async def send(mark: str) -> None:
        user = int(mark.rpartition("-")[2]) % USERS
        await producer.send(ground.events, track(user, mark), key=b"u-%d" % user)

    started_s, used_s = monotonic_s(), cpu_s(worker)
    whole = await Course(journey, send).run(rate, seconds)
    cores = (cpu_s(worker) - used_s) / (monotonic_s() - started_s)
    reference = {f"reference_{name}": echo[name] for name in ("p50_ms", "p99_ms")}
    more = {"rate": rate, **whole, **reference, "worker_cores": cores}
    show(line("latency", whole["p99_ms"], "ms (p99)", "broker round trip (p99)", echo["p99_ms"], **more))


async def _echo(ground: Ground, producer: Any, rate: int, seconds: float) -> dict[str, float]:
    """The same client's records to a topic and back."""
    topic, journey = f"{ground.name}-echo", Journey()
    ends = await ground.ends(topic)
    consumer = AIOKafkaConsumer(bootstrap_servers=ground.bootstrap, group_id=None, enable_auto_commit=False)
    await consumer.start()
    consumer.assign([TopicPartition(topic, number) for number in range(PARTITIONS)])
    for number, end in enumerate(ends):
        consumer.seek(TopicPartition(topic, number), end)

    async def listen() -> None:
        async for record in consumer:
            journey.came(record.value.decode(), monotonic_s())

    async def send(mark: str) -> None:
        await producer.send(topic, mark.encode(), key=mark.encode())

    listening = asyncio.create_task(listen())
    try:
        return await Course(journey, send).run(rate, seconds)
    finally:
        listening.cancel()
        await asyncio.wait([listening])
        await consumer.stop()


def identify(number: int) -> bytes:
    """A user's first message, with a device that may be pushed to."""
    device = {"id": f"d-{number}", "type": "android", "token": f"token-{number}", "push": "allowed"}
    message = {
        "type": "identify",
        "messageId": f"i-{number}",
        "userId": f"u-{number}",
        "traits": {"n": number},
    }
    return msgspec.json.encode(message | {"context": {"device": device}})


def track(user: int, mark: str) -> bytes:
    """A triggering event of now."""
    time = datetime.fromtimestamp(now_ms() / 1000, UTC).isoformat(timespec="milliseconds")
    message = {"type": "track", "messageId": mark, "userId": f"u-{user}", "event": EVENT, "timestamp": time}
    return msgspec.json.encode(message | {"properties": {"mark": mark}})


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench latency", description="From an event to its push request.")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="how long each rate is measured")
    return parser.parse_args()


if __name__ == "__main__":
    _given = _arguments()
    main("latency", lambda ground: measure(ground, _given.seconds))
