"""One run of the demo: its name, its folder, and the environment and settings of its processes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ruamel.yaml import YAML

from app.kafka.files import LOOPBACK, is_free

EXAMPLES = Path("examples/demo")
CAMPAIGNS = ("cart-reminder", "night-owl", "payment-help", "welcome-offer")
FOLDER = Path(".carillon/demo")
SINK_PORT = 9090
WEB_PORT = 6066
LAST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Run:
    """The names and places of one run; two runs share none of them."""

    name: str
    bootstrap: str
    sink_port: int
    web_ports: tuple[int, ...]
    examples: Path = EXAMPLES
    root: Path = FOLDER

    @property
    def app(self) -> str:
        """Return the prefix of all that the run owns in Kafka."""
        return f"demo{self.name}"

    @property
    def events(self) -> str:
        """Return the topic of its events."""
        return f"{self.app}-events"

    @property
    def folder(self) -> Path:
        """Return the folder of its files."""
        return self.root / self.name

    @property
    def credentials(self) -> Path:
        """Return the file into which the sink writes what its clients sign with."""
        return self.folder / "fcm.json"

    @property
    def settings(self) -> Path:
        """Return its copy of `carillon.yaml`."""
        return self.folder / "carillon.yaml"

    @property
    def sink_url(self) -> str:
        """Return where the sink listens."""
        return f"http://{LOOPBACK}:{self.sink_port}"

    @property
    def web_urls(self) -> tuple[str, ...]:
        """Return where the workers' pages are."""
        return tuple(f"http://{LOOPBACK}:{port}" for port in self.web_ports)

    @property
    def state_folders(self) -> tuple[Path, ...]:
        """Return the folders of the workers' state."""
        return tuple(self.folder / f"worker-{number + 1}" for number in range(len(self.web_ports)))

    @property
    def campaign_files(self) -> tuple[str, ...]:
        """Return the paths of the campaigns."""
        return tuple(str(self.examples / f"{campaign}.yaml") for campaign in CAMPAIGNS)

    def environment(self) -> dict[str, str]:
        """Return what every process of the run finds in its environment."""
        return {
            "CARILLON_KAFKA": self.bootstrap,
            "CARILLON_APP": self.app,
            "CARILLON_EVENTS": self.events,
            "CARILLON_SETTINGS": str(self.settings),
            "CARILLON_CLOCK": "stream",
        }

    def worker_environment(self, index: int) -> dict[str, str]:
        """Return what the worker of that index finds, with a state folder and a web port of its own."""
        own = {
            "CARILLON_DATA": str(self.state_folders[index]),
            "CARILLON_WEB": f"{LOOPBACK}:{self.web_ports[index]}",
        }
        return self.environment() | own

    def write_settings(self) -> int:
        """Write the copy of `carillon.yaml` that names the run's sink; return the number of partitions."""
        yaml = YAML()
        settings = yaml.load((self.examples / "carillon.yaml").read_text(encoding="utf-8"))
        settings["providers"]["fcm"] |= {"credentials": self.credentials.name, "url": self.sink_url}
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.settings.open("w", encoding="utf-8") as copy:
            yaml.dump(settings, copy)
        return int(settings["partitions"])

    def write_summary(self, summary: Mapping[str, object]) -> Path:
        """Write the summary where the last run's is found, and return its path."""
        path = self.root / "summary.json"
        path.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
        return path


def new_run(bootstrap: str, workers: int, at_ms: int) -> Run:
    """Name a run by the time at which it starts, and choose free ports for it."""
    name = f"{datetime.fromtimestamp(at_ms // 1000, UTC):%Y%m%d%H%M%S}{at_ms % 1000:03d}"
    return Run(name, bootstrap, free_ports(SINK_PORT, 1)[0], free_ports(WEB_PORT, workers))


def free_ports(first: int, count: int) -> tuple[int, ...]:
    """Return that many free ports, from the first on upwards."""
    found: list[int] = []
    for port in range(first, LAST_PORT):
        if len(found) == count:
            break
        if is_free(port):
            found.append(port)
    return tuple(found)
