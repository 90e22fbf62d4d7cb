"""Users in memory: those seen lately as they are, all others packed to some hundred bytes each."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import Struct

from app.domain.model.history import History
from app.domain.model.user import Activity, Agenda, Profile, User

LIVE = 5_000


class _Packed(Struct, array_like=True, gc=False):
    profile: Profile
    activity: Activity
    agenda: Agenda
    history: History


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Packed).decode


class Users:
    """Two generations of live users: who was not asked for while one filled up is packed. `live`: how many fill one."""

    def __init__(self, live: int = LIVE) -> None:
        self._limit = live
        self._young: dict[str, User] = {}
        self._old: dict[str, User] = {}
        self._packed: dict[str, bytes] = {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old) + len(self._packed)

    def __iter__(self) -> Iterator[str]:
        yield from [*self._young, *self._old, *self._packed]

    def get(self, user_id: str) -> User:
        """The user, to be changed in place; a new one where there is none."""
        user = self._young.get(user_id)
        if user is None:
            user = self._old.pop(user_id, None) or self._unpack(user_id)
            if len(self._young) >= self._limit:
                self._age()
            self._young[user_id] = user
        return user

    def _unpack(self, user_id: str) -> User:
        packed = self._packed.pop(user_id, None)
        if packed is None:
            return User(user_id, Profile(), Activity(), Agenda())
        parts = _decode(packed)
        return User(user_id, parts.profile, parts.activity, parts.agenda, lambda _user: parts.history)

    def _age(self) -> None:
        stays: dict[str, User] = {}
        for user_id, user in self._old.items():
            try:
                self._packed[user_id] = _encode(
                    _Packed(user.profile, user.activity, user.agenda, user.history)
                )
            except (ValueError, OverflowError):  # a number that does not fit: this one stays as it is
                stays[user_id] = user
        self._old = self._young
        self._old.update(stays)
        self._young = {}
