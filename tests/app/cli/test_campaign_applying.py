"""`campaign check` and `apply`: which cities and segments are meant, and what is told of a past that nobody counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.cli.campaign_applying import told
from app.cli.campaign_backfill import Kind, Past
from tests.app.cli.invoking import Commands

CAMPAIGN = "campaign: hello\nwhen: {event: cart}\nwhat: {title: Hello, body: You}\n"
SEGMENTS = "segment: gold\nall:\n  - {user: plan, is: pro}\n  - {segment: silber}\n"
SINCE_MS = 1_795_442_400_000


def a_file(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def test_check_says_where_the_cities_are(alone: Commands, tmp_path: Path) -> None:
    text = CAMPAIGN + "who: [none: [{near: {km: 5, of: [1, 2], cities: [Paris, 'Paris, TX, US']}}]]\n"

    said = alone.run("campaign", "check", a_file(tmp_path, "near.yaml", text))

    assert said.code == 0
    lines = said.errors.splitlines()
    assert [line.rpartition(" at ")[0].rpartition("near.yaml: ")[2] for line in lines] == [
        "near Paris, 11, FR, which is",
        "near Paris, TX, US, which is",
    ]
    assert lines[0].endswith("48.85341, 2.3488")


def test_check_says_where_a_segment_is_named_that_is_not_in_the_files(
    alone: Commands, tmp_path: Path
) -> None:
    file = a_file(tmp_path, "gold.yaml", SEGMENTS)

    said = alone.run("campaign", "check", file)

    assert said.code == 0
    assert f"{file}: line 4: all[1].segment: segment 'silber' is not in these files" in said.errors


@pytest.mark.integration
def test_apply_says_where_a_segment_is_named_that_is_not_saved(commands: Commands, tmp_path: Path) -> None:
    commands.done(
        "campaign", "apply", a_file(tmp_path, "s.yaml", "segment: silver\nuser: plan\nis: silver\n")
    )
    file = a_file(tmp_path, "gold.yaml", SEGMENTS)

    said = commands.run("campaign", "apply", file, a_file(tmp_path, "hello.yaml", CAMPAIGN))

    assert (said.code, said.out) == (1, "")
    assert said.errors == (
        f"error: {file}: line 4: all[1].segment: there is no segment 'silber' (did you mean 'silver'?)\n"
    )
    assert commands.done("campaign", "list") == []
    machine = commands.run("campaign", "apply", file, "--json")
    assert [(each["file"], each["path"], each["line"]) for each in machine.value["problems"]] == [
        (file, "all[1].segment", 4)
    ]


@pytest.mark.integration
def test_apply_says_where_a_circle_through_a_saved_segment_begins(commands: Commands, tmp_path: Path) -> None:
    commands.done(
        "campaign", "apply", a_file(tmp_path, "s.yaml", "segment: silber\nuser: plan\nis: silver\n")
    )
    commands.done("campaign", "apply", a_file(tmp_path, "gold.yaml", SEGMENTS))
    again = a_file(tmp_path, "s.yaml", "segment: silber\nany: [{user: plan, is: silver}, {segment: gold}]\n")

    said = commands.run("campaign", "apply", again)

    assert said.code == 1
    assert (
        f"{again}: line 2: any[1].segment: 'silber' refers to itself: silber -> gold -> silber" in said.errors
    )


@pytest.mark.integration
def test_nothing_is_changed_where_a_past_is_to_be_counted_that_there_is_not(
    commands: Commands, tmp_path: Path
) -> None:
    """Given a stream clock, under which campaigns are in force from the start, then `--backfill` refuses at once."""
    file = a_file(tmp_path, "hello.yaml", CAMPAIGN)

    said = commands.run("campaign", "apply", "--backfill", file)

    assert (said.code, "nothing is left to count" in said.errors) == (1, True)
    assert commands.done("campaign", "list") == []
    commands.done("campaign", "apply", file)
    assert commands.run("campaign", "schedule", "--backfill", "hello").code == 1
    assert commands.done("campaign", "list")[0]["status"] == "draft"


def test_a_past_in_the_log_is_told_with_the_command_that_counts_it() -> None:
    kinds = (
        Kind("purchase with total ≥ 50", SINCE_MS),
        Kind("visit", SINCE_MS - 500),
        Kind("old", SINCE_MS - 9_000),
    )

    lines = list(told(Past(kinds, SINCE_MS - 8_000), ["a", "b"]))

    assert [line.partition(":")[0] for line in lines[:-1]] == ["purchase with total ≥ 50", "visit"]
    assert lines[0].endswith("counted from 2026-11-23T14:00:00.000Z on")
    assert "reaches back to 2026-11-23T13:59:52.000Z" in lines[-1]
    assert "`python -m app campaign backfill a b`" in lines[-1]


@pytest.mark.parametrize("oldest_ms", [None, SINCE_MS])
def test_where_the_log_has_nothing_from_before_nothing_is_told(oldest_ms: int | None) -> None:
    assert list(told(Past((Kind("visit", SINCE_MS),), oldest_ms), ["a"])) == []
