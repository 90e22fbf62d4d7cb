"""What is wrong with a file, where, and what was probably meant."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from app.domain.files.meant import nearest


class Problem(Struct, frozen=True):
    """`path` as in `when.unless.within` or `who.all[0].is`; empty for the whole document. `line` counts from
    1.
    """

    path: str
    message: str
    hint: str = ""
    line: int | None = None

    def __str__(self) -> str:
        where = self.path or "the document"
        line = "" if self.line is None else f"line {self.line}: "
        return f"{line}{where}: {self.message}{f' ({self.hint})' if self.hint else ''}"


def suggestion(word: object, known: Iterable[str], unlisted: Iterable[str] = ()) -> str:
    """`did you mean 'within'?` where something known is near; else the known words themselves.

    `unlisted` words may be meant, but are not offered.
    """
    words = sorted(str(name) for name in known)
    near = nearest(word, [*words, *unlisted])
    if near is not None:
        return f"did you mean {near!r}?"
    return f"known here: {', '.join(words)}" if words else ""


def child(path: str, key: object) -> str:
    """The path of a key below a path."""
    return f"{path}.{key}" if path else str(key)
