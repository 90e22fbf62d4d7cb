"""Our worker beside Quix Streams and Kafka Streams: the same events, the same broker, one after the other.

    python -m benchmarks.peers [--events N] [--quix-events N]

Each peer does what `work.py` says, over a RocksDB store with a changelog; README.md says what it does not do.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import msgspec

from app.demo.errors import DemoError
from app.demo.stack import Stack
from benchmarks.campaigns import campaigns
from benchmarks.children import Measured, measured_by
from benchmarks.clickstream import Clickstream
from benchmarks.engine import CAPS, EVENTS, HOURS, START_MS, USERS, details, run_worker
from benchmarks.ground import Ground, main
from benchmarks.input import produce
from benchmarks.lines import line, say, show
from benchmarks.peers.fetching import quix_python, streams_class_path
from benchmarks.peers.rules import rules
from benchmarks.running import set_up

QUIX = {
    5.0: "Quix Streams 3.28.1, RocksDB and changelog, at least once, commits every 5 s as it comes",
    0.1: "Quix Streams 3.28.1, RocksDB and changelog, at least once, commits every 100 ms",
}
STREAMS = {
    "at_least_once": "Kafka Streams 4.1.1, RocksDB and changelog, at least once",
    "exactly_once_v2": "Kafka Streams 4.1.1, RocksDB and changelog, exactly once",
}
QUIX_EVENTS = EVENTS
QUIX_LIMIT_S = 60.0
STREAMS_LIMIT_S = 240.0
HEAP = ("-Xms1g", "-Xmx1g", "-XX:+UseSerialGC")


async def measure(ground: Ground, events: int, quix_events: int) -> None:
    """Produce, run the worker, then each peer; a line for each."""
    python, class_path = quix_python(), streams_class_path()
    say("setting up")
    await set_up(ground, "stream", {"caps": CAPS}, campaigns())
    rules_file = ground.folder / "rules.json"
    rules_file.write_bytes(msgspec.json.encode(rules(campaigns())))
    say(f"producing {events:,} events")
    source = Clickstream(USERS, START_MS, HOURS * 3_600_000 / events)
    await produce(ground.bootstrap, ground.events, source.events(events))
    say("one worker over all of them")
    decided = await run_worker(ground, events)
    peers = []
    for commit_s, name in QUIX.items():
        peers.append((name, await quix(ground, python, rules_file, min(quix_events, events), commit_s)))
    for guarantee, name in STREAMS.items():
        peers.append((name, await streams(ground, class_path, rules_file, guarantee, events)))
    cpu_rate = decided.events / decided.cpu_seconds
    for name, peer in peers:
        more = details(decided, cpu_rate, peer) | {"reference_sends": peer.orders}
        if peer.state_bytes:
            more["reference_state_bytes"] = peer.state_bytes
        show(line("peers", decided.events / decided.seconds, "events/s", name, peer.rate, **more))


async def quix(ground: Ground, python: Path, rules_file: Path, events: int, commit_s: float) -> Measured:
    """Quix Streams over the first of the events, or what it manages of them within the limit."""
    say(f"Quix Streams, commits every {commit_s} s, over {events:,} events, for {QUIX_LIMIT_S:.0f} s at most")
    name = f"{ground.name}-quix-{commit_s}"
    await ground.create_topic(f"{name}-orders")
    where = (ground.bootstrap, name, ground.events, f"{name}-orders", str(rules_file))
    bounds = (str(ground.folder / name), str(events), str(QUIX_LIMIT_S), str(commit_s))
    async with Stack(ground.folder / "logs", (str(python), "-m")) as stack:
        return await measured_by(stack, ground, "quix", "benchmarks.peers.quix_engine", *where, *bounds)


async def streams(ground: Ground, class_path: str, rules_file: Path, guarantee: str, events: int) -> Measured:
    """Kafka Streams over all events, after as many to warm up."""
    say(f"Kafka Streams, {guarantee}, over {events:,} events, twice: to warm up, then measured")
    java = shutil.which("java")
    if java is None:
        raise DemoError("Kafka Streams cannot run", "java is not on the PATH", "Install a JDK")
    name = f"{ground.name}-{guarantee.replace('_', '-')}"
    await ground.create_topic(f"{name}-orders")
    where = (ground.bootstrap, name, ground.events, f"{name}-orders", str(rules_file))
    rest = (str(ground.folder / name), guarantee, str(events))
    async with Stack(ground.folder / "logs", (java, *HEAP, "-cp", class_path)) as stack:
        return await measured_by(
            stack, ground, f"streams-{guarantee}", "peer.Main", *where, *rest, limit_s=STREAMS_LIMIT_S
        )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench peers", description="Our worker beside other engines.")
    parser.add_argument("--events", type=int, default=EVENTS, help="how many are decided on")
    parser.add_argument("--quix-events", type=int, default=QUIX_EVENTS, help="how many Quix Streams gets")
    return parser.parse_args()


if __name__ == "__main__":
    _given = _arguments()
    main("peers", lambda ground: measure(ground, _given.events, _given.quix_events))
