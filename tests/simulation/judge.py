"""What a world has come to, set against the independent oracle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from app import wire
from app.domain.model.decision import Decision, Step
from app.turns.watermark import read_source
from tables.inbox import INBOX
from tables.stats import CampaignCounts, Counts
from tables.tokens import HOLDERS
from tests.oracle.verdict import Verdict, judge

if TYPE_CHECKING:
    from tests.simulation.world import World

decode_counts = msgspec.json.Decoder(CampaignCounts).decode


def judge_world(world: World) -> Iterator[str]:
    """Every difference, in words."""
    decisions = [wire.decode_decision(value) for _, value in _once(world, world.topics.decisions)]
    yield from _decided(world, decisions)
    yield from _called(world, decisions)
    yield from _boxed(world, decisions)
    yield from _counted(world, decisions)
    yield from _buried(world)
    yield from _held_tokens(world)
    yield from _stored(world)
    if left := world.witness.unrelayed():
        yield f"E6: {len(left)} messages of outboxes were never relayed: {left[:3]}"


def _once(world: World, topic: str) -> Iterator[tuple[Any, bytes]]:
    """A topic as its readers take it: what is not above its sender's last is a repeat."""
    for number in range(world.plan.partitions):
        seen: dict[str, tuple[int, int]] = {}
        for record in world.broker.part(topic, number).records:
            source = read_source(record.headers)
            if source is not None:
                place = (source.turn, source.place)
                if place <= seen.get(source.sender, (-1, -1)):
                    continue
                seen[source.sender] = place
            yield record, record.value or b""


def _differs(what: str, verdict: Verdict) -> Iterator[str]:
    if not verdict.exact:
        yield (
            f"{what}: missing {sorted(verdict.missing)}, unexpected {sorted(verdict.unexpected)}, "
            f"repeated {dict(verdict.repeated)}"
        )


def _ids(decisions: Sequence[Decision], step: Step) -> list[str]:
    return [decision.message_id for decision in decisions if decision.step is step]


def _decided(world: World, decisions: Sequence[Decision]) -> Iterator[str]:
    """Every qualified message, and how it ended (E1, E4, E6)."""
    ends: dict[str, str] = {}
    for each in world.work.outcomes(world.paused_ms):
        is_paused = _is_late(world, each.campaign, each.message_id, decisions)
        end = "sent" if each.end == "user_cap" and not world.plan.has_caps else each.end
        ends[each.message_id] = "not_live" if is_paused else end
    yield from _differs("E1: qualified", judge(ends, _ids(decisions, Step.QUALIFIED)))
    wanted = [name for name, end in ends.items() if end == "sent"]
    yield from _differs("E1: sent", judge(wanted, _ids(decisions, Step.SENT)))
    wanted = [name for name, end in ends.items() if end in {"user_cap", "not_live"}]
    yield from _differs("E1: dropped", judge(wanted, _ids(decisions, Step.DROPPED)))
    ended = _ids(decisions, Step.ACCEPTED) + _ids(decisions, Step.FAILED)
    yield from _differs("E6: ended", judge(_ids(decisions, Step.SENT), ended))
    boxed = [name for name, end in ends.items() if end == "inbox"]
    boxed += _ids(decisions, Step.FAILED)
    yield from _differs("E1: inbox", judge(boxed, _ids(decisions, Step.INBOX)))


def _is_late(world: World, campaign: str, name: str, decisions: Sequence[Decision]) -> bool:
    """Was it judged once a pause of its campaign was in force? Then it is dropped, though it qualified."""
    in_force_ms = world.paused_ms.get(campaign)
    at_ms = [each.at for each in decisions if each.message_id == name and each.step is Step.QUALIFIED]
    return in_force_ms is not None and bool(at_ms) and at_ms[0] >= in_force_ms


def _called(world: World, decisions: Sequence[Decision]) -> Iterator[str]:
    """Every push that was sent reached the service, or was refused for good; repeats have a reason (E3)."""
    provider, doubts = world.provider, world.witness.doubts
    sent = set(_ids(decisions, Step.SENT))
    shown = {line["message"] for line in provider.received if line["status"] == 200}
    wanted = {name for name in sent if not provider.refuses(name)}
    yield from _differs("E1: shown", judge(wanted, shown))
    for name, count in provider.calls.items():
        allowed = 1 + provider.again.get(name, 0) + doubts.get(name, 0)
        if count > allowed:
            yield f"E3: {name} was called {count} times, where {allowed} have a reason"


def _boxed(world: World, decisions: Sequence[Decision]) -> Iterator[str]:
    journal = world.topics.journal("inbox")
    items = [
        item.message_id
        for number in range(world.plan.partitions)
        for key, value in world.witness.latest[journal, number].items()
        if key[:1] == INBOX.prefix
        for item in INBOX.decode(value).items
    ]
    yield from _differs("E6: inbox items", judge(_ids(decisions, Step.INBOX), items))


def _counted(world: World, decisions: Sequence[Decision]) -> Iterator[str]:
    """The counts that pages show are those of the decisions, and nothing is missing between them (C152)."""
    wanted: dict[str, Counts] = {}
    for decision in decisions:
        wanted.setdefault(decision.campaign, Counts()).add(decision)
    latest = {record.key: value for record, value in _once(world, world.topics.stats)}
    found: dict[str, Counts] = {}
    for value in latest.values():
        told = decode_counts(value)
        found.setdefault(told.campaign, Counts()).merge(told.counts)
    yield from (f"E6: {what}" for what in world.witness.conservation.of_campaigns())
    if wanted != found:
        yield f"E6: counted {found}, where the decisions say {wanted}"
    for campaign, counts in found.items():
        if counts.gap or counts.on_their_way:
            yield f"E6: {campaign}: gap {counts.gap}, on their way {counts.on_their_way}"


def _buried(world: World) -> Iterator[str]:
    """Every record that nobody can decide on is among the dead letters, with reason and offset (E1)."""
    letters = [wire.decode_dead_letter(value) for _, value in _once(world, world.topics.dead_letters)]
    found = Counter((each.partition, each.offset, each.reason) for each in letters)
    wanted = Counter(world.buried)
    if found != wanted:
        yield f"E1: dead letters {dict(found)}, where there must be {dict(wanted)}"


def _held_tokens(world: World) -> Iterator[str]:
    journal = world.topics.journal("tokens")
    found = sorted(
        HOLDERS.decode(value).user
        for number in range(world.plan.partitions)
        for key, value in world.witness.latest[journal, number].items()
        if key[:1] == HOLDERS.prefix
    )
    if found != list(world.work.users):
        yield f"E1: tokens are held by {found}, where {world.work.users} have one"


def _stored(world: World) -> Iterator[str]:
    """What the owners have on disk is what their journals say."""
    for worker in world.workers:
        for actor, number, _partition in worker.partitions():
            folder = world.folder(worker.slot, actor, number)
            journal = world.witness.latest[world.topics.journal(actor), number]
            held = {key: value for key, value in folder.store.values.items() if key[:1] >= b"\x10"}
            wanted = {key: value for key, value in journal.items() if key[:1] >= b"\x10"}
            if held != wanted:
                keys = sorted(k for k in held.keys() | wanted.keys() if held.get(k) != wanted.get(k))
                yield f"E1: the folder of {actor}/{number} differs from its journal in {keys[:3]}"
