"""`campaigns.md`: the keys of a campaign file, the conditions, the templates, and what is not supported yet."""

from __future__ import annotations

from app.domain.files import campaign, what, when
from app.domain.files.yaml12 import DEEPEST, MOST_CHARACTERS, MOST_VALUES
from app.domain.model.campaign import Missing
from app.domain.model.condition import Operator
from app.domain.rules import liquid_environment as liquid
from app.domain.rules.templates import VARIABLES
from app.domain.rules.versions import FIELDS
from scripts.pages import conditions
from scripts.pages.campaign_keys import DATED, KEYS, WHOLE
from scripts.pages.markdown import block, code, codes, page, table

OPERATORS = {
    Operator.IS: ("text, number, true or false", "equal; a bare value means it"),
    Operator.IS_NOT: ("text, number, true or false", "there, of the same type, and another"),
    Operator.IN: ("list", "one of them"),
    Operator.NOT_IN: ("list", "there, of a type in the list, and none of them"),
    Operator.GT: ("number", "above"),
    Operator.GTE: ("number", "at or above"),
    Operator.LT: ("number", "below"),
    Operator.LTE: ("number", "at or below"),
    Operator.BETWEEN: ("two numbers", "both ends included"),
    Operator.CONTAINS: ("text", "has this part"),
    Operator.STARTS_WITH: ("text", "begins with it"),
    Operator.ENDS_WITH: ("text", "ends with it"),
    Operator.INCLUDES: ("text, number, true or false", "a list that holds it"),
    Operator.BEFORE: ("date", "a date before it; without a zone in the app's"),
    Operator.AFTER: ("date", "a date after it; without a zone in the app's"),
    Operator.IN_LAST: ("duration above zero", "a date within this time up to now"),
    Operator.IS_SET: ("`true`", "there"),
    Operator.IS_NOT_SET: ("`true`", "not there"),
}
NAMES = {
    "user": "the user's traits, and `id`",
    "event": "the properties of the event that triggered, and `name`, its name, where no property has that name",
    "campaign": "`id`, `name`, `message_id`",
    "device": "the device that the push goes to, the first of several: `id`, `os`, `manufacturer`, `model`, versions",
}


def render() -> str:
    """The page."""
    rows = [
        (code(key.path), key.kind, key.default or "must be there", key.meaning, code(key.example))
        for key in KEYS
    ]
    return page(
        "Campaign files",
        "`scripts/pages/campaigns.py` and `scripts/pages/campaign_keys.py`",
        "One campaign a YAML document, YAML 1.2 (`NO` is a country); a file may hold several. A file with any problem "
        "is refused whole, with every problem: its line, its path, what is wrong, what was meant. Durations are a "
        "whole number and `s`, `m`, `h` or `d`, at most ten years. A file has at most "
        f"{MOST_CHARACTERS:,} characters, {MOST_VALUES:,} values, and is nested at most {DEEPEST} deep.",
        "Editors that know JSON Schema complete and check a file by [campaign.schema.json](campaign.schema.json) where "
        "its first line names it: `# yaml-language-server: $schema=docs/reference/campaign.schema.json`. "
        "`campaign check` checks more: templates, links, and what must fit together.",
        "## Keys",
        table(("key", "type", "default", "meaning", "example"), rows),
        "All of them at once:",
        block("yaml", WHOLE),
        "And of a campaign on a date:",
        block("yaml", DATED),
        "## Conditions",
        *conditions.told(),
        table(("operator", "takes", "holds for"), [(code(name), *OPERATORS[name]) for name in Operator]),
        f'A field whose last name is {codes(sorted(FIELDS))} compares as a version: `"3.10.0"` is later than '
        '`"3.9"`.',
        "## Templates",
        "Liquid. A name begins with one of:",
        table(("name", "is"), [(code(name), NAMES[name]) for name in sorted(VARIABLES)]),
        f"One field has at most {liquid.OUTPUT_BYTES:,} bytes; loops run at most {liquid.LOOPS:,} times in all. "
        "`date` writes in the user's zone; `now` is the time of the decision. Tags: "
        f"{codes(tags())}. Filters: {codes(sorted(liquid.environment(Missing.DEFAULT).filters))}.",
        "## Not supported yet",
        "These names are taken. A file that has one is refused, with `not supported yet`:",
        [f"- {line}" for line in not_yet()],
    )


def tags() -> list[str]:
    """What may stand in `{% %}`; the library lists a few more, which are none."""
    known = liquid.environment(Missing.DEFAULT).tags
    return sorted(known.keys() - {"content", "illegal", "output"})


def not_yet() -> list[str]:
    """Every key that is refused as not supported yet, by where it stands, from the reader's tables."""
    return [
        f"in a campaign: {codes(sorted(campaign.NOT_YET))}",
        f"as a document of its own: {codes(campaign.OTHER_DOCUMENTS)}",
        f"in `when`: {codes(sorted(when.NOT_YET))}",
        f"in `what`: {codes(sorted(what.NOT_YET))}",
        f"in `what.android`: {codes(sorted(what.ANDROID_NOT_YET))}",
    ]
