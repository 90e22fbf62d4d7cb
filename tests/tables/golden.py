"""The bytes of every stored value and all mail, as a build wrote them; `python -m tests.tables.golden` adds new ones.

What is in `golden.json` once stays as it is: journals hold such bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from app import wire
from app.domain.model import quota, throttle
from app.domain.model.app_rules import AppRules, Throttle
from app.domain.model.campaign import Campaign, Cap, Content, Limits, Status, When
from app.domain.model.decision import Decision, Step
from app.domain.model.event import DeviceReport, Event, Place, Position, PushStatus, Said
from app.domain.model.history import Counter, History
from app.domain.model.mail import (
    Heritage,
    IdClaim,
    Outcome,
    PassedOn,
    PastCounted,
    Result,
    TokenClaim,
    TokenMoved,
)
from app.domain.model.push import AndroidOptions, InboxItem, Order, Push, Target
from app.domain.model.reason import Reason
from app.domain.model.user import (
    Activity,
    Agenda,
    CountedPush,
    Device,
    Forward,
    Held,
    Inherited,
    Kin,
    OnItsWay,
    Profile,
    Session,
    Started,
    Trigger,
    Waiting,
    Whereabouts,
)
from app.turns import watermark
from app.turns.opening import LAYOUT
from app.turns.ports import Mail
from app.turns.table import Table
from app.turns.timers import index_key
from tables import alert_notes, catalog, inbox, leases, ledger, mails, quotas, stats, surges, tokens, users
from tables.inbox import UserInbox
from tables.ledger import Delivery, Stage
from tables.stats import CampaignCounts, Counts, Latest
from tables.tokens import Holder
from tests.tables import golden_alerts

FILE = Path(__file__).with_name("golden.json")
TABLES: tuple[Table[Any], ...] = (
    *users.TABLES,
    *leases.TABLES,
    *quotas.TABLES,
    *surges.TABLES,
    *mails.TABLES,
    *ledger.TABLES,
    *inbox.TABLES,
    *stats.TABLES,
    *tokens.TABLES,
)
AT_MS = 1_790_000_000_000


class Sample(NamedTuple):
    """A value with every field filled, and how it is read and written."""

    value: Any
    encode: Callable[[Any], bytes]
    decode: Callable[[bytes], Any]


def _push() -> Push:
    android = AndroidOptions("news", "high", "bell")
    return Push("m-1", "u-1", "c-1", 2, "Title", "Body", "a", "app://x", "https://i/1.png", {"k": "v"}, "col",
                60_000, True, android)  # fmt: skip


def _table_values() -> dict[str, Any]:
    trigger = Trigger("e-1", "add_to_cart", AT_MS, {"cart": "7", "price": 9.5, "list": [1, None, True]})
    device = Device(
        "d-1", "android", "tok", PushStatus.ALLOWED, True, "Acme", "One", "14", "2.1", "3.0", AT_MS
    )
    order = Order(_push(), (Target("d-1", "tok", "android"),), AT_MS, {"event_id": "e-1"}, AT_MS + 3)
    item = InboxItem("m-1", "c-1", 2, "Title", "Body", AT_MS, AT_MS + 1, "app://x", "i.png", ("a", "b"),
                     {"text": "#fff"}, "sent")  # fmt: skip
    return (
        {
            "profile": Profile({"plan": "pro", "age": 41}, {"d-1": device}, "Europe/Paris", "fr", _kin()),
            "activity": Activity(
                b"12345678",
                [1, 2],
                [CountedPush(AT_MS, "m-1")],
                {"k": [(AT_MS, "=7")]},
                {"c-1": ["m-1"]},
                Whereabouts(Place("FR", "Paris", "Paris"), AT_MS, Position(48.85, 2.35), AT_MS + 1),
                Session("d-1", AT_MS),
            ),
            "agenda": Agenda(
                [
                    Waiting("c-1", 2, "i-1", AT_MS + 600_000, trigger, "7"),
                    Held("c-2", 3, "i-2", AT_MS + 900_000, trigger, "m-2", "8", AT_MS + 1, True, True),
                    OnItsWay("c-3", 4, "m-3", trigger, ["d-1"], "Title", "Body", "app://x", "i.png", True),
                ],
                {"c-1": [Started(2, AT_MS, "7", True, "e-1", AT_MS + 2)]},
            ),
            "history": History(
                {"purchase": Counter(AT_MS, 40, AT_MS + 1, AT_MS + 2, [AT_MS + 2], {20_000: 39}, True)}
            ),
            "ledger": Delivery(
                Stage.WAITING,
                3,
                AT_MS + 5,
                AT_MS,
                order,
                order.targets[0],
                Result.FAILED,
                Reason.PROVIDER_UNAVAILABLE,
            ),
            "inbox": UserInbox([item]),
            "counts": Counts(1, 2, 3, 4, 5, 6, 7, {"expired": 8}, {"user_cap": 9}, 10, 11),
            "holders": Holder("u-1", "d-1", 3),
        }
        | {"of_user": Latest([1, 2, 3]), "of_campaign": Latest([4, 5])}
        | _limits()
        | _throttle()
    )


def _throttle() -> dict[str, Any]:
    return {
        "tickets": throttle.Ticket(1, 7, AT_MS, ["d-1", "d-2"]),
        "places": throttle.Place("m-1"),
        "gate": throttle.Gate(AT_MS, AT_MS - 9, AT_MS - 1, 3, 4, [5, 6], [7, 8], AT_MS + 1),
        **golden_alerts.TABLE_VALUES,
        "lending": throttle.Lending(AT_MS - 900_000, AT_MS, 100, 9, 8, 7, 6, {"fcm/3": 5}, AT_MS + 2),
    }


def _limits() -> dict[str, Any]:
    share = quota.Share(1, 2, 3, 4, 5, 6, 9, 7, 1, True, Reason.DAILY_LIMIT, 100, 10)
    return {
        "leases": quota.Lease({AT_MS: share}),
        "waiters": quota.Waiter("u-1", "m-1"),
        "quotas": quota.Quota(
            {AT_MS: quota.Period(7, {3: quota.Holder(4, 5, True)})}, AT_MS + 1, AT_MS + 2, True
        ),
    }


def _kin() -> Kin:
    inherited = {"plan": Inherited("pro", AT_MS, "a-1"), "gone": Inherited(None, AT_MS + 1, "a-2")}
    return Kin(Forward("u-2", 3, AT_MS), {"a-1": AT_MS, "a-2": AT_MS + 1}, inherited, ["plan"], ["age"])


def _joining() -> dict[str, Sample]:
    """Mail between ids of one person, and what a profile keeps of them."""
    values = _table_values()
    report = DeviceReport("d-1", "android", "tok", PushStatus.ALLOWED, "Acme", "One", "14", "2.1", "3.0")
    event = Event("a-1", "e-1", AT_MS, AT_MS + 1, "add_to_cart", {"cart": "7"}, {"plan": "pro"},
                  Said(report, "Europe/Paris", "fr"), "a-0")  # fmt: skip
    heritage = Heritage("u-1", {"a-1": AT_MS}, _kin().inherited, [*values["profile"].devices.values()],
                        values["activity"], values["agenda"].entries)  # fmt: skip
    mail = {
        "id_claim": IdClaim("a-1", "u-1", 3, AT_MS),
        "heritage": heritage,
        "passed_on": PassedOn("u-1", event, "a-1", AT_MS),
        "token_moved_to": TokenMoved("u-1", "d-1", "tok", "u-2", "d-2"),
    }
    found = {name: Sample(value, wire.encode_pack, wire.decode_user_mail) for name, value in mail.items()}
    claim = TokenClaim("tok", "u-1", "d-1", 3, ("a-1", "a-2"))
    found["token_claim_instead"] = Sample(claim, wire.encode_pack, wire.decode_token_claim)
    return found


def _mail() -> dict[str, Sample]:
    values = _table_values()
    packed = {
        "order": (values["ledger"].order, wire.decode_order),
        "item": (values["inbox"].items[0], wire.decode_item),
        "outcome": (
            Outcome("u-1", "m-1", "c-1", "d-1", "tok", "fcm", Result.GONE, 2, Reason.INVALID_TOKEN, "404"),
            wire.decode_user_mail,
        ),
        "token_moved": (TokenMoved("u-1", "d-1", "tok"), wire.decode_user_mail),
        "past_counted": (PastCounted("u-1", values["history"].counters), wire.decode_user_mail),
        "token_claim": (TokenClaim("tok", "u-1", "d-1", 3), wire.decode_token_claim),
        "loan": (
            quota.Loan("c-1", AT_MS, quota.Word.LENT, 4, True, Reason.TOTAL_LIMIT, 100, 10),
            wire.decode_user_mail,
        ),
        "call_up": (quota.CallUp("c-1", AT_MS), wire.decode_user_mail),
        "report": (quota.Report("c-1", 3, AT_MS, 1, 2, -3), wire.decode_campaign_mail),
        "throttle_ask": (throttle.Ask("fcm", 3, 4, True, 5, AT_MS), wire.decode_campaign_mail),
        "throttle_grant": (throttle.Grant(AT_MS, AT_MS - 9, AT_MS - 1, 6), wire.decode_grant),
        "qualified": (golden_alerts.QUALIFIED, wire.decode_campaign_mail),
        "alert": (golden_alerts.SURGED, mails.decode_alert),
        "alert_limit": (golden_alerts.LIMITED, mails.decode_alert),
        "alert_safety": (golden_alerts.CHECKED, mails.decode_alert),
    }
    decision = Decision("i-1", AT_MS, "u-1", "c-1", 2, Step.FAILED, "m-1", {"event_id": "e-1"}, 3,
                        Reason.EXPIRED, "a", "d-1", "fcm", AT_MS + 1, {"held": True})  # fmt: skip
    counts = CampaignCounts("c-1", 3, values["counts"])
    read_counts = msgspec.json.Decoder(CampaignCounts).decode
    found = {name: Sample(value, wire.encode_pack, decode) for name, (value, decode) in packed.items()}
    found["decision"] = Sample(decision, wire.encode_decision, wire.decode_decision)
    found["campaign_counts"] = Sample(counts, msgspec.json.encode, read_counts)
    return found


def _parts() -> dict[str, Sample]:
    """What came into a stored value after its bytes were kept."""
    return {"kin": Sample(_kin(), msgspec.msgpack.encode, msgspec.msgpack.Decoder(Kin).decode)}


def _turns() -> dict[str, Sample]:
    mark = watermark.Watermark(b"identity", 7, AT_MS, {"in": 41}, {"fcm/0": (6, 2)}, AT_MS + 1)
    outbox = watermark.Outbox(7, [Mail("t", b"k", b"v", 3), Mail("t", None, None)])
    opened = watermark.Opened("w:1/2", 4, 5, AT_MS)
    return {
        "watermark": Sample(mark, watermark.encode, watermark.decode_watermark),
        "outbox": Sample(outbox, watermark.encode, watermark.decode_outbox),
        "opened": Sample(opened, watermark.encode, watermark.decode_opened),
    }


def _campaigns() -> dict[str, Sample]:
    standing = catalog.Standing(Status.PAUSED, 2, "why", "ann", AT_MS)
    definition = catalog.Definition(
        Campaign("c-1", "Name", When("add_to_cart"), Content("Title", "Body")), "campaign: c-1", AT_MS
    )
    rules = AppRules("Europe/Paris", (Cap(3), Cap(5, 604_800_000)), 60_000, True)
    published = catalog.Rules(rules, '{"a": 1}', 8, ((AT_MS, rules),))
    encode = msgspec.msgpack.encode
    return {
        "definition": Sample(definition, encode, catalog.decode_definition),
        "standings": Sample(catalog.Standings(standing, (standing,)), encode, catalog.decode_standings),
        "rules": Sample(published, encode, catalog.decode_rules),
        "alert": Sample(golden_alerts.NOTE, encode, alert_notes.decode_note),
        "surge": Sample(golden_alerts.CAMPAIGN, encode, msgspec.msgpack.Decoder(Campaign).decode),
    }


def _of_limits() -> dict[str, Sample]:
    """Values that have grown by what limits need, and a campaign that has some."""
    trigger = Trigger("e-1", "add_to_cart", AT_MS, {})
    activity = Activity(reached={"c-1": ["m-1", "m-2"]})
    on_its_way = OnItsWay("c-3", 4, "m-3", trigger, ["d-1"], period=AT_MS, is_doubtful=True)
    agenda = Agenda([Held("c-2", 3, "i-2", AT_MS, trigger, "m-2", period=AT_MS), on_its_way])
    delivery = Delivery(
        Stage.DONE, 1, AT_MS, AT_MS, None, Target("d-1", "tok", "android"), None, None, True, True
    )
    outcome = Outcome("u-1", "m-1", "c-1", "d-1", "tok", "fcm", Result.FAILED, 2, unanswered=True)
    campaign = Campaign("c-1", "Name", When("cart"), Content("T", "B"), limits=Limits(9, 5, 2))
    encode = msgspec.msgpack.encode
    return {
        "limits activity": Sample(activity, users.ACTIVITY.encode, users.ACTIVITY.decode),
        "limits agenda": Sample(agenda, users.AGENDA.encode, users.AGENDA.decode),
        "limits ledger": Sample(delivery, ledger.LEDGER.encode, ledger.LEDGER.decode),
        "limits outcome": Sample(outcome, wire.encode_pack, wire.decode_user_mail),
        "throttle rules": Sample(
            catalog.Rules(AppRules(throttle=Throttle(100_000, 900_000))), encode, catalog.decode_rules
        ),
        "limits campaign": Sample(campaign, encode, msgspec.msgpack.Decoder(Campaign).decode),
    }


def samples() -> dict[str, Sample]:
    """One of each, by name."""
    values = _table_values()
    kept = {f"table {table.name}": Sample(values[table.name], table.encode, table.decode) for table in TABLES}
    kept["part agenda"] = Sample(values["agenda"], users.AGENDA.encode, users.AGENDA.decode)
    kept["part order"] = Sample(values["ledger"].order, wire.encode_pack, wire.decode_order)
    told = Started(2, AT_MS, "7", True, "e-1", AT_MS + 2, "m-1")
    kept["grown started"] = Sample(Agenda([], {"c-1": [told]}), users.AGENDA.encode, users.AGENDA.decode)
    inherited = Heritage("u-1", {}, {}, [], Activity(), [], {}, {"c-1": [told]})
    kept["mail heritage of starts"] = Sample(inherited, wire.encode_pack, wire.decode_user_mail)
    kept["grown activity"] = Sample(values["activity"], users.ACTIVITY.encode, users.ACTIVITY.decode)
    return kept | _of_limits() | _by_kind()


def _by_kind() -> dict[str, Sample]:
    return {
        f"{kind} {name}": sample
        for kind, found in (
            ("mail", _mail()),
            ("mail", _joining()),
            ("part", _parts()),
            ("turn", _turns()),
            ("campaigns", _campaigns()),
        )
        for name, sample in found.items()
    }


def named(value: Any) -> Any:
    """A value with its fields by name, as JSON can hold it."""
    if isinstance(value, msgspec.Struct):
        return {name: named(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, dict):
        return {str(key): named(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [named(each) for each in value]
    return value.hex() if isinstance(value, bytes) else value


def index(table: Table[Any], value: Any) -> list[str]:
    """The timer entries of a value, as they stand in a folder."""
    dues = table.dues(value) if table.dues is not None else ()
    return sorted(index_key(due_ms, table.prefix + b"key").hex() for due_ms in dues)


def stored() -> dict[str, Any]:
    """What the file holds."""
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    return found


def main() -> None:
    """Add what is not there yet; the index entries of tables are those of this layout."""
    found = stored()
    for name, sample in samples().items():
        entry = {"bytes": sample.encode(sample.value).hex(), "fields": named(sample.value)}
        found.setdefault(name, entry)
    entries = {table.name: index(table, samples()[f"table {table.name}"].value) for table in TABLES}
    found[f"layout {LAYOUT}"] = entries | found.get(f"layout {LAYOUT}", {})
    FILE.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
