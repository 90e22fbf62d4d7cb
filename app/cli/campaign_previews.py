"""`campaign preview`: one user's partition read, and the message written for them."""

from __future__ import annotations

from collections.abc import Sequence

from app.cli.broker import partition_count, run
from app.cli.campaign_backtests import segments_of
from app.cli.campaign_files import Documents
from app.cli.errors import NotFoundError
from app.cli.output import bar, table, tell, time_text
from app.domain.model.reason import EXPLANATIONS
from app.domain.rules.plan import Catalog
from app.geoip import places
from app.partitioning import partition_of
from app.replay.catalogs import catalog_of
from app.replay.preview import Knowing, Known, Preview, learn, preview
from app.replay.stretch import stretches
from app.settings import Settings
from app.setup import app_rules


def previews(files: Documents, user: str, settings: Settings) -> list[Preview]:
    """The message of each campaign. Raises NotFoundError for a user of whom the log says nothing."""
    rules = app_rules(settings)
    campaigns, segments = [source.campaign for source in files.campaigns], segments_of(files, settings)
    known = _learn(user, catalog_of(campaigns, segments), settings)
    if known is None:
        raise NotFoundError(
            f"{settings.events} has no event of user {user!r}. Give the id that their events have as userId."
        )
    return [preview(campaign, known, rules, segments) for campaign in campaigns]


def _learn(user: str, catalog: Catalog, settings: Settings) -> Known | None:
    count = run(settings.kafka, lambda: partition_count(settings.kafka, settings.events))
    number = partition_of(user.encode(), count, settings.partitioner)
    stretch = run(settings.kafka, lambda: stretches(settings.kafka, settings.events, count))[number]
    tell(
        f"reading what {settings.events} says of {user}: {stretch.end - stretch.begin:,} records of its partition"
    )
    knowing = Knowing(user, app_rules(settings), catalog, places(settings))
    with bar("records", stretch.end - stretch.begin) as advance:
        return run(settings.kafka, lambda: learn(settings.kafka, settings.events, stretch, knowing, advance))


def text(shown: Sequence[Preview]) -> str:
    """Each message, and what stands against it."""
    return "\n\n".join("\n".join(_lines(each)) for each in shown)


def _lines(shown: Preview) -> list[str]:
    event = shown.event
    after = (
        "no event that triggers it yet"
        if event is None
        else f"after {event.name} at {time_text(event.at_ms)}"
    )
    lines = [f"{shown.campaign} for {shown.user}, {after}", ""]
    if shown.dropped is not None:
        lines.append(
            f"{shown.dropped.reason}: {shown.dropped.detail}. {EXPLANATIONS[shown.dropped.reason].marketer}"
        )
    else:
        rows = [(name, value) for name, value in shown.content.items() if name != "data"]
        rows += [(f"data.{name}", value) for name, value in shown.content.get("data", {}).items()]
        lines.append(table(("field", "text"), rows))
    if not shown.in_who:
        lines.append(f"\n{shown.user} is none of those in `who` now.")
    if shown.unreachable is not None:
        lines.append(f"\n{shown.unreachable}: {EXPLANATIONS[shown.unreachable].marketer}")
    return lines
