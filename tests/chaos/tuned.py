"""An embedded broker with other settings than the one that `kafka start` runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.kafka.broker import EmbeddedBroker
from app.kafka.files import LOOPBACK, BrokerFiles, free_port
from tests.chaos.wire import Wire


@dataclass(frozen=True)
class TunedFiles(BrokerFiles):
    """The files of a broker; `changes` replaces settings, or adds them."""

    changes: Mapping[str, str]

    def write(self, port: int) -> None:
        """Write the settings for a start on this port."""
        BrokerFiles.write(self, port)
        lines = self.properties.read_text(encoding="utf-8").splitlines()
        settings = dict(line.split("=", 1) for line in lines if line) | dict(self.changes)
        text = "".join(f"{name}={value}\n" for name, value in settings.items())
        self.properties.write_text(text, encoding="utf-8")


def tuned_broker(folder: Path, port: int, changes: Mapping[str, str], heap: str) -> EmbeddedBroker:
    """Such a broker; starts nothing."""
    broker = EmbeddedBroker(folder, port, heap=heap)
    broker.files = TunedFiles(broker.files.data, changes)
    return broker


def broker_behind(wire: Wire, folder: Path, heap: str) -> EmbeddedBroker:
    """A broker that is reached directly on its port, and through the wire by whoever asks for it there.

    Clients go where a broker says that it is: the listener behind the wire says that it is the wire.
    """
    port, controller, behind = free_port(), free_port(), free_port()
    wire.behind = behind
    plain = f"PLAINTEXT://{LOOPBACK}:{port}"
    return tuned_broker(
        folder,
        port,
        {
            "controller.quorum.voters": f"1@{LOOPBACK}:{controller}",
            "listeners": f"{plain},WIRE://{LOOPBACK}:{behind},CONTROLLER://{LOOPBACK}:{controller}",
            "advertised.listeners": f"{plain},WIRE://{wire.address}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,WIRE:PLAINTEXT,CONTROLLER:PLAINTEXT",
        },
        heap,
    )
