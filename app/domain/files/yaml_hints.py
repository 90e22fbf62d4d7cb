"""What to do about text that is no YAML: the traps that people who do not write it every day fall into."""

from __future__ import annotations

import re

_HINTS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), hint)
    for pattern, hint in (
        (r"character '\\t'", "indent with spaces, not with tabs"),
        (r"undefined alias", "text that begins with * goes in quotes"),
        (r"character '(.)'", "text that begins with {0} goes in quotes"),
        (
            r"mapping values are not allowed",
            "a key ends with a colon and a blank, keys of one map begin in one column, and text with a colon and a "
            "blank in it goes in quotes",
        ),
        (
            r"could not find expected ':'",
            "a key ends with a colon and a blank; text of several lines is indented",
        ),
        (r"sequence entries are not allowed", "a list begins on a line of its own, or stands in [ ]"),
        (r"unexpected end of stream", "a quote is not closed"),
        (r"expected ',' or '(.)'", "a bracket is not closed: {0} is missing, or a comma"),
        (
            r"expected <block end>",
            "text that begins with {{, [ or a quote and goes on after it goes in quotes as a whole; keys of one map "
            "begin in one column; or a quote above is not closed",
        ),
        (r"expected the node content", "text that begins with a comma or a bracket goes in quotes"),
        (r"comment or a line break", "text that begins with > or | goes in quotes, or on the next line"),
        (r"escape", "within double quotes a backslash is written twice; single quotes leave it as it is"),
    )
)
BRACES = "text that begins with {{ goes in quotes"
TAG = "text that begins with ! goes in quotes"


def hint_for(problem: str) -> str:
    """What to do, by what the parser says; empty where nothing is known."""
    for pattern, hint in _HINTS:
        found = pattern.search(problem)
        if found is not None:
            return hint.format(*found.groups()) if found.groups() else hint
    return ""
