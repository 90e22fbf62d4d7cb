"""inbox: keeps each user's App Inbox items (C111-C114)."""

from __future__ import annotations

from typing import Any

from app import wire
from app.turns.actor import Read
from app.turns.mailbox import Mailbox
from app.turns.turn import Turn
from tables.inbox import INBOX, TABLES, UserInbox, keep


class InboxActor(Mailbox):
    """One partition of inboxes."""

    tables = TABLES

    def read(self, record: Any) -> Read:
        """An item."""
        return Read(wire.decode_item(record.value))

    def step(self, turn: Turn, record: Any, read: Read) -> None:
        """Put the item on top of its user's inbox, once."""
        inbox = turn.get(INBOX, record.key) or UserInbox()
        if keep(inbox, read.message):
            turn.put(INBOX, record.key, inbox)
