"""`stats`: what the decisions of each campaign add up to, over all partitions (C093-C099, C152)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from app.cli.errors import CommandError, NotFoundError
from app.cli.output import AsJson, result, table
from app.settings import Settings, load_settings

if TYPE_CHECKING:
    from tables.stats import Counts

app = typer.Typer(name="stats")

Campaign = Annotated[
    str | None, typer.Argument(metavar="[CAMPAIGN]", help="Only this one.", show_default=False)
]

COLUMNS = (
    "campaign",
    "qualified",
    "held",
    "sent",
    "accepted",
    "retried",
    "failed",
    "dropped",
    "inbox",
    "gap",
)


@app.command(epilog="Example: python -m app stats cart-reminder --json")
def stats(campaign: Campaign = None, as_json: AsJson = False) -> None:
    """Show counts of user-messages, of one campaign or of all; `retried` counts calls.

    A gap of 0 means that everybody who qualified is accounted for.
    """
    from app.cli.broker import run  # noqa: PLC0415 - heavy

    settings = load_settings()
    counts = run(settings.kafka, lambda: _counts(settings))
    if campaign is not None and campaign not in counts:
        raise NotFoundError(
            f"There is no campaign {campaign!r}. `python -m app campaign list` shows those there are."
        )
    chosen = sorted(counts) if campaign is None else [campaign]
    values = [as_value(each, counts[each]) for each in chosen]
    result(values if campaign is None else values[0], _text(values), as_json)


async def _counts(settings: Settings) -> dict[str, Counts]:
    """The counts of every campaign that there is; of one that has decided nothing yet, zeros."""
    from app.cli.campaign_records import read_records_of  # noqa: PLC0415 - heavy
    from tables.stats import Counts  # noqa: PLC0415 - heavy

    totals = {campaign: Counts() for campaign in (await read_records_of(settings)).standings}
    for (campaign, _), counts in (await _latest(settings)).items():
        totals.setdefault(campaign, Counts()).merge(counts)
    return totals


async def _latest(settings: Settings) -> dict[tuple[str, int], Counts]:
    """The last counts of each campaign and partition: the topic is compacted now and then, not at once."""
    from app.cli.broker import read_whole  # noqa: PLC0415 - heavy
    from app.topics import Topics  # noqa: PLC0415 - heavy
    from tables.stats import CampaignCounts  # noqa: PLC0415 - heavy

    decode = msgspec.json.Decoder(CampaignCounts).decode
    latest: dict[tuple[str, int], Counts] = {}
    async for record in read_whole(settings.kafka, Topics(settings.app, settings.events).stats):
        if record.value is None:
            continue
        try:
            read = decode(record.value)
        except msgspec.MsgspecError as error:
            place = f"{record.topic}/{record.partition}/{record.offset}"
            raise CommandError(
                f"The counts at {place} cannot be read: {error}. Another program wrote them."
            ) from error
        latest[read.campaign, read.partition] = read.counts
    return latest


def as_value(campaign: str, counts: Counts) -> dict[str, Any]:
    """The counts as machines get them: all of them, with what conservation misses."""
    every = {name: getattr(counts, name) for name in counts.__struct_fields__}
    return {"campaign": campaign, **every, "on_their_way": counts.on_their_way, "gap": counts.gap}


def _text(values: list[dict[str, Any]]) -> str:
    if not values:
        return "There are no campaigns. `campaign apply` makes one."
    rows = [[_total(value[column]) for column in COLUMNS] for value in values]
    reasons = [
        [value["campaign"], outcome, reason, count]
        for value in values
        for outcome in ("dropped", "failed")
        for reason, count in sorted(value[outcome].items())
    ]
    shown = table(COLUMNS, rows)
    return f"{shown}\n\n{table(('campaign', 'outcome', 'reason', 'messages'), reasons)}" if reasons else shown


def _total(value: Any) -> Any:
    return sum(value.values()) if isinstance(value, dict) else value
