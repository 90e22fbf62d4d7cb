"""Saved segments, out of the campaigns topic. Key: `segment/name@version` -> SegmentDefinition, immutable.

The newest version that is in force is the one that counts; all stay, so that a backlog is decided by those of its time.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import Struct

from app.domain.model.campaign import Segment
from app.domain.model.condition import Condition
from app.domain.rules.counting import Asked
from app.domain.rules.segments import without_cycles
from app.domain.rules.who import Who

PREFIX = "segment/"


class SegmentDefinition(Struct, frozen=True):
    """One version of a saved segment, and the file that it came from."""

    segment: Segment
    text: str
    created_ms: int


decode_segment = msgspec.msgpack.Decoder(SegmentDefinition).decode


class SavedSegments:
    """Every version of every saved segment, with the broker's time of each."""

    def __init__(self) -> None:
        self._versions: dict[str, dict[int, tuple[SegmentDefinition, int]]] = {}
        self._compiled: dict[tuple[str, int], Who] = {}

    def take(self, key: str, value: bytes | None, time_ms: int) -> None:
        """Take one record in."""
        name, _, number = key.removeprefix(PREFIX).partition("@")
        versions, version = self._versions.setdefault(name, {}), int(number)
        self._compiled.pop((name, version), None)
        if value is not None:
            versions[version] = (decode_segment(value), time_ms)
        else:
            versions.pop(version, None)
        if not versions:
            del self._versions[name]

    def names(self) -> list[str]:
        """Every name, in order."""
        return sorted(self._versions)

    def newest(self, name: str) -> tuple[int, SegmentDefinition, int] | None:
        """The latest version: its number, itself, the broker's time of it; None where there is none."""
        versions = self._versions.get(name)
        if not versions:
            return None
        version = max(versions)
        return version, *versions[version]

    def conditions(self, latest_ms: int | None = None) -> dict[str, Condition]:
        """The condition of each, in the latest version that the broker had by then; None: by now."""
        return {
            name: versions[version][0].segment.who for name, version, versions in self._current(latest_ms)
        }

    def at(self, latest_ms: int | None) -> dict[str, Who]:
        """The same, ready to be asked. Those that lead back to themselves (two were applied at once) are left out."""
        sound = without_cycles(self.conditions(latest_ms))
        return {
            name: self._who(name, version) for name, version, _ in self._current(latest_ms) if name in sound
        }

    def times(self) -> Iterator[int]:
        """When the broker took each version."""
        for versions in self._versions.values():
            for _, time_ms in versions.values():
                yield time_ms

    def asked(self, in_force_ms: int) -> Iterator[Asked]:
        """What each version asks about the past, from when it is in force until the next one is."""
        for name, versions in self._versions.items():
            numbers = sorted(versions)
            for version, following in zip(numbers, [*numbers[1:], None], strict=True):
                from_ms = versions[version][1] + in_force_ms
                until_ms = None if following is None else versions[following][1] + in_force_ms
                for did in self._who(name, version).dids:
                    yield Asked(did, from_ms, until_ms)

    def _current(
        self, latest_ms: int | None
    ) -> Iterator[tuple[str, int, dict[int, tuple[SegmentDefinition, int]]]]:
        for name, versions in self._versions.items():
            known = [each for each, (_, ms) in versions.items() if latest_ms is None or ms <= latest_ms]
            if known:
                yield name, max(known), versions

    def _who(self, name: str, version: int) -> Who:
        found = self._compiled.get((name, version))
        if found is None:
            definition, _ = self._versions[name][version]
            found = self._compiled[name, version] = Who(definition.segment.who)
        return found
