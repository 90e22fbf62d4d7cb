"""Each page of `docs/reference/` is what the code says, and says it of everything that there is."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from app import wire
from app.cli.root import PLACES
from app.domain.files import conditions
from app.domain.files.campaign import load, read_campaign
from app.domain.files.yaml12 import Document, read_documents
from app.domain.model.campaign import Campaign, Operator, QuietThen, Repeat, Segment
from app.domain.rules.surface import TRANSPORTS
from app.settings import DEFAULT_FILE, Environment, FileSettings, load_settings
from app.topics import Topics
from app.web import health
from app.wire import EventReader
from scripts.pages import campaigns, events, http, settings, topics
from scripts.pages import conditions as told
from scripts.pages.campaign_keys import DATED, KEYS, WHOLE
from scripts.reference import PAGES
from tests.app.turns.memory import MemoryRecord
from tests.app.web.rig import Rig

CHECKOUT = Path(__file__).parents[2]
FOLDER = CHECKOUT / "docs" / "reference"
SECTIONS = (
    "",
    "when",
    "when.date",
    "when.date.unless",
    "when.unless",
    "when.quiet",
    "limits",
    "what",
    "what.android",
    "inbox",
    "inbox.colors",
)
CONTRACT_NOT_YET = """
channel goal amplify moment value replace_unopened prompt
when.at when.every when.user_zone when.best_time
what.content what.ios what.web what.variants what.test what.split what.by what.use
what.android.actions what.android.icon what.android.image what.android.link
"""


def whole() -> dict[str, Any]:
    """The example with all keys, afresh."""
    values: dict[str, Any] = parsed(WHOLE)
    return values


def example(path: str) -> dict[str, Any]:
    """The example that this key belongs into: a campaign is on an event or on a date."""
    return whole() | parsed(DATED) if path.startswith("when.date") else whole()


def parsed(text: str) -> Any:
    (document,) = read_documents(text)
    assert isinstance(document, Document), document
    return document.value


def put(values: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    *above, last = path.split(".")
    place = values
    for name in above:
        place = place[name]
    place[last] = value
    return values


def read(values: dict[str, Any]) -> Any:
    return read_campaign(values, app_zone="UTC", amplify_default=False)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_its_rendering(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name](), "run: python -m scripts.reference"


def test_there_is_no_other_page_and_the_readme_leads_to_each() -> None:
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    assert {path.name for path in FOLDER.iterdir()} == set(PAGES)
    pages = [name for name in PAGES if name.endswith(".md")]
    assert [name for name in pages if f"docs/reference/{name}" not in readme] == []
    told = "".join((FOLDER / name).read_text(encoding="utf-8") for name in pages)
    assert [name for name in PAGES if f"]({name})" not in told and name not in pages] == []


def test_links_between_pages_lead_somewhere() -> None:
    for path in FOLDER.glob("*.md"):
        for target, anchor in re.findall(
            r"\]\(([\w.-]+\.(?:md|json))(?:#([\w-]+))?\)", path.read_text(encoding="utf-8")
        ):
            text = (FOLDER / target).read_text(encoding="utf-8")
            heads = {
                re.sub(r"[^\w -]", "", head).replace(" ", "-").lower()
                for head in re.findall("^#+ (.+)$", text, re.M)
            }
            assert not anchor or anchor in heads, (path.name, target, anchor)


@pytest.mark.parametrize("section", SECTIONS)
def test_the_keys_of_a_section_are_those_that_the_reader_knows(section: str) -> None:
    """Asked for a key that is like none, the reader names all that it knows."""
    begin = f"{section}." if section else ""
    (problem,) = read(put(example(section), f"{begin}?????", 1))
    known = {key.path.removeprefix(begin) for key in KEYS if key.path.startswith(begin)}
    assert problem.hint == f"known here: {', '.join(sorted(key for key in known if '.' not in key))}"


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.path)
def test_the_example_of_a_key_is_read(key: Any) -> None:
    assert isinstance(read(put(example(key.path), key.path, parsed(f"x: {key.example}")["x"])), Campaign)


def test_the_whole_example_and_the_conditions_are_read() -> None:
    (campaign,) = load(WHOLE, app_zone="UTC", amplify_default=False)
    assert isinstance(campaign, Campaign)
    assert isinstance(read(whole() | parsed(told.WHO)), Campaign)


def test_defaults_are_those_of_the_reader() -> None:
    told = {key.path: key.default for key in KEYS}
    read_as = read({"campaign": "c", "when": {"event": "e", "quiet": {"from": "21:00", "to": "09:00"}},
                    "what": {"title": "t", "body": "b", "android": {}}, "inbox": {"ttl": "1d"}})  # fmt: skip
    assert read_as.name == "c"
    assert told["when.repeat"] == read_as.when.repeat == Repeat.RESTART
    assert told["when.quiet.then"] == read_as.quiet.then == QuietThen.HOLD
    assert told["what.missing"] == read_as.what.missing
    assert told["what.android.priority"] == read_as.what.android.priority
    assert (told["limits.ignore_caps"], told["limits.caps_count"]) == ("false", "true")
    assert (read_as.ignore_caps, read_as.caps_count, read_as.what.silent) == (False, True, False)
    assert (told["when.delay"], read_as.when.delay_ms) == ("0s", 0)


def test_every_key_of_the_contract_that_is_missing_is_called_not_supported_yet() -> None:
    page = "\n".join(campaigns.not_yet())
    for path in CONTRACT_NOT_YET.split():
        assert f"`{path.rpartition('.')[2]}`" in page
        values = (
            whole() | {"who": {path.removeprefix("who."): "x"}}
            if path.startswith("who.")
            else put(whole(), path, 1)
        )
        assert [str(problem) for problem in read(values) if "not supported yet" in problem.message], path


def test_every_condition_is_told_with_an_example_that_is_read() -> None:
    assert set(told.CONDITIONS) == set(conditions.READERS)
    for example, _ in told.CONDITIONS.values():
        assert isinstance(read(whole() | {"who": parsed(f"x: {example}")["x"]}), Campaign)
    (segment,) = load(told.SEGMENT, app_zone="UTC", amplify_default=False)
    assert isinstance(segment, Segment)


def test_operators_and_names_of_templates_are_told() -> None:
    assert list(campaigns.OPERATORS) == list(Operator)
    for tag in campaigns.tags():
        assert tag not in {"include", "render"}


def test_the_example_event_and_the_tick_are_read() -> None:
    for text in (events.EXAMPLE, events.TICK):
        found = EventReader().read(
            MemoryRecord("events", 0, 0, 1_800_000_000_000, b"u-17", text.strip().encode()), None
        )
        assert not isinstance(found, wire.Bad)
    assert list(TRANSPORTS) == ["android"]


def test_every_topic_has_its_roles() -> None:
    assert set(topics.ROLES) == {spec.name for spec in topics.TOPICS.specs(2)}
    assert Topics("<app>", "events") == topics.TOPICS


def test_steps_that_nobody_writes_are_called_so() -> None:
    sources = [
        CHECKOUT / "app/domain/decide.py",
        CHECKOUT / "app/domain/deliver.py",
        CHECKOUT / "agents/senders.py",
    ]
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    written = {name.lower() for name in re.findall(r"Step\.([A-Z]+)", text)}
    assert {step for step, said in topics.STEPS.items() if said != "not written yet"} == written


def test_every_setting_is_told_and_the_example_has_all_of_them(tmp_path: Path) -> None:
    told = {each.path for model in (FileSettings, Environment) for each in settings.keys(model)}
    assert told == set(settings.MEANINGS)
    file = tmp_path / DEFAULT_FILE
    file.write_text(settings.EXAMPLE, encoding="utf-8")
    made = load_settings({"CARILLON_SETTINGS": str(file)})
    assert set(made.not_yet_effective()) <= settings.not_yet(settings.document())
    assert set(settings.document()) == {
        each.path.split(".")[0].split("[")[0] for each in settings.keys(FileSettings)
    }


def test_what_nothing_reads_is_read_by_nothing() -> None:
    """A setting that comes into use must leave the list."""
    text = "".join(
        path.read_text(encoding="utf-8")
        for root in ("app", "agents", "tables", "transports")
        for path in (CHECKOUT / root).rglob("*.py")
        if path.name != "settings.py"
    )
    for path in settings.UNREAD:
        assert re.search(rf"\b(push|android|ios)\.{path.rpartition('.')[2]}\b", text) is None, path


def test_every_path_of_the_web_port_is_told(tmp_path: Path) -> None:
    application = Rig(tmp_path).application()
    served = {resource.canonical for resource in application.router.resources()}
    text = (FOLDER / "http.md").read_text(encoding="utf-8")
    missing = {path for path in served if f"`{path}`" not in text and not path.startswith("/console/static")}
    assert missing == set()
    assert {path for path, _ in http.PAGES} <= served


def test_every_obstacle_is_told() -> None:
    codes = set(re.findall(r'Obstacle\((?:0, )?"(\w+)"', inspect.getsource(health)))
    assert codes == {name for name, _ in http.OBSTACLES}


def test_every_command_is_told() -> None:
    text = (FOLDER / "commands.md").read_text(encoding="utf-8")
    assert [place.name for place in PLACES if f"## `{place.name}" not in text] == []
