"""`settings.md`: every setting of a process, from the models that read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import NoneType
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from app import setting_values as kind
from app.settings import DEFAULT_FILE, PREFIX, DecidingSettings, Environment, FileSettings, Settings
from scripts.pages.markdown import block, code, codes, page, table

EXAMPLE = """
zone: Europe/Paris
partitions: 8
partitioner: murmur2
caps: [{max: 3, per: day}, {max: 10, per: 7d}]
throttle: {max: 100000, every: 15m}
max_lateness: 1h
content: {allow: ["api.example"]}
geoip: data/city.mmdb
push:
  amplify: true
  impressions: true
  android: {channels: [cart, offers], channel_required: true}
  ios: {categories: {CART: [buy, later]}}
test_users: [u1]
providers:
  fcm: {project: shop, credentials: secrets/fcm.json, url: "http://127.0.0.1:9090"}
  apns: {team: T, key_id: K, key: secrets/apns.p8, topic: com.example.shop}
  webpush: {subject: "mailto:ops@example.com", key: secrets/vapid.pem}
  email: {url: "smtps://mail.example.com", from: alerts@example.com, credentials: secrets/mail.json, ca: mail.pem}
"""
KINDS: tuple[tuple[Any, str], ...] = (
    (kind.Text, "text"), (kind.Whole, "whole number, from 1"), (kind.Flag, "true or false"),
    (kind.Zone, "IANA time zone"), (kind.Host, "host name or IP address"), (kind.Servers, "`host:port`, with commas"),
    (kind.Listen, "`host:port`"), (kind.TopicPrefix, "lower-case letters, digits, `.`, `_`, `-`; at most 100"),
    (kind.TopicName, "name of a topic"), (kind.HttpUrl, "http or https address"),
    (kind.MailUrl, "smtp or smtps address"), (kind.MailAddress, "e-mail address"),
    (kind.Contact, "mailto or https address"),
    (kind.Interval, "duration above zero"), (kind.Duration, "duration"),
    (kind.Window, "`day` (the user's calendar day), or a duration"), (kind.SecretFile, "path of a secret's file"),
    (kind.Place, "path"), (kind.Lists, "map of lists of text"), (Path, "path"),
)  # fmt: skip
MEANINGS = {
    "zone": "the app's time zone, where neither user nor campaign has one",
    "caps": "how many pushes a user may get over all campaigns; each is `{max, per}`, the strictest wins",
    "caps[].max": "at most so many",
    "caps[].per": "in this time",
    "throttle.max": "at most so many pushes",
    "throttle.every": "in each interval",
    "max_lateness": "an event that comes later than this triggers nothing",
    "push.amplify": "`inbox.fallback` of campaigns that leave it out",
    "push.impressions": "ask devices to report impressions",
    "push.android.channels": "notification channels of the Android app",
    "push.android.channel_required": "refuse campaigns without one",
    "push.ios.categories": "notification categories of the iOS app, and their actions",
    "partitions": "of `events` and all that goes with it; cannot change later",
    "partitioner": "how the producers of `events` hash keys ([events](events.md#keys-and-partitions))",
    "content.allow": "hosts that linked content may come from",
    "geoip": "database of places by IP address, a file in MaxMind's format on every worker; read at the "
    "start, so that a newer one may be written over it at any time and counts from the next start on",
    "test_users": "users that test sends may go to",
    "providers.fcm.project": "project id of Firebase Cloud Messaging",
    "providers.fcm.credentials": "key file of its service account",
    "providers.fcm.url": "where the service is, if not at the provider's own address",
    "providers.apns.team": "Apple Push Notification service: team id",
    "providers.apns.key_id": "id of the signing key",
    "providers.apns.key": "the signing key",
    "providers.apns.topic": "bundle id of the app",
    "providers.apns.url": "where the service is, if not at the provider's own address",
    "providers.apns.ca": "certificate authority of that address",
    "providers.webpush.subject": "whom a push service may write to",
    "providers.webpush.key": "VAPID key",
    "providers.webpush.allow": "hosts of push services that may be internal",
    "providers.email.url": "SMTP server for alerts: `smtps://` with TLS from the start, `smtp://` with STARTTLS "
    "where it is offered; without a user or a password",
    "providers.email.from": "sender of alerts, as `alerts@example.com` or `Alerts <alerts@example.com>`",
    "providers.email.credentials": 'a JSON file `{"user": "...", "password": "..."}`; sent over TLS only',
    "providers.email.ca": "a file with the certificates to trust, where those of the machine are not the right ones",
    "KAFKA": "bootstrap servers",
    "APP": "name; prefix of every topic, group and table of this app",
    "EVENTS": "topic of events",
    "DATA": "state folder; each worker has its own",
    "WEB": "where the worker's pages and API are",
    "SETTINGS": f"path of the settings file; without it `{DEFAULT_FILE}` in the working directory, if there is one",
    "CLOCK": "`stream`: time is what events and ticks say, for replays and tests",
}
UNREAD = frozenset({"push.impressions", "push.android.channels", "push.android.channel_required",
                    "push.ios.categories"})  # fmt: skip
"""Kept and published, and read by nothing so far."""


class Key(NamedTuple):
    """One setting."""

    path: str
    kind: str
    default: str


def render() -> str:
    """The page."""
    deciding = {each.path for each in keys(DecidingSettings)}
    file_rows = [
        (code(each.path), each.kind, code(each.default), _effect(each.path, deciding), MEANINGS[each.path])
        for each in keys(FileSettings)
    ]
    names = [
        (code(PREFIX + each.path), each.kind, code(each.default), MEANINGS[each.path])
        for each in keys(Environment)
    ]
    return page(
        "Settings",
        "`app/settings.py` and `scripts/pages/settings.py`",
        "All are checked at the start, and every problem is named at once; an unknown key or name is one. Durations "
        f"are a whole number and a unit: {codes(f'1{unit}' for unit in reversed(kind.UNITS_MS))}, at most 36500d. "
        "Paths in the file are taken from the file's folder. Secrets stand in files of their own.",
        "## Environment",
        table(("name", "type", "default", "meaning"), names),
        f"## `{DEFAULT_FILE}`",
        "What *decides* is published to Kafka by `setup` and `campaign apply`, so that all workers decide alike; a "
        "worker's own file does not change it. What has *no effect yet* is checked and kept.",
        table(("key", "type", "default", "effect", "meaning"), file_rows),
        "All keys at once:",
        block("yaml", EXAMPLE),
    )


def keys(model: type[BaseModel], before: str = "") -> Iterator[Key]:
    """Every key of a model, in its order, those of nested models below them."""
    hints = get_type_hints(model, include_extras=True)
    for name, field in model.model_fields.items():
        path = f"{before}{field.alias or name}"
        hint = _without_none(hints[name])
        nested = _model_of(hint)
        if nested is None:
            yield Key(path, _kind(hint), _default(field.get_default(call_default_factory=True), path))
        else:
            if get_origin(hint) is tuple:
                yield Key(path, "list of maps", "[]")
            yield from keys(nested, f"{path}[]." if get_origin(hint) is tuple else f"{path}.")


def not_yet(document: Mapping[str, Any]) -> set[str]:
    """What of a whole file has no effect: the paths, or what they begin with."""
    whole = FileSettings.model_validate(document)
    made = Settings.model_construct(**vars(Environment()), **vars(whole))
    return {*made.not_yet_effective(), *UNREAD}


def document() -> Mapping[str, Any]:
    """The example, parsed."""
    from ruamel.yaml import YAML  # noqa: PLC0415 - only for the page

    parsed: Mapping[str, Any] = YAML(typ="safe", pure=True).load(EXAMPLE)
    return parsed


def _effect(path: str, deciding: set[str]) -> str:
    if any(path == each or path.startswith(f"{each}.") for each in not_yet(document())):
        return "no effect yet"
    return "decides" if path in deciding and path != "push.amplify" else "effective"


def _without_none(hint: Any) -> Any:
    parts = [part for part in get_args(hint) if part is not NoneType]
    return parts[0] if NoneType in get_args(hint) and len(parts) == 1 else hint


def _model_of(hint: Any) -> type[BaseModel] | None:
    inner = get_args(hint)[0] if get_origin(hint) is tuple else hint
    return inner if isinstance(inner, type) and issubclass(inner, BaseModel) else None


def _kind(hint: Any) -> str:
    if get_origin(hint) is tuple:
        return f"list of {_kind(get_args(hint)[0])}"
    if get_origin(hint) is Literal:
        return codes(get_args(hint))
    return next(words for known, words in KINDS if known == hint)


def _default(value: Any, path: str) -> str:
    if value is PydanticUndefined:
        return ""
    if path == "max_lateness":
        return kind.format_duration(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[]"
    if isinstance(value, Mapping):
        return "{}"
    return "" if value is None else str(value)
