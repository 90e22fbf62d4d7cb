"""How pages write times, numbers and links."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

NOT_AVAILABLE = "n/a"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HASH_LENGTH = 12


def moment(time_ms: int | None) -> str | Markup:
    """A time in UTC, to the second, with the exact one behind it."""
    if time_ms is None:
        return NOT_AVAILABLE
    try:
        at = _EPOCH + timedelta(milliseconds=time_ms)
    except OverflowError:
        return f"{time_ms} ms"
    exact = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return Markup('<time datetime="{}">{}</time>').format(exact, at.strftime("%Y-%m-%d %H:%M:%S"))


def number(value: int | None) -> str:
    """A count, with its thousands apart."""
    return NOT_AVAILABLE if value is None else f"{value:,}"


def share(part: int, whole: int) -> str:
    """A share with its denominator; of nothing it is not available."""
    return NOT_AVAILABLE if whole == 0 else f"{100 * part / whole:.1f} % of {whole:,}"


def segment(value: str) -> str:
    """Any text as one part of a path."""
    return quote(value, safe="", errors="replace")


def plain(value: Any) -> str:
    """A trait or a detail: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def asset(folder: Path) -> Callable[[str], str]:
    """A function that gives the address of a static file, which changes with what is in it."""
    hashes = {path.name: sha256(path.read_bytes()).hexdigest()[:_HASH_LENGTH] for path in folder.iterdir()}
    return lambda name: f"/console/static/{name}?v={hashes[name]}"


FILTERS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {"moment": moment, "number": number, "segment": segment, "plain": plain}
)
