"""What a decision wants done: values, carried out by the agent once the turn is appended."""

from __future__ import annotations

from msgspec import Struct

from app.domain.model.decision import Decision
from app.domain.model.mail import UserMail
from app.domain.model.push import InboxItem, Order


class Record(Struct, frozen=True, gc=False):
    """Write this decision down."""

    decision: Decision


class Send(Struct, frozen=True, gc=False):
    """Hand this order to the sender of one provider."""

    transport: str
    order: Order


class Keep(Struct, frozen=True, gc=False):
    """Put this item into the user's inbox."""

    item: InboxItem


class MoveToken(Struct, frozen=True, gc=False):
    """This user's device brought a token: whoever had it before loses it (C131).

    `instead_of`: it came with other ids of this user; whoever else has it by now keeps it.
    """

    token: str
    device: str
    instead_of: tuple[str, ...] = ()


class ClaimId(Struct, frozen=True, gc=False):
    """This user was known by `previous`, says an event of that time: ask it for what it has."""

    previous: str
    claimed_ms: int


class Post(Struct, frozen=True, gc=False):
    """Mail for a user of that partition."""

    mail: UserMail
    partition: int


Effect = Record | Send | Keep | MoveToken | ClaimId | Post
