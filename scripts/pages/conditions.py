"""The conditions of `campaigns.md`: what may stand under `who`, with an example of each that a test reads."""

from __future__ import annotations

from app.domain.files import conditions
from app.domain.rules.history import DAY_MS, EXACT, LONGEST_MS
from app.domain.rules.who import FIELDS
from scripts.pages.markdown import block, code, codes, table

SEGMENT = """
segment: platinum
all:
  - {did: purchase, times: {at_least: 5}, within: 90d}
  - none: [{segment: staff}]
"""
WHO = """
who:
  - any:
      - {user: country, in: [FR, BE]}
      - none:
          - {user: plan, is: free}
  - {user: signed_up, in_last: 30d}
  - {did: purchase, times: {exactly: 0}}
  - {device: {os: android, app_version: {gte: "3.2.0"}}}
"""
CONDITIONS = {
    "user": (
        "{user: country, is: US}",
        "a trait that compares so: one or more operators, all of which must hold",
    ),
    "did": (
        "{did: purchase, where: {total: {gte: 50}}, times: {at_least: 2}, within: 30d}",
        "users who did this so often (`at_least`, `at_most`, `exactly`; left out: at least once) within this time up "
        "to now, or ever; `exactly: 0` is never. `first` and `last` ask about the first and the last time ever: "
        "`first: in_last 7d`, `last: {before: 2026-11-23}`",
    ),
    "near": (
        '{near: {km: 25, of: [[48.85, 2.35]], cities: [Lyon, "Paris, TX, US"]}}',
        "a last position (`context.location`) so near to one of the points (latitude, longitude) or to the "
        "centre of one of the cities; one of the two lists may be left out",
    ),
    "device": (
        '{device: {os: android, app_version: {gte: "3.2.0"}}}',
        f"devices with these fields, all at once: {codes(FIELDS)}; `make` is another name of `manufacturer`",
    ),
    "push": ("{push: allowed}", "devices with this push status: `ask`, `allowed`, `blocked`"),
    "push_last_session": (
        "{push_last_session: ask}",
        "the device with which the app was opened last, if it has this status; before the first `App Opened` the one "
        "that spoke last",
    ),
    "reachable": ("{reachable: true}", "devices that a push can be sent to now"),
    "segment": ("{segment: platinum}", "whatever the saved segment says, in the version that is in force"),
}
DEVICES = """
**Devices.** `device`, `push`, `push_last_session` and `reachable` hold for a device: a condition is asked of
the user with each of their devices, the user qualifies where it holds for one, and the push goes to those for
which it holds. A user without devices is asked once, without one. A value that is missing makes a comparison
false, so `none` around it holds; a value of another type never matches.
"""
CITIES = """
**Cities** are those of GeoNames (geonames.org, CC BY 4.0) with 15,000 people or more, by any of their names, with or
without accents:
`Paris`, `Paris, TX, US`, or `{city: Paris, country: US, region: TX}`; the region is GeoNames' code, in the United
States that of the state. A name alone means the city that has ten times as many people as any other of that name;
where none has, the file is refused and the candidates are named. `campaign check` says where each city is.
Coordinates are stored when the file is applied: a newer list of cities changes no campaign.
"""
TRAITS = """
**Traits that are worked out.** `age`: from `birthday` where that is a date, on the user's calendar, else the
trait. `gender`: in lower case; `m` and `f` are `male` and `female`. `country` and `language`: ISO codes; names
in English and locales are accepted, in files and in traits. `country`, `region`, `city`: the trait, else the
place of the last address, where a `geoip` database is set. `language` and `timezone`: the trait, else what the
device said last.
"""
PAST = f"""
**Past behaviour** is counted from the moment at which a version of a campaign (a draft's too) or a saved
segment asks about it; `campaign backfill` reads what came before out of the retained events. `apply` and
`schedule` say from when on a condition is counted and how far back the log reaches; with `--backfill` they count
it before the campaign is scheduled. Counting twice changes nothing. A count includes the event that triggers,
and events that come late. The total and the first and last time are exact. `within`, at
most {LONGEST_MS // DAY_MS}d, is exact for counts below {EXACT}; a count of {EXACT} or more may be too high by
what happened on the (UTC) day in which the time begins.
"""
SAVED = """
**Saved segments** are documents of their own, `segment: name` with a condition beside it, applied as campaigns
are. They may refer to one another, but not in a circle.
"""


def told() -> list[str | list[str]]:
    """The paragraphs."""
    rows = [(code(name), code(CONDITIONS[name][0]), CONDITIONS[name][1]) for name in conditions.READERS]
    return [
        "Under `who` a condition is a map that begins with one of the words below, or a group of conditions: "
        f"{codes(conditions.GROUPS)}. Under `where` it is a map from properties to a value or to operators.",
        table(("condition", "as in", "holds for"), rows),
        block("yaml", WHO),
        *(" ".join(text.split()) for text in (DEVICES, TRAITS, CITIES, PAST, SAVED)),
        block("yaml", SEGMENT),
    ]
