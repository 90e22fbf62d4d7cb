"""What operators are given: every figure that a panel or an alert asks for is told, every alert leads to a section."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from scripts.pages.http import metrics

CHECKOUT = Path(__file__).parents[2]
DOCKER = CHECKOUT / "docker"
RUNBOOK = CHECKOUT / "docs" / "runbook.md"
DASHBOARD = DOCKER / "grafana" / "dashboards" / "carillon.json"
PROMETHEUS_OWN = {"up"}
FUNCTIONS = {
    "by", "on", "and", "or", "bool", "sum", "max", "min", "count", "topk", "rate", "increase", "deriv", "changes",
    "abs", "max_over_time", "histogram_quantile",
}  # fmt: skip
OPERATIONS = (
    "rolling-restart",
    "growing-from-one-to-many-workers",
    "restoring-after-a-lost-disk",
    "a-lost-journal",
    "a-full-disk",
    "a-campaign-that-has-paused-itself",
    "changing-the-providers-credentials",
)


def told() -> dict[str, set[str]]:
    """Every series of `/metrics`, with its labels."""
    found: dict[str, set[str]] = {}
    for name, kind, labels, _ in metrics():
        plain, of = name.strip("`"), set(re.findall(r"`(\w+)`", labels))
        if kind == "histogram":
            found |= {f"{plain}_bucket": {*of, "le"}, f"{plain}_sum": of, f"{plain}_count": of}
        else:
            found[plain] = of
    return found


def rules() -> list[dict[str, Any]]:
    (group,) = YAML(typ="safe").load(DOCKER / "alerts.yml")["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def panels() -> list[dict[str, Any]]:
    return [
        each for each in json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"] if each["type"] != "row"
    ]


def queries() -> Iterator[tuple[str, str]]:
    """Where each expression stands, and the expression."""
    for rule in rules():
        yield rule["alert"], rule["expr"]
    for panel in panels():
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


QUERIES = list(queries())


def words(expression: str) -> set[str]:
    """Names in an expression that are neither text nor a duration nor labels in a grouping."""
    bare = re.sub(r'"[^"]*"|\[[^\]]*\]|\b(?:by|on|without)\s*\([^)]*\)|\{[^}]*\}', " ", expression)
    return set(re.findall(r"[a-zA-Z_]\w*", re.sub(r"\b[\d.]+(?:e\d+)?\w*", " ", bare)))


@pytest.mark.parametrize(("where", "expression"), QUERIES, ids=[where for where, _ in QUERIES])
def test_every_figure_that_is_asked_for_is_told(where: str, expression: str) -> None:
    """Given an expression of a panel or an alert, then it is made of functions of Prometheus and of our own figures."""
    assert words(expression) - FUNCTIONS - PROMETHEUS_OWN - told().keys() == set(), where
    assert words(expression) & (told().keys() | PROMETHEUS_OWN), where


@pytest.mark.parametrize(("where", "expression"), QUERIES, ids=[where for where, _ in QUERIES])
def test_every_label_that_is_asked_for_is_on_all_figures_of_its_expression(
    where: str, expression: str
) -> None:
    """Given the labels of selectors and groupings, then each figure beside them has them; Prometheus adds two."""
    labels = set(re.findall(r'(\w+)\s*(?:=~|!~|!=|=)\s*"', expression))
    labels |= {
        name for group in re.findall(r"\bby\s*\(([^)]*)\)", expression) for name in re.split(r"[,\s]+", group)
    }
    for figure in words(expression) & told().keys():
        assert labels <= told()[figure] | {"instance", "job"}, (where, figure)
    assert expression.count("(") == expression.count(")")


def test_a_figure_that_nobody_tells_is_found_out() -> None:
    """The check itself: a misspelt figure is left over."""
    assert words('sum(rate(carillon_turn_total{actor="x"}[5m]))') - FUNCTIONS - told().keys() == {
        "carillon_turn_total"
    }


def test_the_legend_of_a_panel_names_labels_that_its_figures_have() -> None:
    for panel in panels():
        for target in panel["targets"]:
            named = set(re.findall(r"{{\s*(\w+)\s*}}", target["legendFormat"]))
            for figure in words(target["expr"]) & told().keys():
                assert named <= told()[figure] | {"instance", "job"}, (panel["title"], figure)


def test_panels_stand_beside_each_other_and_each_has_its_own_number() -> None:
    found = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    assert len({panel["id"] for panel in found}) == len(found)
    cells: set[tuple[int, int]] = set()
    for panel in found:
        at = panel["gridPos"]
        own = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not own & cells, panel["title"]
        assert max(x for x, _ in own) < 24, panel["title"]
        cells |= own


def heads() -> dict[str, str]:
    """Every section of the runbook by its anchor, with its text."""
    parts = re.split(r"^## (.+)$", RUNBOOK.read_text(encoding="utf-8"), flags=re.M)[1:]
    return {
        re.sub(r"[^\w -]", "", head).replace(" ", "-").lower(): text
        for head, text in zip(parts[::2], parts[1::2], strict=True)
    }


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_every_alert_leads_to_a_section_that_says_what_it_means_and_what_to_do(rule: dict[str, Any]) -> None:
    """Given an alert, then its address names a section of the runbook, with its meaning, how to see it, what to do."""
    page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
    assert CHECKOUT / page == RUNBOOK
    assert anchor == rule["alert"].lower()
    text = heads()[anchor]
    assert [word for word in ("**Means**", "**See**", "**Do**") if word not in text] == []
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"]["summary"]


def test_the_runbook_has_no_section_of_an_alert_that_does_not_exist() -> None:
    alerts = {rule["alert"].lower() for rule in rules()}
    assert heads().keys() == alerts | set(OPERATIONS)


def test_figures_and_commands_of_the_runbook_exist() -> None:
    text = RUNBOOK.read_text(encoding="utf-8")
    named = set(re.findall(r"`(carillon_\w+)", text))
    assert named - told().keys() == set()
    commands = (CHECKOUT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
    for command in re.findall(r"python -m app (\w+)", text):
        assert f"## {command}" in commands or f"`{command}" in commands, command
