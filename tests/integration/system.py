"""An app of its own on the broker: settings, campaigns, a push service, workers that may be killed."""

from __future__ import annotations

import http.client
import json
import secrets
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from app.demo.run import CAMPAIGNS, EXAMPLES
from app.demo.settling import busy
from app.kafka.files import LOOPBACK, free_port
from app.topics import ACTORS, Topics
from tests.integration.kafka import Kafka
from tests.integration.process import CHECKOUT, PROGRAM, Process, Said, run
from tests.integration.waiting import until

DEMO_CAMPAIGNS = tuple(str(CHECKOUT / EXAMPLES / f"{campaign}.yaml") for campaign in CAMPAIGNS)
READY_S = 60.0
SETTLE_S = 120.0
CALM_S = 0.4


class System:
    """One app with a name of its own. Everything that it started ends in `close`."""

    def __init__(self, bootstrap: str, folder: Path, *, partitions: int = 4, clock: str = "stream") -> None:
        self.kafka = Kafka(bootstrap)
        self.folder = folder
        self.partitions = partitions
        self.app = f"t{secrets.token_hex(5)}"
        self.topics = Topics(self.app, f"{self.app}.in")
        self.clock = clock
        self.sink_url = ""
        self.workers: dict[int, Process] = {}
        self._ports: dict[int, int] = {}
        self._sink: Process | None = None
        folder.mkdir(parents=True, exist_ok=True)

    # --- what there is -------------------------------------------------------------------------------------

    def settings(self, **changes: Any) -> None:
        """Write `carillon.yaml`: the demo's, with this sink, and with these keys changed."""
        yaml = YAML()
        document = yaml.load((CHECKOUT / EXAMPLES / "carillon.yaml").read_text(encoding="utf-8"))
        document["partitions"] = self.partitions
        document["providers"]["fcm"] |= {"credentials": str(self.folder / "fcm.json"), "url": self.sink_url}
        document.update(changes)
        with (self.folder / "carillon.yaml").open("w", encoding="utf-8") as file:
            yaml.dump(document, file)

    def environment(self, worker: int = 0) -> dict[str, str]:
        """What a process of this app finds in its environment."""
        port = self._ports.setdefault(worker, free_port())
        return {
            "CARILLON_KAFKA": self.kafka.bootstrap,
            "CARILLON_APP": self.app,
            "CARILLON_EVENTS": self.topics.events,
            "CARILLON_SETTINGS": str(self.folder / "carillon.yaml"),
            "CARILLON_CLOCK": self.clock,
            "CARILLON_DATA": str(self.state(worker)),
            "CARILLON_WEB": f"{LOOPBACK}:{port}",
        }

    def state(self, worker: int = 0) -> Path:
        """The folder of a worker's state."""
        return self.folder / f"state-{worker}"

    def set_up(self, campaigns: Sequence[str] = DEMO_CAMPAIGNS, script: object = None) -> None:
        """Start a push service, make the topics, apply and schedule campaigns."""
        self.start_sink(script)
        self.settings()
        self.done("setup")
        self.done("campaign", "apply", "--schedule", *campaigns)

    def start_sink(self, script: object = None) -> None:
        """Start a push service on a free port, and let it fail as the script says."""
        log = self.folder / "sink.log"
        arguments = ("sink", "--port", "0", "--credentials", str(self.folder / "fcm.json"), "--json")
        self._sink = Process("sink", log, {}, PROGRAM, *arguments)
        self.sink_url = until(lambda: _sink_url(log), READY_S, "the sink says where it is")
        if script is not None:
            self.ask(self.sink_url, "/script", script)

    def write(self, name: str, text: str) -> str:
        """Write a file into the folder of this app; its path."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    # --- commands and workers ------------------------------------------------------------------------------

    def command(self, *arguments: str, **changes: str) -> Said:
        """Run one command of this app."""
        return run(self.environment() | changes, *arguments)

    def done(self, *arguments: str, **changes: str) -> Said:
        """Run one command that must succeed."""
        said = self.command(*arguments, **changes)
        assert said.code == 0, (arguments, said)
        return said

    def start_worker(self, number: int = 0, program: Sequence[str] = PROGRAM) -> Process:
        """Start a worker on its own state folder and port; does not wait."""
        log = self.folder / f"worker-{number}.log"
        self.workers[number] = Process(f"worker {number}", log, self.environment(number), program, "worker")
        return self.workers[number]

    def start_workers(self, count: int, program: Sequence[str] = PROGRAM) -> None:
        """Start workers and wait until they own every partition and decide."""
        for number in range(count):
            self.start_worker(number, program)
        self.wait_until_ready()

    def wait_until_ready(self, limit_s: float = READY_S) -> None:
        """Wait until every running worker is ready, and every partition has one owner."""
        try:
            until(self._ready, limit_s, "every worker is ready", 0.1)
        except AssertionError as error:
            raise AssertionError(f"{error}; {self.standing()}") from error

    def standing(self) -> dict[int, Any]:
        """What each running worker says of itself: why it is not ready, and the phase of each of its partitions."""
        return {
            number: (
                self.get(number, "/readyz")[1],
                {f"{each['actor']}/{each['partition']}": each["phase"] for each in self.owned(number) or ()},
            )
            for number, worker in self.workers.items()
            if worker.code is None
        }

    def _ready(self) -> bool:
        numbers = [number for number, worker in self.workers.items() if worker.code is None]
        assert numbers, "no worker runs"
        if not all(self.get(number, "/readyz")[0] == http.client.OK for number in numbers):
            return False
        owned = [
            (each["actor"], each["partition"]) for number in numbers for each in self.owned(number) or ()
        ]
        return len(owned) == len(set(owned)) == len(ACTORS) * self.partitions

    def get(self, number: int, path: str) -> tuple[int, Any]:
        """Ask a worker's web port; status 0 where it does not answer."""
        try:
            return _request(f"{LOOPBACK}:{self._ports[number]}", "GET", path, None)
        except (OSError, http.client.HTTPException):
            return 0, None

    def owned(self, number: int) -> list[dict[str, Any]] | None:
        """What a worker says of its partitions; None where it cannot be asked."""
        status, said = self.get(number, "/api/v1/partitions")
        return said if status == http.client.OK else None

    def backlog(self, number: int) -> int:
        """What a worker has before it, in records and calls; 0 where it cannot be asked."""
        return sum(each["lag"] + each["in_flight"] for each in self.owned(number) or ())

    # --- events in, decisions out --------------------------------------------------------------------------

    def feed(self, messages: Iterable[tuple[str, Mapping[str, Any]]]) -> list[tuple[int, int]]:
        """Send (user, message) pairs in order, keyed as Java's client does."""
        return self.kafka.produce(
            self.topics.events, ((user, json.dumps(message).encode()) for user, message in messages)
        )

    def tick(self, time: str) -> None:
        """Move the stream clock on, in every partition."""
        self.done("event", "tick", time)

    def settle(self, limit_s: float = SETTLE_S, frozen: int | None = None) -> None:
        """Wait until all input is decided, every call has ended, and twice nothing new was said."""
        seen: list[int] = []

        def calm() -> bool:
            running = [number for number, worker in self.workers.items() if worker.code is None]
            numbers = [number for number in running if number != frozen]
            said = {str(number): self.owned(number) for number in numbers}
            if busy(said, self.partitions):
                seen.clear()
                return False
            seen.append(self.kafka.end(self.topics.decisions))
            return len(seen) > 1 and seen[-1] == seen[-2]

        until(calm, limit_s, "all is decided", CALM_S)

    def decisions(self) -> list[dict[str, Any]]:
        """Every decision, each once: a reader drops a repeated `id`."""
        return list({each["id"]: each for each in self.kafka.read(self.topics.decisions)}.values())

    def dead_letters(self) -> list[dict[str, Any]]:
        """Every dead letter."""
        found: list[dict[str, Any]] = self.kafka.read(self.topics.dead_letters)
        return found

    def received(self) -> list[dict[str, Any]]:
        """Every request that the push service got."""
        text = _request(self.sink_url.removeprefix("http://"), "GET", "/received?after=0", None, raw=True)[1]
        return [json.loads(line) for line in text.splitlines()]

    def ask(self, url: str, path: str, value: object = None) -> Any:
        """Ask a server that must answer."""
        status, said = _request(url.removeprefix("http://"), "GET" if value is None else "POST", path, value)
        assert status == http.client.OK, (path, status, said)
        return said

    # --- the end -------------------------------------------------------------------------------------------

    def stop_workers(self) -> dict[int, int]:
        """Stop every worker that runs; what each ended with."""
        return {number: worker.stop() for number, worker in self.workers.items() if worker.code is None}

    def last_words(self) -> str:
        """The end of every log."""
        processes = [*self.workers.values(), *([self._sink] if self._sink else [])]
        return "\n".join(process.last_words() for process in processes)

    def close(self) -> None:
        """Stop everything, take the topics away."""
        self.stop_workers()
        if self._sink is not None:
            self._sink.stop()
        ours = [name for name in self.kafka.topics() if name.startswith(self.app)]
        if ours:
            self.kafka.delete(*ours)
        for number in self.workers:
            shutil.rmtree(self.state(number), ignore_errors=True)


def _request(place: str, method: str, path: str, value: object, *, raw: bool = False) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(place, timeout=10)
    try:
        body = None if value is None else json.dumps(value)
        connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read().decode()
        return answer.status, text if raw else json.loads(text)
    finally:
        connection.close()


def _sink_url(log: Path) -> str:
    """What the sink said of itself; empty before that."""
    lines = [line for line in log.read_text(encoding="utf-8").splitlines(True) if line.startswith("{")]
    return str(json.loads(lines[0])["url"]) if lines and lines[0].endswith("\n") else ""
