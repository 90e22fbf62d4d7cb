"""A user: what Carillon knows of one person, in three parts that are stored apart.

`Profile` changes when traits or devices do, `Activity` with every event, `Agenda` when something is waiting for its
time or is on its way. An event rewrites only the parts that it changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct, field

from app.domain.model.event import Place, Position, PushStatus, Said
from app.domain.model.history import History
from app.domain.model.quota import NOT_COUNTED

REMEMBERED_IDS = 32
REMEMBERED_OFFSETS = 8
ID_BYTES = 8


class Device(Struct, array_like=True, gc=False):
    """One device. It may be sent to while it has a token, is allowed and not suspended (its token moved away)."""

    id: str
    platform: str = ""
    token: str | None = None
    push: PushStatus = PushStatus.ASK
    suspended: bool = False
    manufacturer: str | None = None
    model: str | None = None
    os_version: str | None = None
    app_version: str | None = None
    sdk_version: str | None = None
    seen_ms: int = 0


class Forward(Struct, array_like=True, gc=False):
    """This id is another user's now: where they live, and when it was claimed, by the claiming event's own time."""

    user: str
    partition: int
    claimed_ms: int


class Inherited(Struct, array_like=True, gc=False):
    """What another id of this user said, and when that id was claimed. `value` None: it took the trait away."""

    value: Any
    claimed_ms: int
    of: str


class Kin(Struct, array_like=True, gc=False):
    """How a user and other ids are one person (SPEC section 9, Anonymous).

    `forward`: whose this id is now. `claims`: ids that this user claimed, and when. `inherited`: for each name what the
    id that was claimed last said. `lent`: the names that stand in the profile because of that. `removed`: traits that
    the user's own messages took away.
    """

    forward: Forward | None = None
    claims: dict[str, int] = field(default_factory=dict)
    inherited: dict[str, Inherited] = field(default_factory=dict)
    lent: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)


class Profile(Struct, array_like=True, gc=False):
    """Traits and devices; `zone` is the last time zone that a message's context named and that exists.

    `kin`: None for most users, who have one id.
    """

    traits: dict[str, Any] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    zone: str | None = None
    locale: str | None = None
    kin: Kin | None = None


class CountedPush(Struct, array_like=True, gc=False):
    """A push that counts against the caps: when it was cleared, and which it was, so that it can be given back."""

    cleared_ms: int
    message_id: str


class Whereabouts(Struct, array_like=True, gc=False):
    """Where the user was last: by the address and by the position that events brought, each with the event's time."""

    place: Place | None = None
    place_ms: int = 0
    position: Position | None = None
    position_ms: int = 0


class Session(Struct, array_like=True, gc=False):
    """The last time that the app was opened, and with which device."""

    device: str
    time_ms: int


class Activity(Struct, array_like=True, gc=False):
    """What every event changes.

    `recent_ids`: the last 32 message ids, 8 bytes of hash each, oldest first. `recent_offsets`: where the last 8
    events stand in `events`. `answers`: for each kind of cancelling event that a live campaign asks about, the (time,
    match) of those that a late trigger might still have to meet (C010). `reached`: for each campaign with a limit for
    one user, the messages that count: sent or in the inbox, and not failed. `whereabouts`, `session`: None until an
    event says something of them.
    """

    recent_ids: bytes = b""
    recent_offsets: list[int] = field(default_factory=list)
    pushes: list[CountedPush] = field(default_factory=list)
    answers: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    reached: dict[str, list[str]] = field(default_factory=dict)
    whereabouts: Whereabouts | None = None
    session: Session | None = None


class Trigger(Struct, array_like=True, gc=False):
    """The event that started it, pinned: its id names the message, its properties render it."""

    event_id: str
    name: str
    time_ms: int
    properties: dict[str, Any]


class Waiting(Struct, array_like=True, tag="w", gc=False):
    """An inaction timer (C010): qualifies at `due_ms` unless it is answered. `match` tells two carts apart."""

    campaign: str
    version: int
    instance: str
    due_ms: int
    trigger: Trigger
    match: str = ""


class Held(Struct, array_like=True, tag="h", gc=False):
    """A qualified message that waits (quiet hours, delay); asked again from the first guard on at `due_ms`.

    `ready_ms`: when it was due, from which the cut-off counts. `awaits_launch`: it is for the next launch of the app,
    and `due_ms` is how long it waits for that; `launched`: it has seen it. `period`: of which limit it waits for its
    turn; it is asked then, and at `due_ms` that limit is over.
    """

    campaign: str
    version: int
    instance: str
    due_ms: int
    trigger: Trigger
    message_id: str
    match: str = ""
    ready_ms: int | None = None
    awaits_launch: bool = False
    launched: bool = False
    period: int = NOT_COUNTED


class OnItsWay(Struct, array_like=True, tag="o", gc=False):
    """A message handed to senders whose end is not known. `waiting_for`: devices without a final outcome.

    `copied`: its copy is in the inbox already. `period`: of which limit it took one. `is_doubtful`: at a device that
    did not take it, a call was never answered.
    """

    campaign: str
    version: int
    message_id: str
    trigger: Trigger
    waiting_for: list[str]
    title: str = ""
    body: str = ""
    link: str | None = None
    image: str | None = None
    copied: bool = False
    period: int = NOT_COUNTED
    is_doubtful: bool = False


Entry = Waiting | Held | OnItsWay


class Started(Struct, array_like=True, gc=False):
    """A trigger whose timer waits no more, as far as a late event has to know of it (C010t).

    `fired`: it ran until `until_ms`, and kept others from starting. `event_id`: its message was sent; an answer up to
    `until_ms` would have stopped it. `message_id`: of a message that another id of this user sent.
    """

    version: int
    time_ms: int
    match: str = ""
    fired: bool = False
    event_id: str = ""
    until_ms: int = 0
    message_id: str = ""


class Agenda(Struct, array_like=True, gc=False):
    """Everything of this user that is not finished; `started`: by campaign, what late events may still ask about."""

    entries: list[Entry] = field(default_factory=list)
    started: dict[str, list[Started]] = field(default_factory=dict)


def no_history(_user_id: str) -> History:
    """Nobody has counted anything."""
    return History()


class User:
    """One user's parts. Whoever changes a part says so (`profile_changed` …).

    `learned`: what a message said of this user last, where nothing has changed the profile since. `history` is read
    when it is asked for: most events ask for none.
    """

    __slots__ = ("_find_history", "_history", "activity", "activity_changed", "agenda", "agenda_changed",
                 "history_changed", "id", "learned", "profile", "profile_changed")  # fmt: skip

    def __init__(
        self,
        user_id: str,
        profile: Profile,
        activity: Activity,
        agenda: Agenda,
        find_history: Callable[[str], History] = no_history,
    ) -> None:
        self.id = user_id
        self.profile = profile
        self.activity = activity
        self.agenda = agenda
        self.learned: Said | None = None
        self.profile_changed = self.activity_changed = self.agenda_changed = self.history_changed = False
        self._find_history = find_history
        self._history: History | None = None

    @property
    def history(self) -> History:
        """What was counted of the past; whoever changes it says so."""
        if self._history is None:
            self._history = self._find_history(self.id)
        return self._history

    @property
    def forward(self) -> Forward | None:
        """Whose this id is now; None: its own."""
        kin = self.profile.kin
        return None if kin is None else kin.forward

    @property
    def has_other_ids(self) -> bool:
        """Has this user claimed other ids?"""
        kin = self.profile.kin
        return kin is not None and bool(kin.claims)
