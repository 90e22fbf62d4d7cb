"""Every file under `examples/` is loaded, and every reason is documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.cli.campaign_tests import run_tests, text
from app.domain.files.campaign import load
from app.domain.model.campaign import Campaign, Segment
from app.domain.model.reason import DeadLetterReason, Reason
from app.settings import Settings, load_settings

CHECKOUT = Path(__file__).parents[2]
FILES = sorted(path for path in (CHECKOUT / "examples").rglob("*") if path.is_file())
SETTINGS = "carillon.yaml"
DEMO = [path for path in FILES if path.parent.name == "demo" and path.name != SETTINGS]
RULES = [path for path in FILES if path.parent.name == "rules"]
PAGE = (CHECKOUT / "docs" / "reference" / "reasons.md").read_text(encoding="utf-8")

WORDS = 8
SHOWN = {
    *(
        f"C{number:03}"
        for number in (1, 2, 6, 7, *range(9, 14), *range(15, 28), *range(31, 35), *range(40, 44))
    ),
    *(f"C{number:03}" for number in (46, 47, 48, 127, 155, 159)),
}
"""The rules of who, how many and when that a file of messages and pushes can show (C163).

Not C004, C014, C028 to C030, C035 to C038, C044, C045, C049 to C051 and C157: they are about commands, several workers,
edits over time, or campaigns that no event starts.
"""


def numbers(path: Path) -> set[str]:
    """The rules that a file's first line names: `C010`, `C023 to C025`, `C046-C048`."""
    line = path.read_text(encoding="utf-8").partition("\n")[0]
    spans = re.findall(r"C(\d{3})(?:(?: to |-)C(\d{3}))?", line)
    return {f"C{number:03}" for first, last in spans for number in range(int(first), int(last or first) + 1)}


def names(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))


def test_there_are_examples() -> None:
    assert {path.name for path in FILES} >= {SETTINGS, "cart-reminder.yaml", "c010-inaction.yaml"}


@pytest.mark.parametrize("path", [path for path in FILES if path.name != SETTINGS], ids=names)
def test_a_campaign_file_is_in_order(path: Path) -> None:
    found = load(path.read_text(encoding="utf-8"), app_zone="UTC", amplify_default=False)
    assert [str(each) for each in found if not isinstance(each, Campaign | Segment)] == []


@pytest.mark.parametrize("path", DEMO, ids=names)
def test_a_campaign_of_the_demo_is_named_as_its_file(path: Path) -> None:
    found = load(path.read_text(encoding="utf-8"), app_zone="UTC", amplify_default=False)
    assert [each.id for each in found if isinstance(each, Campaign)] == [path.stem]


@pytest.mark.parametrize("path", RULES, ids=names)
def test_what_an_example_of_a_rule_expects_comes(path: Path) -> None:
    verdicts, problems = run_tests([path], Settings())
    assert [str(problem) for problem in problems] == []
    assert text([verdict for verdict in verdicts if not verdict.passed]).startswith("0 tests")
    assert verdicts


def test_every_rule_that_a_file_can_show_has_one() -> None:
    shown = set().union(*(numbers(path) for path in RULES))
    assert sorted(SHOWN - shown) == []


def test_an_example_begins_by_saying_in_words_what_it_shows() -> None:
    for path in RULES:
        line = path.read_text(encoding="utf-8").partition("\n")[0]
        assert re.match(r"# (C\d{3}|SPEC section 9)", line), path.name
        assert len(line.partition(": ")[2].split()) >= WORDS, path.name


def test_the_examples_of_all_rules_go_together() -> None:
    verdicts, problems = run_tests(RULES, Settings())
    assert [str(problem) for problem in problems] == []
    assert all(verdict.passed for verdict in verdicts)


@pytest.mark.parametrize("path", [path for path in FILES if path.name == SETTINGS], ids=names)
def test_settings_are_in_order_and_effective(path: Path) -> None:
    settings = load_settings({"CARILLON_SETTINGS": str(path)})
    assert settings.not_yet_effective() == []


@pytest.mark.parametrize("reason", [*Reason, *DeadLetterReason])
def test_a_reason_is_documented(reason: str) -> None:
    assert PAGE.count(f"\n| `{reason}` |") == 1
