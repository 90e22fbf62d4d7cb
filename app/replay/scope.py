"""The files of one `campaign test`: campaigns, app settings and tests, in scope together (CONTRACT section 2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from app.domain.files.campaign import load, stands_beside, with_line
from app.domain.files.expectations import Expectations, read_expectations
from app.domain.files.problems import Problem, suggestion
from app.domain.files.references import reference_problems
from app.domain.files.yaml12 import Document, read_documents
from app.domain.model.app_rules import AppRules
from app.domain.model.campaign import Campaign, Segment
from app.settings import DecidingSettings, SettingsError
from app.setup import rules_of


class Text(NamedTuple):
    """A file that was read."""

    name: str
    text: str


class Flaw(NamedTuple):
    """A problem, and the file that it is in."""

    file: str
    problem: Problem


class Case(NamedTuple):
    """One test with everything that it is about, its place, and the app's zone for times in its report."""

    file: str
    line: int | None
    expectations: Expectations
    campaigns: tuple[Campaign, ...]
    segments: tuple[Segment, ...]
    rules: AppRules


class _File:
    """One file in the making."""

    def __init__(self, text: Text) -> None:
        self.name = text.name
        self.text = text.text
        self.documents: list[Document] = []
        self.flaws: list[Flaw] = []
        for found in read_documents(text.text):
            if isinstance(found, Problem):
                self.refuse(found)
            else:
                self.documents.append(found)
        self.app = self._read_app()
        self.campaigns: list[Campaign] = []
        self.segments: list[Segment] = []

    def refuse(self, problem: Problem, document: Document | None = None) -> None:
        """Note a problem."""
        self.flaws.append(Flaw(self.name, problem if document is None else with_line(problem, document)))

    def beside(self, kind: str) -> Iterator[Document]:
        """Documents of this kind: `test` or `app`."""
        return (each for each in self.documents if stands_beside(each) and kind in each.value)

    def _read_app(self) -> DecidingSettings | None:
        """The settings that the file gives; read even where they have problems, so that the rest can be."""
        read: DecidingSettings | None = None
        for document in self.beside("app"):
            if read is not None:
                self.refuse(Problem("app", "is given twice in this file"), document)
            try:
                read = DecidingSettings.from_mapping(document.value["app"], "app")
            except SettingsError as error:
                read = DecidingSettings()
                for each in error.problems:
                    self.refuse(Problem(each.path.replace("app: ", "app.", 1), each.message), document)
        return read

    def load(self, deciding: DecidingSettings) -> None:
        """Read its campaigns under the settings that hold for it."""
        if all(stands_beside(document) for document in self.documents):
            return
        for found in load(self.text, app_zone=deciding.zone, amplify_default=deciding.push.amplify):
            if isinstance(found, Problem):
                self.refuse(found)
            elif isinstance(found, Campaign):
                self.campaigns.append(found)
            else:
                self.segments.append(found)


def read_scope(texts: Sequence[Text], otherwise: DecidingSettings) -> tuple[list[Case], list[Flaw]]:
    """Every test of these files, or every problem. `otherwise`: the settings where no file gives any.

    A file's own `app` document holds for its tests; without one that of the whole call, if only one file has any.
    """
    files = [_File(text) for text in texts]
    given = [file for file in files if file.app is not None]
    cases: list[tuple[_File, Document, DecidingSettings]] = []
    for file in files:
        tests = list(file.beside("test"))
        if file.app is None and len(given) > 1 and tests:
            where = ", ".join(each.name for each in given)
            file.refuse(
                Problem(
                    "app", f"settings stand in {where}, and none beside this test", "add an app document here"
                ),
                tests[0],
            )
        shared = given[0].app if len(given) == 1 else None
        deciding = file.app or shared or otherwise
        file.load(deciding)
        cases += [(file, document, deciding) for document in tests]
    _refuse_repeated(files)
    _refuse_references(files)
    made = [case for each in cases if (case := _make(*each, files)) is not None]
    flaws = [flaw for file in files for flaw in file.flaws]
    if not cases and not flaws:
        flaws.append(
            Flaw(", ".join(file.name for file in files), Problem("", "there is no test in here", FORM))
        )
    return made, list(dict.fromkeys(flaws))


FORM = "a document such as test: A purchase in time cancels the reminder"


def _refuse_repeated(files: Sequence[_File]) -> None:
    known: dict[tuple[str, str], str] = {}
    for file in files:
        names = [("campaign", each.id) for each in file.campaigns] + [
            ("segment", each.name) for each in file.segments
        ]
        for kind, name in names:
            if known.setdefault((kind, name), file.name) != file.name:
                file.refuse(Problem(kind, f"{name!r} stands in {known[kind, name]} already"))


def _refuse_references(files: Sequence[_File]) -> None:
    """Segments that are not in these files, or that go in a circle."""
    known = {segment.name: segment.who for file in files for segment in file.segments}
    for file in files:
        if file.campaigns or file.segments:
            for problem in reference_problems(file.text, known, "give its file, too"):
                file.refuse(problem)


def _make(file: _File, document: Document, deciding: DecidingSettings, files: Sequence[_File]) -> Case | None:
    read = read_expectations(document.value, deciding.zone)
    if isinstance(read, list):
        for problem in read:
            file.refuse(problem, document)
        return None
    known = {campaign.id: campaign for each in files for campaign in each.campaigns}
    names = read.campaigns
    if names is None:
        names = tuple(campaign.id for campaign in file.campaigns) or tuple(known)
    for place, name in enumerate(names):
        if name not in known and not any(each.flaws for each in files):
            where = f"campaigns[{place}]"
            file.refuse(
                Problem(where, f"there is no campaign {name!r} in these files", _meant(name, known)), document
            )
    if any(name not in known for name in names):
        return None
    rules = rules_of(deciding, stream_clock=True)
    segments = tuple(segment for each in files for segment in each.segments)
    return Case(
        file.name, document.line_of("test"), read, tuple(known[name] for name in names), segments, rules
    )


def _meant(name: str, known: Mapping[str, Campaign]) -> str:
    return suggestion(name, known) or "give the campaign's file, too"
