"""Every setting of a process: `CARILLON_*` names and `carillon.yaml`, checked whole, once, at the start.

A file or an environment with any problem is refused with all of them. This is the only file that knows the
environment. What decides (`DecidingSettings`) goes to Kafka, so that all workers decide alike.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeVar, get_args

import msgspec
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from app import setting_values as kind

PREFIX = "CARILLON_"
DEFAULT_FILE = "carillon.yaml"
M = TypeVar("M", bound="Frozen")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the settings, where it stands, and what was meant."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class SettingsError(Exception):
    """The settings cannot be used. Holds every problem; never a value that may be a secret."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("the settings cannot be used:\n" + "\n".join(f"  {each}" for each in problems))
        self.problems = problems


class Frozen(BaseModel):
    """A part of the settings: no unknown keys, no changes, no values in its errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Cap(Frozen):
    """At most `max` pushes a user; `per_ms` is a rolling window, or None for the user's calendar day."""

    max: kind.Whole
    per_ms: kind.Window = Field(alias="per")


class Throttle(Frozen):
    """At most `max` notifications in each interval."""

    max: kind.Whole
    every_ms: kind.Interval = Field(alias="every")


class AndroidPush(Frozen):
    """What the Android app has: its notification channels."""

    channels: tuple[kind.Text, ...] = ()
    channel_required: kind.Flag = False


class IosPush(Frozen):
    """What the iOS app has: its notification categories and their actions."""

    categories: kind.Lists = Field(default_factory=lambda: MappingProxyType({}))


class Push(Frozen):
    """What holds for every push of the app."""

    amplify: kind.Flag = False
    impressions: kind.Flag = True
    android: AndroidPush = AndroidPush()
    ios: IosPush = Field(default_factory=IosPush)


class DecidingSettings(Frozen):
    """The settings that decide, so that every worker must hold the same. Published to Kafka by `setup`."""

    zone: kind.Zone = "UTC"
    caps: tuple[Cap, ...] = ()
    throttle: Throttle | None = None
    max_lateness_ms: kind.Duration = Field(alias="max_lateness", default=kind.UNITS_MS["h"])
    push: Push = Field(default_factory=Push)

    def to_json(self) -> bytes:
        """Write them as `carillon.yaml` spells them; equal settings give equal bytes."""
        return msgspec.json.encode(self.model_dump(by_alias=True), order="sorted")

    @classmethod
    def from_json(cls, raw: bytes) -> "DecidingSettings":
        """Read what `to_json` wrote. Raises SettingsError."""
        try:
            document = msgspec.json.decode(raw)
        except msgspec.DecodeError as error:
            raise SettingsError([Problem("settings", "are not JSON")]) from error
        return cls.from_mapping(document, "settings")

    @classmethod
    def from_mapping(cls, raw: object, where: str) -> "DecidingSettings":
        """Read them from a parsed document, whose name stands in the problems. Raises SettingsError."""
        problems: list[Problem] = []
        read = _read(cls, raw, f"{where}: ", problems, None)
        if read is None:
            raise SettingsError(problems)
        return read


class Content(Frozen):
    """Hosts that linked content may come from; one that is listed may be internal."""

    allow: tuple[kind.Host, ...] = ()


class Fcm(Frozen):
    """Firebase Cloud Messaging."""

    project: kind.Text
    credentials: kind.SecretFile
    url: kind.HttpUrl | None = None


class Apns(Frozen):
    """Apple Push Notification service."""

    team: kind.Text
    key_id: kind.Text
    key: kind.SecretFile
    topic: kind.Text
    url: kind.HttpUrl | None = None
    ca: kind.Place | None = None


class WebPush(Frozen):
    """Web Push with VAPID."""

    subject: kind.Contact
    key: kind.SecretFile
    allow: tuple[kind.Host, ...] = ()


class Email(Frozen):
    """Alerts by SMTP. `credentials` is a file with user and password, `ca` one with further certificates."""

    url: kind.MailUrl
    sender: kind.MailAddress = Field(alias="from")
    credentials: kind.SecretFile | None = None
    ca: kind.Place | None = None


class Providers(Frozen):
    """The push and mail services that are in use."""

    fcm: Fcm | None = None
    apns: Apns | None = None
    webpush: WebPush | None = None
    email: Email | None = None


class Environment(Frozen):
    """What the `CARILLON_*` names say."""

    model_config = ConfigDict(alias_generator=str.upper)

    kafka: kind.Servers = "127.0.0.1:19092"
    app: kind.TopicPrefix = "carillon"
    events: kind.TopicName = "events"
    data: Path = Path(".carillon/state")
    web: kind.Listen = kind.Address("127.0.0.1", 6066)
    settings_file: Path | None = Field(alias="SETTINGS", default=None)
    clock: Literal["wall", "stream"] = "wall"


class FileSettings(DecidingSettings):
    """What `carillon.yaml` says."""

    partitions: kind.Whole = 8
    partitioner: Literal["murmur2", "crc32"] = "murmur2"
    content: Content = Content()
    geoip: kind.Place | None = None
    test_users: tuple[kind.Text, ...] = ()
    providers: Providers = Providers()


class Settings(Environment, FileSettings):
    """All settings of one process."""

    @property
    def deciding(self) -> DecidingSettings:
        """Return the part that decides."""
        return DecidingSettings.model_construct(
            **{name: getattr(self, name) for name in DecidingSettings.model_fields}
        )

    def not_yet_effective(self) -> list[str]:
        """Return the keys that are set and that nothing honours yet."""
        parts = {
            "content": self.content.allow,
            "test_users": self.test_users,
            "push.impressions": "impressions" in self.push.model_fields_set,
            "push.android.channels": self.push.android.channels,
            "push.android.channel_required": self.push.android.channel_required,
            "push.ios.categories": self.push.ios.categories,
            "providers.apns": self.providers.apns,
            "providers.webpush": self.providers.webpush,
        }
        return [name for name, value in parts.items() if value]


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the environment and the file it names. Raises SettingsError with every problem of both."""
    problems: list[Problem] = []
    named = _named(os.environ if environ is None else environ)
    environment = _read(Environment, named, PREFIX, problems, None)
    raw_file = named.get("SETTINGS")
    path = Path(raw_file or DEFAULT_FILE)
    raw = _load_file(path, problems) if raw_file or path.exists() else {}
    from_file = _read(FileSettings, raw, f"{path}: ", problems, path.parent) if raw is not None else None
    if environment is None or from_file is None:
        raise SettingsError(problems)
    given = environment.model_fields_set | from_file.model_fields_set
    return Settings.model_construct(_fields_set=given, **vars(environment), **vars(from_file))


def named_kafka(environ: Mapping[str, str] | None = None) -> str | None:
    """Return the bootstrap servers that the environment names, or None where it names none."""
    return _named(os.environ if environ is None else environ).get("KAFKA")


def select_pure_python_faust() -> None:
    """Choose Faust's Python path, the only one that our overrides see. Call it before faust is imported."""
    os.environ["NO_CYTHON"] = "1"


def _named(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the `CARILLON_*` names that have a value, without that prefix."""
    ours = {name: value for name, value in environ.items() if name.startswith(PREFIX) and value}
    return {name.removeprefix(PREFIX): value for name, value in ours.items()}


def _load_file(path: Path, problems: list[Problem]) -> Any:
    """Parse the file as YAML 1.2; None, and a problem, where that fails."""
    try:
        return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")) or {}
    except OSError as error:
        problems.append(Problem(str(path), f"cannot be read: {error.strerror}"))
    except UnicodeDecodeError:
        problems.append(Problem(str(path), "is not UTF-8 text"))
    except YAMLError as error:
        mark, what = getattr(error, "problem_mark", None), getattr(error, "problem", None)
        line = f" in line {mark.line + 1}" if mark else ""
        problems.append(Problem(str(path), f"is not YAML{line}: {what or 'cannot be parsed'}"))
    return None


def _read(model: type[M], raw: object, where: str, problems: list[Problem], folder: Path | None) -> M | None:
    try:
        return model.model_validate(raw, context={"folder": folder} if folder else None)
    except ValidationError as error:
        problems += [_problem(model, each, where) for each in error.errors(include_input=False)]
    return None


def _problem(model: type[BaseModel], error: Any, where: str) -> Problem:
    loc, message = error["loc"], error["msg"].removeprefix("Value error, ")
    if error["type"] == "model_type":
        message = "must be a mapping of keys to values"
    if error["type"] == "extra_forbidden":
        nearest = _nearest(str(loc[-1]), _known(_at(model, loc)))
        known = f"unknown name; the nearest known one is {PREFIX}{nearest}"
        message = known if where == PREFIX else f"unknown key; the nearest known one is {nearest!r}"
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).lstrip(".")
    return Problem(where + (path or "the document"), message)


def _nearest(name: str, known: list[str]) -> str:
    by_lower = {each.lower(): each for each in known}
    return by_lower[get_close_matches(name.lower(), by_lower, n=1, cutoff=0.0)[0]]


def _known(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _at(model: type[BaseModel], loc: tuple[int | str, ...]) -> type[BaseModel]:
    """Follow the place of an error down to the model that it happened in."""
    for part in loc[:-1]:
        for name, field in model.model_fields.items():
            if part == (field.alias or name):
                model = _nested(field.annotation) or model
    return model


def _nested(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for arg in get_args(annotation) if (found := _nested(arg))), None)
