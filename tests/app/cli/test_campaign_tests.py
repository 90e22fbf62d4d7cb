"""`campaign test`: exit codes, what is said to people and to machines, and that it needs no broker (C163)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.app.cli.invoking import Commands

FILE = """\
campaign: hello
when: {event: cart}
what: {title: Hello, body: You}
---
test: A greeting at once
given:
  - {at: "2026-11-23T10:00:00Z", user: u1, identify: {}, device: {id: d1, type: android, token: t1}}
  - {at: "2026-11-23T10:00:01Z", user: u1, event: cart}
expect: [{user: u1, campaign: hello, at: "2026-11-23T10:00:01Z", title: Hello}]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "hello.yaml"
    path.write_text(FILE)
    return path


def test_what_passes_exits_0(alone: Commands, file: Path) -> None:
    said = alone.run("campaign", "test", "hello.yaml")
    assert (said.code, said.errors) == (0, "")
    assert said.out == "ok      A greeting at once\n1 test, none failed\n"
    (value,) = alone.done("campaign", "test", "hello.yaml")
    assert (value["test"], value["file"], value["line"], value["passed"]) == (
        "A greeting at once",
        "hello.yaml",
        5,
        True,
    )


def test_what_fails_exits_1_and_says_what_came(alone: Commands, file: Path) -> None:
    file.write_text(FILE.replace("title: Hello}]", "title: Bye}]"))
    said = alone.run("campaign", "test", "hello.yaml")
    assert said.code == 1
    assert 'title is "Hello" and not "Bye"' in said.out
    assert "1 test, 1 failed" in said.out
    said = alone.run("campaign", "test", "hello.yaml", "--json")
    (value,) = said.value
    assert (said.code, value["passed"]) == (1, False)
    assert value["missing"][0]["differences"] == [{"key": "title", "expected": "Bye", "came": "Hello"}]


def test_a_file_with_problems_exits_1_and_is_not_replayed(alone: Commands, file: Path) -> None:
    file.write_text(FILE.replace("expect:", "expects:"))
    said = alone.run("campaign", "test", "hello.yaml", "gone.yaml")
    assert (said.code, said.out) == (1, "")
    assert "gone.yaml: the document: cannot be read" in said.errors
    said = alone.run("campaign", "test", "hello.yaml", "--json")
    assert [each["path"] for each in said.value["problems"]] == ["expects", "expect"]
    assert "did you mean 'expect'?" in said.errors


def test_the_settings_of_the_process_hold_where_the_files_give_none(alone: Commands, file: Path) -> None:
    """Given a cap of one a day in carillon.yaml, when two pushes are expected, then the second is capped."""
    second = '  - {at: "2026-11-23T10:00:02Z", user: u1, event: cart}\n'
    file.write_text(FILE.replace("expect: [{", f"{second}expect: [{{reason: user_cap}}, {{"))
    assert alone.run("campaign", "test", "hello.yaml").code == 1
    (file.parent / "carillon.yaml").write_text("caps: [{max: 1, per: day}]\n")
    assert alone.run("campaign", "test", "hello.yaml").code == 0


def test_check_reads_the_tests_of_a_file_too(alone: Commands, file: Path) -> None:
    assert alone.run("campaign", "check", "hello.yaml").code == 0
    file.write_text(FILE.replace("user: u1, event", "usr: u1, event"))
    said = alone.run("campaign", "check", "hello.yaml")
    assert said.code == 1
    assert "given[1].user: is missing" in said.errors
