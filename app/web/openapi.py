"""The API's operations in one table, and the OpenAPI 3.1 document that is made of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from app.domain.model.push import InboxItem
from app.web.campaigns import CampaignView
from app.web.explained import ExplainedView
from app.web.partitions import PartitionView
from app.web.people import UserView
from app.web.told import Told

VERSION = "1"
REFERENCES = "#/components/schemas/{name}"
_COULD_NOT = {"$ref": "#/components/responses/Problem"}


class Operation(NamedTuple):
    """One GET. `answers` is what it gives; the parameters are those in its path."""

    name: str
    path: str
    summary: str
    answers: Any
    may_be_missing: bool = False


class CampaignFound(CampaignView, frozen=True, kw_only=True):
    """One campaign, its versions, and its last decisions; `answered` of so many `workers` said theirs."""

    versions: list[int]
    decisions: list[Told]
    answered: int
    workers: int


OPERATIONS = (
    Operation(
        "partitions", "/api/v1/partitions", "The partitions that this worker owns", list[PartitionView]
    ),
    Operation("campaigns", "/api/v1/campaigns", "All campaigns with their counts", list[CampaignView]),
    Operation(
        "campaign",
        "/api/v1/campaigns/{campaign_id}",
        "One campaign: counts, losses by reason, last decisions",
        CampaignFound,
        may_be_missing=True,
    ),
    Operation(
        "campaign_decisions",
        "/api/v1/campaigns/{campaign_id}/decisions",
        "Its last decisions in the partitions that this worker owns",
        list[Told],
    ),
    Operation(
        "user",
        "/api/v1/users/{user_id}",
        "One user, from the worker that owns them",
        UserView,
        may_be_missing=True,
    ),
    Operation(
        "explain",
        "/api/v1/users/{user_id}/explain/{campaign_id}",
        "Why a campaign was or was not sent to a user (C151)",
        ExplainedView,
        may_be_missing=True,
    ),
    Operation("inbox", "/api/v1/users/{user_id}/inbox", "A user's inbox, newest first", list[InboxItem]),
)


def document(operations: Sequence[Operation] = OPERATIONS) -> dict[str, Any]:
    """The OpenAPI document."""
    kinds = [operation.answers for operation in operations]
    schemas, components = msgspec.json.schema_components(kinds, ref_template=REFERENCES)
    paths = {each.path: {"get": _get(each, schema)} for each, schema in zip(operations, schemas, strict=True)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Carillon",
            "version": VERSION,
            "description": "Any worker answers for users and campaigns; of partitions each tells its own.",
        },
        "paths": paths,
        "components": {
            "schemas": {**components, "Problem": _problem()},
            "responses": {
                "Problem": _response("What went wrong (RFC 9457)", "application/problem+json", _ref())
            },
        },
    }


def _get(operation: Operation, schema: dict[str, Any]) -> dict[str, Any]:
    answers = {"200": _response(operation.summary, "application/json", schema)}
    codes = ("404", "502", "503", "504") if operation.may_be_missing else ("502", "503", "504")
    names = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
    return {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
        ],
        "responses": {**answers, **dict.fromkeys(codes, _COULD_NOT)},
    }


def _response(description: str, content_type: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {content_type: {"schema": schema}}}


def _ref() -> dict[str, str]:
    return {"$ref": REFERENCES.format(name="Problem")}


def _problem() -> dict[str, Any]:
    texts = {name: {"type": "string"} for name in ("type", "title", "detail", "instance")}
    properties: dict[str, Any] = {**texts, "status": {"type": "integer"}}
    return {"type": "object", "properties": properties, "required": ["type", "title", "status"]}
