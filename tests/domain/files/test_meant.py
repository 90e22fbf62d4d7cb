"""What was probably meant: words, durations, times, dates, and that every guess is something that the reader takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.files import meant
from app.domain.files.campaign import ID_FORM
from app.domain.files.durations import LONGEST_MS, read_duration, read_time_of_day
from app.domain.files.limits import SHARE
from app.domain.files.section import read_instant
from app.domain.files.what import COLOR


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (10, "10s"), ("10 m", "10m"), ("10min", "10m"), ("10 minutes", "10m"), ("1h30m", "90m"), ("1h 30m", "90m"),
        ("1 day and 2 hours", "26h"), ("PT10M", "10m"), ("P1DT12H", "36h"), ("2 weeks", "14d"), ("90 S", "90s"),
        ("0 minutes", "0s"), ("soon", None), ("10 moons", None), ("1.5h", None), (True, None),
        ("", None), ("-5m", None),
    ],
)  # fmt: skip
def test_durations(said: object, found: str | None) -> None:
    assert meant.duration(said) == found


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("9:00", "09:00"), ("9pm", "21:00"), ("12 am", "00:00"), ("12pm", "12:00"),
        ("9:30 PM", "21:30"), ("21h30", "21:30"),
        ("21.30", "21:30"), (2100, "21:00"), (9, "09:00"), ("24:00", "00:00"), ("25:00", None), ("21:60", None),
        ("evening", None), (True, None),
    ],
)  # fmt: skip
def test_times_of_day(said: object, found: str | None) -> None:
    assert meant.time_of_day(said) == found


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("23.11.2026", "2026-11-23"), ("11/23/2026", "2026-11-23"), ("3/4/2026", "2026-04-03"),
        ("2026/11/23", "2026-11-23"),
        ("2026-1-5", "2026-01-05"), ("2026-1-5 09:00", "2026-01-05T09:00"), ("31.02.2026", None), ("soon", None),
    ],
)  # fmt: skip
def test_dates(said: object, found: str | None) -> None:
    assert meant.instant(said) == found


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("1 day before", "-1d"), ("-1 day", "-1d"), ("2 hours after", "2h"), ("+ 90 min", "90m"), (-90, "-90s"),
        (3600, "3600s"), ("before", None), ("soon", None), (True, None),
    ],
)  # fmt: skip
def test_offsets(said: object, found: str | None) -> None:
    assert meant.offset(said) == found


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("2 hours", "2h"), ("8pm", '"20:00"'), (2000, '"20:00"'), ("1.12.2026", "2026-12-01"), ("0 minutes", None),
        ("soon", None), (True, None),
    ],
)  # fmt: skip
def test_cut_offs(said: object, found: str | None) -> None:
    assert meant.cut_off(said) == found


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (5, "5%"), ("5", "5%"), ("2.5 %", "2.5%"), (0.05, "5%"), ("10 percent", "10%"), ("0.5 %", "0.5%"),
        (0.125, "12.5%"),
        ("2.555%", "2.56%"), (100, None), (-5, None), ("half", None), (True, None),
    ],
)  # fmt: skip
def test_shares(said: object, found: str | None) -> None:
    assert meant.share(said) == found


def test_flags_ids_and_colors() -> None:
    assert [meant.flag(said) for said in ("yes", "On", "no", "OFF", 1, 0, "TRUE", "maybe")] == [
        "true", "true", "false", "false", "true", "false", "true", None
    ]  # fmt: skip
    assert [meant.campaign_id(said) for said in ("Cart Reminder", "été 2026", "--", "x" * 99)] == [
        "cart-reminder", "t-2026", None, "x" * 64
    ]  # fmt: skip
    assert [meant.color(said) for said in ("#fff", "FF8800", 222222, "red")] == [
        "#ffffff",
        "#ff8800",
        "#222222",
        None,
    ]


@given(
    st.one_of(
        st.text(max_size=20), st.integers(-5, 10**6), st.from_regex(r"[0-9]{1,3} ?[a-z]{1,7}", fullmatch=True)
    )
)
def test_any_guess_is_something_that_the_reader_takes(said: object) -> None:
    duration, clock, at = meant.duration(said), meant.time_of_day(said), meant.instant(said)
    assert (
        duration is None
        or read_duration(duration) is not None
        or int(duration[:-1]) > LONGEST_MS // 86_400_000
    )
    assert clock is None or read_time_of_day(clock) is not None
    assert at is None or read_instant(at, "UTC") is not None
    share, cut_off, offset = meant.share(said), meant.cut_off(said), meant.offset(said)
    assert share is None or SHARE.fullmatch(share)
    assert cut_off is None or cut_off in {duration, at, f'"{clock}"'}
    length = "" if offset is None else offset.removeprefix("-")
    assert not length or read_duration(length) is not None or int(length[:-1]) > LONGEST_MS // 86_400_000
    slug, color = meant.campaign_id(str(said)), meant.color(said)
    assert slug is None or ID_FORM.fullmatch(slug)
    assert color is None or COLOR.fullmatch(color)


KNOWN = (
    "event",
    "where",
    "unless",
    "repeat",
    "delay",
    "to",
    "from",
    "then",
    "ignore_caps",
    "gt",
    "gte",
    "is",
    "is_not",
)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("evnet", "event"), ("Event", "event"), ("ignoreCaps", "ignore_caps"), ("ignore-caps", "ignore_caps"),
        ("ot", "to"),
        ("too", "to"), ("unles", "unless"), ("delays", "delay"), ("isnt", "is_not"), ("zzz", None), ("", None),
    ],
)  # fmt: skip
def test_words(said: str, found: str | None) -> None:
    assert meant.nearest(said, KNOWN) == found


@given(st.text(max_size=12), st.lists(st.text(min_size=1, max_size=12), max_size=6))
def test_any_word_finds_a_known_one_or_none(said: str, known: list[str]) -> None:
    found = meant.nearest(said, known)
    assert found is None or found in known
    assert said not in known or meant.nearest(said, [said]) == said
