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
        """The last to claim it has it; one in place of other ids takes it from none but
        them, and is answered.
        """
        claim: TokenClaim = read.message
        before = turn.get(HOLDERS, record.key)
        holder = Holder(claim.user, claim.device, claim.partition)
        is_other = before is not None and (before.user, before.device) != (claim.user, claim.device)
        if before is not None and is_other and claim.instead_of and not _stands_for(claim, before):
            self._tell(turn, holder, claim.token, before)
            return
        if before is not None and is_other:
            self._tell(turn, before, claim.token, holder)
        if claim.instead_of:
            self._tell(turn, holder, claim.token, holder)
        turn.put(HOLDERS, record.key, holder)

    def _tell(self, turn: Turn, who: Holder, token: str, holder: Holder) -> None:
        moved = TokenMoved(who.user, who.device, token, holder.user, holder.device)
        key = who.user.encode("utf-8", "surrogatepass")
        turn.send(self.topics.users_mail, key, wire.encode_pack(moved), who.partition)


def _stands_for(claim: TokenClaim, holder: Holder) -> bool:
    """Is the holder an earlier id of who claims, with the same device?"""
    return holder.user in claim.instead_of and holder.device == claim.device
