"""The document says what is there."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from app.web.openapi import OPERATIONS, document
from tests.app.web.asking import Client, json_of
from tests.app.web.makers import a_campaign, a_decision, a_user, counts, decisions
from tests.app.web.rig import Rig

PLAIN: dict[str, Any] = {
    "string": str,
    "integer": int,
    "boolean": bool,
    "number": (int, float),
    "null": type(None),
    "object": dict,
}


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*(references(part) for part in value.values()))
    return set().union(*(references(part) for part in value)) if isinstance(value, list) else set()


def at(place: str) -> Any:
    found: Any = document()
    for name in place.removeprefix("#/").split("/"):
        found = found[name]
    return found


def mismatches(schema: dict[str, Any], value: Any, where: str = "$") -> list[str]:
    """The little of JSON Schema that the document uses."""
    if "$ref" in schema:
        return mismatches(at(schema["$ref"]), value, where)
    if "anyOf" in schema:
        return [] if any(not mismatches(each, value, where) for each in schema["anyOf"]) else [where]
    if "enum" in schema:
        return [] if value in schema["enum"] else [where]
    kind = schema.get("type")
    if kind == "array":
        items = schema.get("items", {})
        return [each for n, part in enumerate(value) for each in mismatches(items, part, f"{where}[{n}]")]
    if kind == "object" and isinstance(value, dict):
        return _of_object(schema, value, where)
    return [] if kind is None or isinstance(value, PLAIN[kind]) else [f"{where}: {value!r} is no {kind}"]


def _of_object(schema: dict[str, Any], value: Any, where: str) -> list[str]:
    known = schema.get("properties", {})
    found = [f"{where}.{name} is missing" for name in schema.get("required", ()) if name not in value]
    for name, part in value.items():
        rest = schema.get("additionalProperties")
        inner = known.get(name) or (rest if isinstance(rest, dict) else {})
        if known and name not in known and rest is None:
            found.append(f"{where}.{name} is not described")
        found += mismatches(inner, part, f"{where}.{name}")
    return found


def test_every_reference_leads_somewhere() -> None:
    assert references(document())
    for reference in references(document()):
        assert at(reference)


def test_parameters_are_those_of_the_path_and_names_are_unique() -> None:
    told = document()
    assert told["openapi"].startswith("3.1")
    names = [path["get"]["operationId"] for path in told["paths"].values()]
    assert len(set(names)) == len(names) == len(OPERATIONS)
    for path, methods in told["paths"].items():
        parameters = [each["name"] for each in methods["get"]["parameters"]]
        assert parameters == re.findall(r"{(\w+)}", path)
        assert {"200", "503"} <= methods["get"]["responses"].keys()


async def test_the_document_is_served(client: Client) -> None:
    assert await json_of(client, "/api/v1/openapi.json") == json.loads(msgspec.json.encode(document()))


async def test_every_operation_answers_as_the_document_says(client: Client, rig: Rig) -> None:
    a_user(rig)
    a_campaign(rig)
    counts(rig, qualified=2, sent=1, dropped={"user_cap": 1})
    decisions(rig, a_decision(attempt=1, device="d-1", detail={"held": True}))
    for operation in OPERATIONS:
        path = operation.path.replace("{user_id}", "u-1").replace("{campaign_id}", "cart")
        described = document()["paths"][operation.path]["get"]["responses"]["200"]
        schema = described["content"]["application/json"]["schema"]
        assert mismatches(schema, await json_of(client, path)) == []


async def test_a_problem_is_as_the_document_says(client: Client) -> None:
    answer = await json_of(client, "/api/v1/users/nobody", 404)
    assert mismatches(at("#/components/schemas/Problem"), answer) == []
