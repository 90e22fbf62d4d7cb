"""The peers' own programs: fetched and built once for each state of what describes them, under `.carillon/peers`."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from app.demo.errors import DemoError
from app.kafka.lock import locked
from benchmarks.lines import say

HERE = Path(__file__).parent
HOME = HERE.parents[1] / ".carillon" / "peers"
REQUIREMENTS = HERE / "quix.txt"
STREAMS = HERE / "kafka-streams"
TIMEOUT_S = 900
QUOTED_LINES = 8


def quix_python() -> Path:
    """The interpreter of an environment that has Quix Streams. Raises DemoError."""
    return _built("quix", [REQUIREMENTS], _make_environment) / "bin" / "python"


def streams_class_path() -> str:
    """Where Java finds the Kafka Streams peer and its jars. Raises DemoError."""
    built = _built("kafka-streams", [STREAMS / "pom.xml", *sorted(STREAMS.rglob("*.java"))], _compile)
    return f"{built / 'classes'}:{built / 'lib'}/*"


def _built(name: str, sources: Iterable[Path], build: Callable[[Path], None]) -> Path:
    """The folder of a peer, made anew where what it is made from has changed."""
    wanted = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    folder, stamp = HOME / name, HOME / f"{name}.sha256"
    with locked(HOME / f"{name}.lock"):
        if not stamp.is_file() or stamp.read_text(encoding="utf-8") != wanted:
            say(f"fetching and building {name}, once")
            stamp.unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
            build(folder)
            stamp.write_text(wanted, encoding="utf-8")
    return folder


def _make_environment(folder: Path) -> None:
    _run([sys.executable, "-m", "venv", str(folder)])
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*pip, "--require-hashes", "-r", str(REQUIREMENTS)])


def _compile(folder: Path) -> None:
    mvn = shutil.which("mvn")
    if mvn is None:
        raise DemoError("Kafka Streams cannot be built", "mvn is not on the PATH", "Install Maven")
    goals = ("compile", "dependency:copy-dependencies")
    places = (f"-Dbuilt={folder}", f"-DoutputDirectory={folder / 'lib'}")
    _run([mvn, "-q", "-B", "-f", str(STREAMS / "pom.xml"), *places, *goals])


def _run(command: list[str]) -> None:
    """Run a command of our own to its end, quietly. Raises DemoError with what it last said."""
    happened = f"{Path(command[0]).name} {command[-1]} failed"
    remedy = "Check the network, and the settings of pip and Maven"
    try:
        done = subprocess.run(  # noqa: S603 - arguments that we write ourselves
            command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise DemoError(happened, f"not through after {TIMEOUT_S} s", remedy) from error
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip().splitlines()[-QUOTED_LINES:]
        raise DemoError(happened, "\n".join(said), remedy)
