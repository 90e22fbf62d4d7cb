"""What stands together in one call of `campaign test`: campaigns, settings and tests of all its files (C163)."""

from __future__ import annotations

from app.domain.model.campaign import Cap
from app.replay.checking import check
from app.replay.scope import Case, Text, read_scope
from app.settings import DecidingSettings

HELLO = 'campaign: hello\nwhen: {event: cart, starts: "2026-11-23T10:00"}\nwhat: {title: Hello, body: You}\n'
BYE = "campaign: bye\nwhen: {event: leave}\nwhat: {title: Bye, body: You}\n"
TEST = """\
test: T
given:
  - {at: "2026-11-23T10:00", user: u1, identify: {}, device: {id: d1, type: android, token: t1}}
  - {at: "2026-11-23T10:00", user: u1, event: cart}
expect: [{user: u1, campaign: hello, at: "2026-11-23T10:00"}]
"""
PARIS = "app: {zone: Europe/Paris, caps: [{max: 2, per: day}]}\n"


def documents(*parts: str) -> str:
    return "---\n".join(parts)


def cases(*texts: str) -> list[Case]:
    found, flaws = read(*texts)
    assert flaws == []
    return found


def read(*texts: str) -> tuple[list[Case], list[str]]:
    files = [Text(f"{number}.yaml", text) for number, text in enumerate(texts)]
    found, flaws = read_scope(files, DecidingSettings(zone="Asia/Tokyo"))
    return found, [f"{flaw.file}: {flaw.problem}" for flaw in flaws]


def test_campaign_settings_and_test_may_stand_in_three_files() -> None:
    """Given each in a file of its own, then they hold together, and times are in the zone of the settings."""
    (case,) = cases(TEST, PARIS, HELLO)
    assert (case.rules.zone, case.rules.caps, case.rules.stream_clock) == ("Europe/Paris", (Cap(2),), True)
    assert [campaign.id for campaign in case.campaigns] == ["hello"]
    assert case.expectations.given[0].at_ms == case.campaigns[0].starts_ms == 1_795_424_400_000
    assert check(case).passed


def test_without_settings_in_the_files_those_of_the_process_hold() -> None:
    (case,) = cases(documents(HELLO, TEST))
    assert case.rules.zone == "Asia/Tokyo"
    assert check(case).passed


def test_a_test_means_the_campaigns_of_its_own_file_unless_it_names_others() -> None:
    named = TEST.replace("given:", "campaigns: [hello, bye]\ngiven:")
    both = cases(documents(HELLO, TEST), documents(BYE, named))
    assert [[campaign.id for campaign in case.campaigns] for case in both] == [["hello"], ["hello", "bye"]]


def test_settings_beside_a_test_hold_for_it() -> None:
    other = HELLO.replace("hello", "other")
    berlin = PARIS.replace("Paris", "Berlin")
    both = cases(documents(PARIS, HELLO, TEST), documents(berlin, other, TEST.replace("hello", "other")))
    assert [case.rules.zone for case in both] == ["Europe/Paris", "Europe/Berlin"]


def test_settings_of_several_files_leave_a_test_without_any_in_doubt() -> None:
    _, flaws = read(PARIS, PARIS, documents(HELLO, TEST))
    assert flaws == [
        "2.yaml: line 5: app: settings stand in 0.yaml, 1.yaml, and none beside this test (add an app document here)"
    ]


def test_every_problem_of_every_file_is_said() -> None:
    _, flaws = read(
        documents("app: {zone: Mars}\n", "app: {}\n", HELLO),
        documents(HELLO, BYE.replace("leave}", "leave, delay: soon}")),
        "test: [\n",
        documents(TEST.replace("identify", "identfy")),
    )
    said = "\n".join(flaws)
    for part in (
        "0.yaml: line 1: app.zone: ",
        "0.yaml: line 3: app: is given twice",
        "1.yaml: line 6: when.delay: 'soon' is no duration",
        "2.yaml: line 2: the document: this is no YAML",
        "3.yaml: line 3: given[0].identfy: unknown key",
    ):
        assert part in said, part


def test_the_same_campaign_in_two_files_is_refused() -> None:
    _, flaws = read(documents(HELLO, TEST), HELLO)
    assert flaws == ["1.yaml: campaign: 'hello' stands in 0.yaml already"]


def test_a_campaign_that_is_not_there_is_named_with_the_nearest() -> None:
    _, flaws = read(
        documents(HELLO, TEST.replace("given:", "campaigns: [helo]\ngiven:").replace("hello", "helo"))
    )
    assert flaws == [
        "0.yaml: line 6: campaigns[0]: there is no campaign 'helo' in these files (did you mean 'hello'?)"
    ]


def test_files_without_a_test_are_refused() -> None:
    _, flaws = read(HELLO)
    assert "there is no test in here" in flaws[0]


REGULAR = "segment: regular\nwho: {did: purchase, times: {at_least: 2}}\n"
FOR_REGULARS = HELLO + "who: {segment: regular}\n"
BOUGHT = '  - {at: "2026-11-23T10:00", user: u1, event: purchase}\n'


def test_a_saved_segment_may_stand_in_a_file_of_its_own() -> None:
    """Given a campaign for those who bought twice, then one purchase is not enough, and two are."""
    once = TEST.replace("given:\n", f"given:\n{BOUGHT}").replace("[{", "[] # {").replace("}]", "}")
    twice = TEST.replace("given:\n", f"given:\n{BOUGHT * 2}")
    found = cases(REGULAR, FOR_REGULARS, documents(once, twice))
    assert [check(case).passed for case in found] == [True, True]


def test_a_segment_that_is_not_there_is_named() -> None:
    _, flaws = read(documents(FOR_REGULARS, TEST), REGULAR.replace("regular", "regulars"))
    assert flaws == ["0.yaml: line 4: who.segment: there is no segment 'regular' (did you mean 'regulars'?)"]


def test_segments_that_go_in_a_circle_are_refused() -> None:
    one, other = "segment: one\nwho: {segment: other}\n", "segment: other\nwho: {segment: one}\n"
    _, flaws = read(one, other, documents(HELLO, TEST))
    circle = "0.yaml: line 2: who.segment: 'one' refers to itself: one -> other -> one (take one of them out)"
    assert circle in flaws
