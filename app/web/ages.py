"""How old the oldest record is that an input has and its partition has not decided, also where it was never fetched."""

from __future__ import annotations

from app.clock import Clock

MOST = 64
Place = tuple[str, int]


class Ages:
    """Remembers when an input was first seen to end where.

    A record below an end that was seen two minutes ago, and not decided, is two minutes old at least. What was never
    asked for is not known: the age is as exact as the time between two looks.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: dict[Place, list[tuple[int, float]]] = {}

    def note(self, place: Place, end: int | None, reached: int) -> None:
        """It ends here now (None: nobody could say), and everything below `reached` is decided."""
        ends = [seen for seen in self._seen.get(place, ()) if seen[0] > reached]
        if end is not None and end > reached and (not ends or end > ends[-1][0]):
            ends.append((end, self._clock.monotonic_s()))
        if len(ends) > MOST:
            del ends[1::2]  # the oldest stays exact, what lies between becomes coarser
        self._seen[place] = ends

    def of(self, place: Place) -> float:
        """Seconds; 0 where everything is decided that was seen."""
        ends = self._seen.get(place)
        return self._clock.monotonic_s() - ends[0][1] if ends else 0.0
