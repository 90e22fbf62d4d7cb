"""The inbox actor's state: each user's items, newest first (C111-C114)."""

from __future__ import annotations

from msgspec import Struct, field

from app.domain.model.push import InboxItem
from app.turns.table import Table

MOST = 200


class UserInbox(Struct, array_like=True):
    """The items of one user, newest first."""

    items: list[InboxItem] = field(default_factory=list)


def keep(inbox: UserInbox, item: InboxItem) -> bool:
    """Put an item on top; what has expired by its time goes. False where it is there already."""
    if any(known.message_id == item.message_id for known in inbox.items):
        return False
    living = [known for known in inbox.items if known.expires_ms > item.created_ms]
    inbox.items = [item, *living][:MOST]
    return True


INBOX = Table("inbox", b"\x10", UserInbox)
TABLES = (INBOX,)
