"""A defect that several broken builds share: nobody looks where an append has landed."""

from __future__ import annotations

from typing import Any

from app.turns.partition import Partition


def believe_every_append() -> None:
    """Take each append for landed where it was expected."""
    commit = Partition._commit

    async def anywhere(self: Any, decided: Any) -> None:
        journal = self._journal()
        append = journal.append

        async def believe(pairs: Any, time_ms: int) -> int:
            await append(pairs, time_ms)
            return int(self._position)

        journal.append = believe
        try:
            await commit(self, decided)
        finally:
            del journal.append

    Partition._commit = anywhere  # type: ignore[method-assign]
