"""`campaign`: from a file to a live campaign and to its end, on real topics (C004, C157, C163)."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.clock import monotonic_s
from tests.app.cli.invoking import Commands

CHECKOUT = Path(__file__).parents[3]
DEMO = ("cart-reminder", "night-owl", "payment-help", "welcome-offer")
FIVE_MISTAKES = """\
campaign: Cart Reminder
when:
  event: add_to_cart
  repeat: sometimes
  quiet: {from: "25:00", to: "09:00", then: hold}
  ends: yesterday
what:
  title: Hello
  boddy: You
"""


def a_file(folder: Path, campaign: str = "hello", title: str = "Hello", more: str = "") -> str:
    path = folder / f"{campaign}.yaml"
    path.write_text(
        f"campaign: {campaign}\nwhen: {{event: cart{more}}}\nwhat: {{title: {title}, body: You}}\n"
    )
    return str(path)


def test_check_says_all_five_mistakes_with_their_paths(alone: Commands, tmp_path: Path) -> None:
    (tmp_path / "five.yaml").write_text(FIVE_MISTAKES)

    said = alone.run("campaign", "check", "five.yaml")

    assert (said.code, said.out) == (1, "")
    for path in ("campaign", "when.repeat", "when.quiet.from", "when.ends", "what.boddy"):
        assert f"{path}: " in said.errors, path
    assert all(line.startswith("error: five.yaml: line ") for line in said.errors.splitlines())


def test_check_goes_on_to_the_next_file(alone: Commands, tmp_path: Path) -> None:
    (tmp_path / "five.yaml").write_text(FIVE_MISTAKES)
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe")

    said = alone.run("campaign", "check", "gone.yaml", "five.yaml", "binary.yaml", a_file(tmp_path), "--json")

    assert said.code == 1
    files = [problem["file"] for problem in said.value["problems"]]
    assert (files[0], files[-1], set(files)) == (
        "gone.yaml",
        "binary.yaml",
        {"gone.yaml", "five.yaml", "binary.yaml"},
    )


def test_one_campaign_in_two_files_is_a_mistake(alone: Commands, tmp_path: Path) -> None:
    first = a_file(tmp_path)
    second = tmp_path / "again.yaml"
    second.write_text(Path(first).read_text())

    said = alone.run("campaign", "check", first, str(second))

    assert said.code == 1
    assert f"'hello' stands in {first} already" in said.errors


def test_check_of_what_is_in_order(alone: Commands) -> None:
    files = [str(CHECKOUT / "examples" / "demo" / f"{name}.yaml") for name in DEMO]

    assert alone.done("campaign", "check", *files) == {"campaigns": list(DEMO), "problems": []}


@pytest.mark.integration
def test_apply_and_schedule_in_one_call(commands: Commands) -> None:
    files = [str(CHECKOUT / "examples" / "demo" / f"{name}.yaml") for name in DEMO]

    made = commands.done("campaign", "apply", "--schedule", *files)

    assert [(each["campaign"], each["version"], each["status"]) for each in made] == [
        (name, 1, "live") for name in DEMO
    ]
    assert [each["changed"] for each in commands.done("campaign", "apply", "--schedule", *files)] == [
        False
    ] * 4
    listed = commands.done("campaign", "list")
    assert [(each["campaign"], each["status"]) for each in listed] == [(name, "live") for name in DEMO]


@pytest.mark.integration
def test_a_file_with_a_mistake_keeps_the_others_from_being_applied(
    commands: Commands, tmp_path: Path
) -> None:
    (tmp_path / "five.yaml").write_text(FIVE_MISTAKES)

    said = commands.run("campaign", "apply", a_file(tmp_path), "five.yaml")

    assert (said.code, said.out) == (1, "")
    assert commands.done("campaign", "list") == []


@pytest.mark.integration
def test_the_life_of_a_campaign(commands: Commands, tmp_path: Path) -> None:
    # a draft, which sends nothing
    [made] = commands.done("campaign", "apply", a_file(tmp_path))
    assert (made["version"], made["status"]) == (1, "draft")
    refused = commands.run("campaign", "pause", "hello")
    assert (refused.code, refused.out) == (1, "")
    assert "hello is draft" in refused.errors
    # live, changed, paused, resumed
    assert commands.done("campaign", "schedule", "hello", "hello")[0]["status"] == "live"
    assert commands.done("campaign", "schedule", "hello")[0]["changed"] is False
    [changed] = commands.done("campaign", "apply", a_file(tmp_path, title="Changed"))
    assert (changed["version"], changed["status"]) == (2, "live")
    assert commands.done("campaign", "pause", "hello", "--reason", "wrong price")[0]["status"] == "paused"
    assert commands.run("campaign", "pause", "hello").code == 1
    assert commands.run("campaign", "schedule", "hello").code == 1
    assert commands.done("campaign", "resume", "hello")[0]["status"] == "live"
    assert commands.run("campaign", "resume", "hello").code == 1
    # ended
    assert commands.done("campaign", "end", "hello", "--reason", "over")[0]["status"] == "ended"
    for arguments in (("end", "hello"), ("resume", "hello"), ("apply", a_file(tmp_path, title="Again"))):
        assert commands.run("campaign", *arguments).code == 1
    # all of it can be read again
    shown = commands.done("campaign", "show", "hello")
    states = [(each["status"], each["version"], each["reason"]) for each in shown["history"]]
    assert states == [
        ("draft", 1, None),
        ("live", 1, None),
        ("live", 2, None),
        ("paused", 2, "wrong price"),
        ("live", 2, None),
    ]
    times = [*(each["since"] for each in shown["history"]), shown["since"]]
    assert times == sorted(times)
    assert (shown["status"], shown["reason"], shown["versions"]) == ("ended", "over", [1, 2])
    assert shown["definition"]["what"]["title"] == "Changed"
    assert "title: Changed" in shown["file"]


@pytest.mark.integration
def test_people_get_tables(commands: Commands, tmp_path: Path) -> None:
    assert commands.run("campaign", "list").out.startswith("There are no campaigns.")
    assert commands.run("campaign", "apply", a_file(tmp_path)).out == "hello: version 1, draft\n"
    assert commands.run("campaign", "apply", a_file(tmp_path)).out == "hello: version 1, draft: unchanged\n"

    assert commands.run("campaign", "list").out.splitlines()[1].split()[:3] == ["hello", "draft", "1"]
    assert "draft, version 1 of 1" in commands.run("campaign", "show", "hello").out


@pytest.mark.integration
@pytest.mark.parametrize("command", ["schedule", "show", "pause", "resume", "end"])
def test_a_campaign_that_is_not_there_exits_3(commands: Commands, command: str) -> None:
    said = commands.run("campaign", command, "nobody")

    assert (said.code, said.out) == (3, "")
    assert "There is no campaign 'nobody'" in said.errors


@pytest.mark.integration
def test_under_the_wall_clock_a_change_is_in_force_when_the_command_ends(
    commands: Commands, tmp_path: Path
) -> None:
    began_s = monotonic_s()
    said = commands.run("campaign", "apply", "--schedule", a_file(tmp_path), CARILLON_CLOCK="wall")
    assert (said.code, monotonic_s() - began_s > 2) == (0, True)
    assert "waiting" in said.errors
    assert "in force" in said.errors

    again = commands.run("campaign", "apply", a_file(tmp_path), CARILLON_CLOCK="wall")
    assert (again.code, "waiting" in again.errors) == (0, False)
    paused = commands.run("campaign", "pause", "hello", "--no-wait", CARILLON_CLOCK="wall")
    assert (paused.code, "waiting" in paused.errors) == (0, False)


@pytest.mark.integration
def test_apply_publishes_the_settings_that_decide(commands: Commands, tmp_path: Path) -> None:
    (tmp_path / "carillon.yaml").write_text("partitions: 2\nzone: Europe/Paris\n")

    said = commands.run("campaign", "apply", a_file(tmp_path))

    assert (said.code, "the settings that decide are published" in said.errors) == (0, True)
    assert commands.done("setup")["settings"] == "unchanged"


@pytest.mark.integration
def test_another_number_of_partitions_is_refused(commands: Commands, tmp_path: Path) -> None:
    (tmp_path / "carillon.yaml").write_text("partitions: 4\n")

    said = commands.run("campaign", "apply", a_file(tmp_path))

    assert (said.code, said.out) == (1, "")
    assert "was set up with 2 partitions" in said.errors
