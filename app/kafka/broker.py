"""The embedded broker: one node of Apache Kafka in KRaft mode, on the loopback interface only.

It lives in a process of its own, detached, so that one command starts it and another stops it. Its data
folder holds all there is to know about it: settings, logs, records, pid.
"""

import shutil
import signal
import subprocess
import time
from pathlib import Path

from app.clock import monotonic_s
from app.kafka.errors import BrokerError
from app.kafka.files import LOOPBACK, BrokerFiles, is_free, new_cluster_id
from app.kafka.jars import LIB, has_jars
from app.kafka.lock import locked
from app.kafka.process import end, running_pid
from app.kafka.ready import answers

DEFAULT_PORT = 19092
DEFAULT_DATA = Path(".carillon/kafka/data")
QUICKLY = "-XX:TieredStopAtLevel=1"
"""Compile once and quickly: a broker that lives for minutes spends more on its best code than that ever saves it."""

_START_LIMIT_S = 90.0
_STOP_LIMIT_S = 20.0
_KILL_LIMIT_S = 10.0
_POLL_S = 0.1
_QUOTED_LINES = 12


class EmbeddedBroker:
    """A broker with its data in one folder. Creating the object starts nothing."""

    def __init__(self, data: Path, port: int = DEFAULT_PORT, lib: Path = LIB, heap: str = "1g") -> None:
        self.files = BrokerFiles(data.resolve())
        self.port = port
        self._lib = lib
        self._heap = heap

    @property
    def bootstrap(self) -> str:
        """Return the address for clients."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def pid(self) -> int | None:
        """Return the process id of the broker on this folder, or None where none runs."""
        return running_pid(self.files.pid, str(self.files.properties))

    def start(self) -> bool:
        """Start it and wait until it answers; False where it runs already. Raises BrokerError."""
        self._make_folder()
        with locked(self.files.lock):
            if self.pid is not None:
                return self._refuse_other_port()
            java = self._require()
            self.files.write(self.port)
            if not self.files.formatted.exists():
                self._format(java)
            self._await(self._launch(java))
        return True

    def stop(self) -> bool:
        """Stop it, with force where it does not go; False where none runs."""
        return self._end(signal.SIGTERM, _STOP_LIMIT_S) or self.kill()

    def kill(self) -> bool:
        """Stop it without a warning, as a power cut would; False where none runs. Raises BrokerError."""
        ended, pid = self._end(signal.SIGKILL, _KILL_LIMIT_S), self.pid
        if pid is not None:
            raise BrokerError(
                "the broker cannot be stopped",
                f"process {pid} does not end",
                "Look at it with ps, then try again",
            )
        return ended

    def _end(self, number: signal.Signals, limit_s: float) -> bool:
        pid = self.pid
        if pid is None:
            return False
        ended = end(pid, str(self.files.properties), number, limit_s)
        if ended:
            self.files.pid.unlink(missing_ok=True)
        return ended

    def _make_folder(self) -> None:
        try:
            self.files.data.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            why = f"its folder {self.files.data} cannot be made ({error.strerror})"
            raise BrokerError("the broker cannot start", why, "Choose another with --data") from error

    def _refuse_other_port(self) -> bool:
        if answers(LOOPBACK, self.port):
            return False
        raise BrokerError(
            "the broker cannot start",
            f"one already runs on {self.files.data}, and not on port {self.port}",
            "Stop it with kafka stop, or choose another folder with --data",
        )

    def _require(self) -> str:
        """Return the path of java, once everything that a start needs is there."""
        java = shutil.which("java")
        if java is None:
            raise BrokerError(
                "the broker cannot start", "java is not on the PATH", "Install Java 17 or later"
            )
        if not has_jars(self._lib):
            raise BrokerError("the broker cannot start", "its jars are missing", "Run make kafka")
        if not is_free(self.port):
            why = f"port {self.port} is in use by another program"
            raise BrokerError(
                "the broker cannot start", why, "Stop that program, or choose another with --port"
            )
        return java

    def _java(self, java: str, *arguments: str) -> list[str]:
        logging = f"-Dlog4j2.configurationFile={self.files.log4j.as_uri()}"
        return [java, f"-Xmx{self._heap}", QUICKLY, "-XX:+ExitOnOutOfMemoryError", "-Djava.awt.headless=true",
                logging, "-cp", f"{self._lib}/*", *arguments]  # fmt: skip

    def _format(self, java: str) -> None:
        tool = ["kafka.tools.StorageTool", "format", "-t", new_cluster_id(), "-c", str(self.files.properties)]
        with self.files.output.open("wb") as output:
            done = subprocess.run(
                self._java(java, *tool), stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False
            )
        if done.returncode != 0:
            raise self._failed("the broker's storage cannot be formatted", f"exit code {done.returncode}")

    def _launch(self, java: str) -> "subprocess.Popen[bytes]":
        """Start the process in a session of its own: signals of this terminal do not reach it."""
        with self.files.output.open("wb") as output:
            process = subprocess.Popen(
                self._java(java, "kafka.Kafka", str(self.files.properties)),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.files.data,
                start_new_session=True,
            )
        self.files.pid.write_text(str(process.pid), encoding="utf-8")
        return process

    def _await(self, process: "subprocess.Popen[bytes]") -> None:
        try:
            self._await_answer(process)
        except BaseException:  # also an interrupt: nobody waits for this broker any more
            self.kill()
            raise
        finally:
            process.returncode = process.returncode or 0  # it outlives this object: no ResourceWarning

    def _await_answer(self, process: "subprocess.Popen[bytes]") -> None:
        until = monotonic_s() + _START_LIMIT_S
        while not answers(LOOPBACK, self.port):
            if process.poll() is not None:
                self.files.pid.unlink(missing_ok=True)
                raise self._failed("the broker ended while it started", f"exit code {process.returncode}")
            if monotonic_s() > until:
                raise self._failed("the broker did not start", f"no answer after {_START_LIMIT_S:.0f} s")
            time.sleep(_POLL_S)

    def _failed(self, happened: str, why: str) -> BrokerError:
        quoted = self.files.last_lines(_QUOTED_LINES) or ["nothing"]
        told = "\n  ".join([f"{why}; it last said", *quoted])
        return BrokerError(happened, told, f"Its logs are in {self.files.data}")
