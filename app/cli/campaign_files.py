"""Campaign files as arguments of commands: all of them read, and every problem of every file said at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from app.domain.files.campaign import load
from app.domain.files.problems import Problem
from app.domain.model.campaign import Campaign
from app.settings import Settings


class Source(NamedTuple):
    """A campaign, and where it comes from."""

    path: Path
    campaign: Campaign
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


def read_files(paths: Sequence[Path], settings: Settings) -> tuple[list[Source], list[FileProblem]]:
    """Every campaign of the files, and every problem of them."""
    sources: list[Source] = []
    problems: list[FileProblem] = []
    for path in paths:
        for found in _read(path, settings):
            if isinstance(found, FileProblem):
                problems.append(found)
            else:
                problems += _repeated(found, sources)
                sources.append(found)
    return sources, problems


def read_text(path: Path) -> str | FileProblem:
    """The text of a file, or why it cannot be had."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        return FileProblem(str(path), "", f"cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        return FileProblem(str(path), "", "is not UTF-8 text")


def _read(path: Path, settings: Settings) -> Iterator[Source | FileProblem]:
    text = read_text(path)
    if isinstance(text, FileProblem):
        yield text
        return
    for found in load(text, app_zone=settings.zone, amplify_default=settings.push.amplify):
        if isinstance(found, Problem):
            yield FileProblem(str(path), found.path, found.message, found.hint, found.line)
        else:
            yield Source(path, found, text)


def _repeated(source: Source, earlier: Sequence[Source]) -> Iterator[FileProblem]:
    for other in earlier:
        if other.campaign.id == source.campaign.id and other.path != source.path:
            message = f"{source.campaign.id!r} stands in {other.path} already"
            yield FileProblem(str(source.path), "campaign", message)
