"""Every file under `examples/` is loaded, and every reason is documented."""

from __future__ import annotations

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
