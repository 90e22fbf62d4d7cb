"""`limits` of a campaign file: how many it may reach, whether caps hold, who is compared with (C023-C033, C159)."""

from __future__ import annotations

import re
from typing import NamedTuple

from app.domain.files import meant
from app.domain.files.meant import asked
from app.domain.files.section import Section, described
from app.domain.model.campaign import Limits

SUPPORTED = frozenset({"total", "daily", "per_user", "ignore_caps", "caps_count", "control"})
OF_RUNS = frozenset({"run", "safety"})
MOST = 1_000_000_000
SHARE = re.compile(r"([0-9]{1,2})(?:\.([0-9]{1,2}))?%", re.ASCII)


class LimitsSection(NamedTuple):
    """What the section says; `limits` None where nothing is limited."""

    limits: Limits | None = None
    ignore_caps: bool = False
    caps_count: bool = True
    control: int = 0


def read_limits(section: Section) -> LimitsSection:
    """The section `limits` of a campaign with a live trigger."""
    given = section.section("limits", "as in limits: {total: 1000}")
    if given is None:
        return LimitsSection()
    for key in sorted(OF_RUNS & given.values.keys()):
        given.refuse(key, f"limits.{key} is for campaigns with `at` or `every`", "did you mean limits.daily?")
    live = {key: value for key, value in given.values.items() if key not in OF_RUNS}
    limits = Section(live, given.path, given.problems)
    limits.only(SUPPORTED, frozenset())
    found = Limits(_number(limits, "total"), _number(limits, "daily"), _number(limits, "per_user"))
    if found.total is not None and found.daily is not None and found.daily > found.total:
        limits.refuse(
            "daily",
            f"{found.daily} a day are more than limits.total, {found.total} in all",
            "it must be less",
        )
    return LimitsSection(
        None if found == Limits() else found,
        limits.flag("ignore_caps", default=False),
        limits.flag("caps_count", default=True),
        _control(limits),
    )


def _number(section: Section, key: str) -> int | None:
    """A number of users, or of messages to one."""
    value = section.values.get(key)
    if value is None or (type(value) is int and 1 <= value <= MOST):
        return value
    hint = "leave it out for no limit; end or pause the campaign to send nothing" if value == 0 else ""
    section.refuse(key, f"must be a whole number from 1 on, not {described(value)}", hint)
    return None


def _control(section: Section) -> int:
    """`limits.control`, in users of 10,000 (C159)."""
    share = section.values.get("control")
    if share is None:
        return 0
    found = SHARE.fullmatch(share) if isinstance(share, str) else None
    if found is None:
        hint = asked(meant.share(share), "below 100%, as in 5% or 2.5%")
        section.refuse("control", f"{described(share)} is no share", hint)
        return 0
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))
