"""What users share: tokens that move, ids that are one person's, limits; within a partition or between several.

A worker has Kafka for that; here it arrives at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from app.domain.model.effect import ClaimId, MoveToken, Post
from app.domain.model.mail import IdClaim, TokenMoved, UserMail
from app.domain.model.user import User
from app.domain.rules.lease import AllHere


class Partition(Protocol):
    """The users of one partition."""

    def receive(self, mail: UserMail) -> None:
        """Mail for one of them."""


class Holder(NamedTuple):
    """Who brought a token last: the user and the device."""

    user: str
    device: str


class Neighbours:
    """Partitions that hear of one another. `place`: the number of the partition that a user id is in.

    `lost`: how much was meant for a partition that is not among them. `leases`: what their campaigns may still send.
    """

    def __init__(self, place: Callable[[str], int] = lambda _user: 0) -> None:
        self._place = place
        self._partitions: dict[int, Partition] = {}
        self._holders: dict[str, Holder] = {}
        self.leases = AllHere()
        self.lost = 0

    def join(self, number: int, partition: Partition) -> None:
        """One partition more."""
        self._partitions[number] = partition

    def send(self, user: User, effect: MoveToken | ClaimId | Post) -> None:
        """What one user's step has to say to others."""
        match effect:
            case MoveToken():
                self._move(effect, Holder(user.id, effect.device))
            case ClaimId(previous, claimed_ms):
                self._post(IdClaim(previous, user.id, self._place(user.id), claimed_ms))
            case Post(mail, _):
                self._post(mail)

    def _post(self, mail: UserMail) -> None:
        partition = self._partitions.get(self._place(mail.user))
        if partition is None:
            self.lost += 1
        else:
            partition.receive(mail)

    def _move(self, claim: MoveToken, holder: Holder) -> None:
        """The last to claim it has it; one in place of other ids takes it from them alone, and is answered (C131)."""
        before = self._holders.get(claim.token)
        is_other = before is not None and before != holder
        if before is not None and is_other and claim.instead_of and not _stands_for(claim, before):
            self._post(TokenMoved(holder.user, holder.device, claim.token, before.user, before.device))
            return
        self._holders[claim.token] = holder
        if before is not None and is_other:
            self._post(TokenMoved(before.user, before.device, claim.token, holder.user, holder.device))
        if claim.instead_of:
            self._post(TokenMoved(holder.user, holder.device, claim.token, holder.user, holder.device))


def _stands_for(claim: MoveToken, holder: Holder) -> bool:
    """Is the holder an earlier id of who claims, with the same device?"""
    return holder.user in claim.instead_of and holder.device == claim.device
