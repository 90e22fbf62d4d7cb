"""What the web layer sees of the worker that it stands in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from app.clock import Clock
from app.housekeeping.watcher import Watcher
from app.settings import Settings
from app.topics import Topics
from app.turns.host import Host
from tables.catalog import CatalogReader


class Inside(Protocol):
    """A running worker. State is read in the worker's own event loop, and serialised before any await."""

    @property
    def engine(self) -> Any:
        """The Faust app."""

    @property
    def hosts(self) -> Mapping[str, Host]:
        """The actors by name, with the partitions that are ours now."""

    @property
    def catalog(self) -> CatalogReader:
        """All campaigns."""

    @property
    def settings(self) -> Settings:
        """The settings of this process."""

    @property
    def topics(self) -> Topics:
        """The names of all topics."""

    @property
    def clock(self) -> Clock:
        """The time that counts: the brokers'."""

    @property
    def machine_ahead_ms(self) -> int:
        """How far the wall clock of this machine is ahead of the brokers'."""

    @property
    def watcher(self) -> Watcher:
        """The watchdog."""

    @property
    def unreachable(self) -> str | None:
        """In words: the broker did not answer when it was last asked. None: it did."""

    @property
    def misplaced(self) -> str | None:
        """In words: a key stands where the setting `partitioner` would not put it. None: none was seen."""

    @property
    def out_of_range(self) -> Mapping[str, str]:
        """In words, by topic and partition: a log does not hold what comes next, and it is not decided on."""
