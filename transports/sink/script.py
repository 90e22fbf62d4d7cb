"""Scripted failures: rules that say how the sink answers requests it would have accepted.

    {"service": "fcm", "token": "dead-*", "status": 404}
    {"service": "fcm", "first": 2, "status": 503, "headers": {"Retry-After": "1"}}
    {"token": "slow", "delay": "12s"}
    {"token": "silent", "no_answer": true}

service    fcm, or fcm-token for the token endpoint (its `token` is the account); left out: every service
token      a glob (fnmatch: * ? [..], case matters) over the device's token; left out: every token
first      only the first n requests of each matching token; left out: all
status     left out: the answer that the request would have had
headers    added to the answer
body       JSON or text; left out: what the service most likely says with that status
delay      300ms, 2s, 1m: how long the answer waits
no_answer  the request is held open until its caller leaves; with `delay`: the connection is cut after it

The first rule that matches decides. A request that the sink refuses by itself is no rule's business.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import translate
from typing import Any

import msgspec

ANY = "*"
COUNTED_TOKENS = 200_000  # a rule with `first` forgets the tokens it has not counted for longest
_DELAY = re.compile(r"(\d{1,7})(ms|s|m)", re.ASCII)
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0}


class ScriptError(Exception):
    """A script that cannot be read: says where and why."""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule as it is written; see the module's text."""

    service: str = ANY
    token: str = ANY
    first: int | None = None
    status: int | None = None
    headers: dict[str, str] = {}
    body: Any = None
    delay: str | None = None
    no_answer: bool = False


class Action(msgspec.Struct, frozen=True):
    """What a rule makes of a request. `delay_s` None is no delay, `body` None the service's own."""

    status: int | None
    headers: dict[str, str]
    body: bytes | None
    delay_s: float | None
    no_answer: bool


class Script:
    """The rules in force, and how often each has answered each token."""

    def __init__(self) -> None:
        self._rules: list[_Live] = []

    def extend(self, raw: bytes) -> int:
        """Add one rule or a list, after those in force; all or none. Returns how many are in force."""
        self._rules += [_Live(rule) for rule in read(raw)]
        return len(self._rules)

    def clear(self) -> None:
        """Forget every rule and every count."""
        self._rules = []

    def next(self, service: str, token: str) -> Action | None:
        """Return what becomes of this request, None where no rule matches; counts it."""
        for rule in self._rules:
            if rule.takes(service, token):
                return rule.action
        return None


class _Live:
    """A rule, compiled, with its counts."""

    def __init__(self, rule: Rule) -> None:
        self.action = Action(rule.status, rule.headers, _body(rule.body), delay_s(rule.delay), rule.no_answer)
        self._service = rule.service
        self._token = re.compile(translate(rule.token))
        self._first = rule.first
        self._counts: dict[str, int] = {}

    def takes(self, service: str, token: str) -> bool:
        """Whether this request is the rule's; if so it is counted."""
        if self._service not in (ANY, service) or not self._token.match(token):
            return False
        return self._first is None or self._count(token, self._first)

    def _count(self, token: str, first: int) -> bool:
        count = self._counts.get(token, 0)
        if count >= first:
            return False
        self._counts[token] = count + 1
        if len(self._counts) > COUNTED_TOKENS:
            del self._counts[next(iter(self._counts))]
        return True


def read(raw: bytes) -> Sequence[Rule]:
    """Read one rule or a list of them. Raises ScriptError."""
    try:
        rules = msgspec.json.decode(raw, type=list[Rule] | Rule)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ScriptError(str(error)) from None
    rules = rules if isinstance(rules, list) else [rules]
    for position, rule in enumerate(rules):
        problem = _problem(rule)
        if problem is not None:
            raise ScriptError(f"rule {position}: {problem}")
    return rules


def delay_s(written: str | None) -> float | None:
    """Read `300ms`, `2s` or `1m` as seconds; None stays None. Raises ValueError."""
    if written is None:
        return None
    found = _DELAY.fullmatch(written)
    if found is None:
        raise ValueError("is not a delay; write 300ms, 2s or 1m")
    return int(found[1]) * _UNIT_S[found[2]]


def _problem(rule: Rule) -> str | None:
    """What is wrong with a rule that has the right form."""
    if rule.status is not None and not 200 <= rule.status <= 599:  # noqa: PLR2004 - HTTP's own range
        return "`status` is from 200 to 599"
    if rule.first is not None and rule.first < 1:
        return "`first` is 1 or more"
    if any(ch in text for pair in rule.headers.items() for text in pair for ch in "\r\n\0"):
        return "`headers` are single lines"
    try:
        delay_s(rule.delay)
    except ValueError as error:
        return f"`delay` {error}"
    return None


def _body(value: Any) -> bytes | None:
    if value is None:
        return None
    return value.encode() if isinstance(value, str) else msgspec.json.encode(value)
