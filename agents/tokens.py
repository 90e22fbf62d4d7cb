"""tokens: a token belongs to one user at a time; whoever had it before is told that it moved (C131)."""

from __future__ import annotations

from typing import Any

from app import wire
from app.domain.model.mail import TokenClaim, TokenMoved
from app.turns.actor import Read
from app.turns.mailbox import Mailbox
from app.turns.turn import Turn
from tables.tokens import HOLDERS, TABLES, Holder


class TokensActor(Mailbox):
    """One partition of tokens, by the hash of the token."""

    tables = TABLES

    def read(self, record: Any) -> Read:
        """A claim."""
        return Read(wire.decode_token_claim(record.value))

    def step(self, turn: Turn, record: Any, read: Read) -> None:
        """The last to claim it has it."""
        claim: TokenClaim = read.message
        before = turn.get(HOLDERS, record.key)
        if before is not None and (before.user, before.device) != (claim.user, claim.device):
            moved = TokenMoved(before.user, before.device, claim.token)
            key = before.user.encode("utf-8", "surrogatepass")
            turn.send(self.topics.users_mail, key, wire.encode_pack(moved), before.partition)
        turn.put(HOLDERS, record.key, Holder(claim.user, claim.device, claim.partition))
