"""`http.md`: what a worker answers on its web port, and the metrics that it tells."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from prometheus_client import ProcessCollector

from app.clock import SystemClock
from app.topics import Topics
from app.web.campaign_figures import CAMPAIGNS, OTHER
from app.web.metrics import Metrics
from app.web.openapi import OPERATIONS, document
from scripts.pages.markdown import code, codes, page, table
from tables.catalog import Records

HTTP = "carillon_http_seconds"
PAGES = (
    ("/", "leads to the console"),
    ("/livez", "200 while the event loop goes on, else 503. Whether Kafka is well does not count"),
    ("/readyz", "200 while every partition of this worker decides; else 503, with `reasons`"),
    ("/metrics", "figures, as Prometheus reads them"),
    ("/api/v1/openapi.json", "the OpenAPI document of the operations below"),
    ("/console", "leads to the console"),
    ("/console/", "campaigns with their counts"),
    ("/console/search", "leads to the user that `?user=` names"),
    ("/console/campaigns/{campaign_id}", "one campaign: losses by reason, last decisions"),
    ("/console/explain", "leads to the explanation for `?user=` and `?campaign=`"),
    (
        "/console/users/{user_id}/explain/{campaign_id}",
        "why a campaign was or was not sent to a user: events, conditions with values, guards, decisions",
    ),
    ("/console/users/{user_id}", "one user: devices, timers, caps, inbox, decisions with reasons"),
    ("/console/cluster", "workers and partitions"),
)
OBSTACLES = (
    (
        "watchdog",
        "no progress where there could be some: the worker has said why in its log, and is about to end",
    ),
    ("rebalancing", "the group is sharing out its partitions"),
    ("no_partitions", "no partition is assigned to this worker"),
    ("broker", "Kafka does not answer"),
    ("partition", "a partition opens or restores; the message says how far it is"),
    ("out_of_range", "a log does not reach to where a partition stands; the message says what to do"),
    ("partitioner", "a key stands where the setting `partitioner` would not put it"),
    ("catalog", "the campaigns topic was not read to its end yet"),
)


def render() -> str:
    """The page."""
    paths = document()["paths"]
    operations = [
        (code(each.path), each.summary, codes(paths[each.path]["get"]["responses"])) for each in OPERATIONS
    ]
    return page(
        "HTTP",
        "`app/web/openapi.py`, `app/web/*_figures.py` and `scripts/pages/http.py`",
        "On the worker's web port (`CARILLON_WEB`), GET only, plain HTTP and without a password: bind it to loopback, "
        "or put a proxy before it. A worker that is bound to loopback answers nobody who calls it by another name. "
        "Events come through Kafka; there is no HTTP intake yet.",
        table(("path", "answers"), [(code(path), meaning) for path, meaning in PAGES]),
        "## `/readyz`",
        table(("code", "says"), [(code(name), meaning) for name, meaning in OBSTACLES]),
        "## The API",
        "JSON. An error is a problem document (RFC 9457). What is asked of one user or campaign may be asked of any "
        "worker; operations that say so tell only of the worker that is asked.",
        table(("path", "answers", "status"), operations),
        "## Metrics",
        f"Times are in seconds. Campaigns beyond the {CAMPAIGNS} largest are counted as `{OTHER}`. What is labelled "
        "with a campaign is true of the whole cluster, and every worker tells the same: take the maximum over "
        "workers, not the sum. What Kafka must be asked for (lag, ages, dead letters) is left out while it does not "
        "answer. A histogram is of all partitions of an actor that this process has had.",
        table(("metric", "kind", "labels", "what"), metrics()),
    )


def metrics() -> list[tuple[str, str, str, str]]:
    """Every metric of a worker, asked of its registry."""
    inside: Any = SimpleNamespace(
        hosts={},
        topics=Topics("app", "events"),
        catalog=SimpleNamespace(records=Records()),
        clock=SystemClock(),
        machine_ahead_ms=0,
        engine=SimpleNamespace(rebalancing=False, rebalancing_count=0),
        watcher=SimpleNamespace(broker_there=True, gave_up=None, loop_late_s=0.0),
        settings=SimpleNamespace(data=Path()),
    )
    readers: Any = SimpleNamespace(stats=SimpleNamespace(sums=dict))
    told = Metrics(inside, readers)
    process = [*ProcessCollector(namespace="carillon", registry=None).collect()]
    families = [*told.collect(), *told.http.describe(), *process]
    return sorted(_row(family, told.http._labelnames if family.name == HTTP else ()) for family in families)


def _row(family: Any, otherwise: Sequence[str]) -> tuple[str, str, str, str]:
    labels = getattr(family, "_labelnames", otherwise)
    name = f"{family.name}_total" if family.type == "counter" else family.name
    return code(name), family.type, codes(labels), family.documentation
