"""What the broker is told: its folder, its `server.properties` and how it logs."""

import secrets
import socket
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from pathlib import Path

LOOPBACK = "127.0.0.1"

# The broker session bounds how long a start after a kill waits for its own dead predecessor.
_SERVER = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port}
controller.listener.names=CONTROLLER
log.dirs={log_dirs}
auto.create.topics.enable=false
num.partitions=4
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=500
group.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
"""

_LOG4J = """\
status=error
appender.file.type=RollingFile
appender.file.name=file
appender.file.fileName={log}
appender.file.filePattern={log}.%i
appender.file.layout.type=PatternLayout
appender.file.layout.pattern=%d %p %m (%c{{1}})%n%throwable{{5}}
appender.file.policies.type=Policies
appender.file.policies.size.type=SizeBasedTriggeringPolicy
appender.file.policies.size.size=10MB
appender.file.strategy.type=DefaultRolloverStrategy
appender.file.strategy.max=2
rootLogger.level=warn
rootLogger.appenderRef.file.ref=file
"""


@dataclass(frozen=True, slots=True)
class BrokerFiles:
    """The places in a broker's data folder."""

    data: Path

    @property
    def properties(self) -> Path:
        """Return the broker's settings. Its absolute path also marks the process as this broker."""
        return self.data / "server.properties"

    @property
    def log4j(self) -> Path:
        """Return how it logs."""
        return self.data / "log4j2.properties"

    @property
    def log(self) -> Path:
        """Return its warnings and errors."""
        return self.data / "broker.log"

    @property
    def output(self) -> Path:
        """Return what the Java process printed since its start."""
        return self.data / "java.log"

    @property
    def pid(self) -> Path:
        """Return the file with the process id."""
        return self.data / "broker.pid"

    @property
    def lock(self) -> Path:
        """Return the lock of its start and stop."""
        return self.data / "start.lock"

    @property
    def formatted(self) -> Path:
        """Return the file that is there once the storage is formatted."""
        return self.data / "log" / "meta.properties"

    def write(self, port: int) -> None:
        """Write the settings for a start on this port."""
        self.data.mkdir(parents=True, exist_ok=True)
        server = _SERVER.format(
            host=LOOPBACK, port=port, controller_port=free_port(), log_dirs=self.formatted.parent
        )
        self.properties.write_text(server, encoding="utf-8")
        self.log4j.write_text(_LOG4J.format(log=self.log), encoding="utf-8")

    def last_lines(self, count: int) -> list[str]:
        """Return the ends of both logs, for an error message."""
        lines: list[str] = []
        for path in (self.log, self.output):
            if path.is_file():
                lines += path.read_text(encoding="utf-8", errors="replace").splitlines()[-count:]
        return lines


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Return whether a server could listen on this port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def new_cluster_id() -> str:
    """Return an id as Kafka's storage tool wants it: 16 random bytes in 22 characters."""
    return "C" + urlsafe_b64encode(secrets.token_bytes(16)).decode()[:21]
