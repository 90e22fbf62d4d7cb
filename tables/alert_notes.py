"""Alerts, out of the campaigns topic. Key: `alert/campaign` -> AlertNote, the latest of each."""

from __future__ import annotations

import msgspec

from app.domain.model.alert import AlertNote

PREFIX = "alert/"
decode_note = msgspec.msgpack.Decoder(AlertNote).decode


def alert_key(campaign: str) -> bytes:
    """Under which key a campaign's latest alert stands."""
    return f"{PREFIX}{campaign}".encode()


class AlertNotes(dict[str, AlertNote]):
    """The latest alert of each campaign that had one."""

    def take(self, key: str, value: bytes | None) -> None:
        """Take one record in."""
        campaign = key.removeprefix(PREFIX)
        if value is None:
            self.pop(campaign, None)
        else:
            self[campaign] = decode_note(value)
