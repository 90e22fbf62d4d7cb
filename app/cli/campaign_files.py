"""Campaign files as arguments of commands: all of them read, and every problem of every file said at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from app.domain.files.campaign import load, named
from app.domain.files.problems import Problem
from app.domain.model.campaign import Campaign, Segment
from app.domain.rules.segments import cycle_from, references
from app.settings import Settings


class Source(NamedTuple):
    """A campaign, and where it comes from."""

    path: Path
    campaign: Campaign
    text: str


class SegmentSource(NamedTuple):
    """A saved segment, and where it comes from."""

    path: Path
    segment: Segment
    text: str


class FileProblem(NamedTuple):
    """One thing that is wrong with a file."""

    file: str
    path: str
    message: str
    hint: str = ""
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.file}: {Problem(self.path, self.message, self.hint, self.line)}"


class Documents(NamedTuple):
    """Everything that files hold, and every problem of them."""

    campaigns: list[Source]
    segments: list[SegmentSource]
    problems: list[FileProblem]

    @property
    def elsewhere(self) -> list[str]:
        """The segments that are named in these files and are not in them."""
        here = {each.segment.name for each in self.segments}
        conditions = [each.campaign.who for each in self.campaigns]
        conditions += [each.segment.who for each in self.segments]
        return sorted({name for who in conditions for name in references(who)} - here)


def read_files(paths: Sequence[Path], settings: Settings) -> tuple[list[Source], list[FileProblem]]:
    """Every campaign of the files, and every problem of them."""
    found = read_documents(paths, settings)
    return found.campaigns, found.problems


def read_documents(paths: Sequence[Path], settings: Settings) -> Documents:
    """Every campaign and every saved segment of the files, and every problem of them."""
    sources: list[Source | SegmentSource] = []
    problems: list[FileProblem] = []
    for path in paths:
        for found in _read(path, settings):
            if isinstance(found, FileProblem):
                problems.append(found)
            else:
                problems += _repeated(found, sources)
                sources.append(found)
    segments = [each for each in sources if isinstance(each, SegmentSource)]
    return Documents(
        [each for each in sources if isinstance(each, Source)], segments, [*problems, *_cycles(segments)]
    )


def _cycles(segments: Sequence[SegmentSource]) -> Iterator[FileProblem]:
    known = {each.segment.name: each.segment.who for each in segments}
    for each in segments:
        way = cycle_from(each.segment.name, known)
        if way is not None:
            message = f"{each.segment.name!r} refers to itself: {' -> '.join(way)}"
            yield FileProblem(str(each.path), "segment", message)


def read_text(path: Path) -> str | FileProblem:
    """The text of a file, or why it cannot be had."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        return FileProblem(str(path), "", f"cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        return FileProblem(str(path), "", "is not UTF-8 text")


def _read(path: Path, settings: Settings) -> Iterator[Source | SegmentSource | FileProblem]:
    text = read_text(path)
    if isinstance(text, FileProblem):
        yield text
        return
    for found in load(text, app_zone=settings.zone, amplify_default=settings.push.amplify):
        if isinstance(found, Problem):
            yield FileProblem(str(path), found.path, found.message, found.hint, found.line)
        elif isinstance(found, Campaign):
            yield Source(path, found, text)
        else:
            yield SegmentSource(path, found, text)


def _repeated(
    source: Source | SegmentSource, earlier: Sequence[Source | SegmentSource]
) -> Iterator[FileProblem]:
    key, name = named(source[1])
    for other in earlier:
        if named(other[1]) == (key, name) and other.path != source.path:
            yield FileProblem(str(source.path), key, f"{name!r} stands in {other.path} already")
