"""Campaign files as arguments of commands: all of them read, and every problem of every file said at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from app.domain.files.campaign import load, named
from app.domain.files.problems import Problem
from app.domain.files.references import reference_problems
from app.domain.model.campaign import Campaign, Segment
from app.domain.model.condition import EVERYONE, Condition
from app.domain.rules.segments import references
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
    def texts(self) -> dict[Path, str]:
        """Every file that was read."""
        found = {each.path: each.text for each in self.campaigns}
        return found | {each.path: each.text for each in self.segments}

    @property
    def elsewhere(self) -> list[str]:
        """The segments that are named in these files and are not in them."""
        conditions = [each.campaign.who for each in self.campaigns]
        conditions += [each.segment.who for each in self.segments]
        return sorted({name for who in conditions for name in references(who)} - self.known.keys())

    @property
    def known(self) -> dict[str, Condition]:
        """The conditions of the segments of these files."""
        return {each.segment.name: each.segment.who for each in self.segments}

    def lost(self, saved: Mapping[str, Condition]) -> list[FileProblem]:
        """What is wrong with the segments that these files name, where these are saved."""
        known = {**saved, **self.known}
        hint = "put it into the file, or apply it first"
        return [
            _of_file(path, problem)
            for path, text in self.texts.items()
            for problem in reference_problems(text, known, hint)
        ]


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
    read = Documents(
        [each for each in sources if isinstance(each, Source)],
        [each for each in sources if isinstance(each, SegmentSource)],
        problems,
    )
    unknown = dict.fromkeys(read.elsewhere, EVERYONE)
    return read._replace(problems=[*problems, *read.lost(unknown)])


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
            yield _of_file(path, found)
        elif isinstance(found, Campaign):
            yield Source(path, found, text)
        else:
            yield SegmentSource(path, found, text)


def _of_file(path: Path, problem: Problem) -> FileProblem:
    return FileProblem(str(path), problem.path, problem.message, problem.hint, problem.line)


def _repeated(
    source: Source | SegmentSource, earlier: Sequence[Source | SegmentSource]
) -> Iterator[FileProblem]:
    key, name = named(source[1])
    for other in earlier:
        if named(other[1]) == (key, name) and other.path != source.path:
            yield FileProblem(str(source.path), key, f"{name!r} stands in {other.path} already")
