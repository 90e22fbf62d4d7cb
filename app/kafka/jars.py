"""The broker's jars: what `pom.xml` names, copied by Maven once for each state of that file."""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from app.kafka.errors import JarsError
from app.kafka.lock import locked

POM = Path(__file__).with_name("pom.xml")
HOME = Path(__file__).parents[2] / ".carillon" / "kafka"
LIB = HOME / "lib"

_TIMEOUT_S = 900
_QUOTED_LINES = 8


def ensure_jars(progress: Callable[[str], object], pom: Path = POM, home: Path = HOME) -> Path:
    """Return the folder with the jars, after fetching them where that is still to do. Raises JarsError."""
    lib, stamp = home / "lib", home / "pom.sha256"
    wanted = hashlib.sha256(pom.read_bytes()).hexdigest()
    with locked(home / "jars.lock"):
        if not _is_current(lib, stamp, wanted):
            progress("fetching Apache Kafka with Maven, once (about 45 MB)")
            stamp.unlink(missing_ok=True)
            _fetch(pom, lib)
            stamp.write_text(wanted, encoding="utf-8")
    return lib


def has_jars(lib: Path) -> bool:
    """Return whether the folder holds a broker."""
    return any(lib.glob("kafka_*.jar"))


def _is_current(lib: Path, stamp: Path, wanted: str) -> bool:
    return has_jars(lib) and stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted


def _fetch(pom: Path, lib: Path) -> None:
    """Copy the jars beside the folder first, so that it never holds half of them."""
    mvn = shutil.which("mvn")
    if mvn is None:
        raise JarsError(
            "the broker's jars cannot be fetched",
            "mvn is not on the PATH",
            "Install Maven, then run make kafka",
        )
    fresh = lib.with_name("lib.new")
    shutil.rmtree(fresh, ignore_errors=True)
    _run_maven(
        [mvn, "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={fresh}"]
    )
    if not has_jars(fresh):
        raise JarsError(
            "the broker's jars cannot be fetched", "Maven copied none", "Run make clean, then make kafka"
        )
    shutil.rmtree(lib, ignore_errors=True)
    fresh.rename(lib)


def _run_maven(command: list[str]) -> None:
    happened, remedy = (
        "the broker's jars cannot be fetched",
        "Check the network and Maven's settings, then make kafka",
    )
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise JarsError(happened, f"Maven was not through after {_TIMEOUT_S} s", remedy) from error
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip().splitlines()[:_QUOTED_LINES]
        raise JarsError(happened, "\n".join(["Maven said", *said]), remedy)


if __name__ == "__main__":
    try:
        ensure_jars(lambda line: sys.stderr.write(f"carillon: {line}\n"))
    except JarsError as error:
        sys.exit(f"error: {error}")
