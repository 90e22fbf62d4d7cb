"""`campaign diff`: what `apply` would change, on real topics, and nothing is changed by asking (C157, C163)."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.cli.campaign_diff import CampaignDiff, lines
from app.domain.rules.changes import FieldChange
from tests.app.cli.invoking import Commands
from tests.app.cli.test_campaigns import FIVE_MISTAKES, a_file


@pytest.mark.integration
def test_a_file_is_set_against_the_version_in_force(commands: Commands, tmp_path: Path) -> None:
    file = a_file(tmp_path)
    (new,) = commands.done("campaign", "diff", file)
    assert (new["version"], new["next_version"], new["changed"], new["changes"]) == (None, 1, True, [])
    assert "It is new" in new["consequences"][0]

    commands.done("campaign", "apply", "--schedule", file)
    assert (
        commands.run("campaign", "diff", file).out == "hello: nothing changes; version 1 is in force, live\n"
    )

    a_file(tmp_path, title="Bye", more=", where: {price: {gte: 10}}")
    (found,) = commands.done("campaign", "diff", file)
    assert (found["version"], found["next_version"], found["status"]) == (1, 2, "live")
    assert [(each["path"], each["before"], each["after"]) for each in found["changes"]] == [
        ("when.where", None, "price ≥ 10"),
        ("what.title", "Hello", "Bye"),
    ]
    assert len(found["consequences"]) == 2
    said = commands.run("campaign", "diff", file).out
    assert 'what.title (the title): from "Hello" to "Bye"' in said
    assert commands.done("campaign", "show", "hello")["version"] == 1

    a_file(tmp_path, title="Bye", more=", where: {price: {gte: 10}}}\nlimits: {total: 5")
    (found,) = commands.done("campaign", "diff", file)
    assert any("begin with this version" in sentence for sentence in found["consequences"])
    applied = commands.run("campaign", "apply", file)
    assert (applied.code, "note: hello: Its total and its day begin with this version" in applied.errors) == (
        0,
        True,
    )

    a_file(tmp_path, title="Ciao")
    commands.done("campaign", "end", "hello")
    (refused,) = commands.done("campaign", "diff", file)
    assert "has ended" in refused["refused"]
    assert (refused["changed"], refused["next_version"]) == (False, 2)
    assert "apply refuses" in commands.run("campaign", "diff", file).out


def test_a_file_with_mistakes_has_no_difference(alone: Commands, tmp_path: Path) -> None:
    (tmp_path / "five.yaml").write_text(FIVE_MISTAKES)
    said = alone.run("campaign", "diff", "five.yaml")
    assert said.code == 1
    assert "error: five.yaml: line" in said.errors


def test_for_people_what_comes_and_goes_is_told_as_such() -> None:
    changed = [
        FieldChange("who", "who gets it", None, "country is US"),
        FieldChange("what.collapse", "what.collapse", "cart", None),
    ]
    told = list(lines(CampaignDiff("c", "draft", 3, 4, True, changed, ["It is a draft."])))
    assert told == [
        "c: version 3 (draft) would become version 4",
        "  who (who gets it): now country is US",
        "  what.collapse: no longer cart",
        "  It is a draft.",
    ]
