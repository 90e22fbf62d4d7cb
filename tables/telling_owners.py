"""How the coordinator hands an alert to the mails actor: named by what happened, so that it is told once."""

from __future__ import annotations

from app import wire
from app.domain.model.alert import Alert, Happening
from app.domain.rules.alerts import alert_id
from app.topics import Topics
from app.turns.turn import Turn
from tables.catalog import CatalogReader


def tell_owner(
    turn: Turn, topics: Topics, catalog: CatalogReader, campaign: str, happening: Happening, of: str = ""
) -> None:
    """One mail to the campaign's owner, however often this is decided. `of`: tells two of one kind apart."""
    records, (_, rules) = catalog.records, catalog.at(turn.now_ms)
    told = records.definitions[campaign, records.standings[campaign][0].current.version].campaign
    alert = Alert(
        alert_id(campaign, type(happening).__name__, of),
        campaign,
        " ".join(told.name.split()),
        turn.now_ms,
        happening,
        told.owner,
        told.zone or rules.zone,
    )
    turn.send(topics.mails, campaign.encode(), wire.encode_pack(alert))
