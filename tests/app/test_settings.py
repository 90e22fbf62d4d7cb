"""Settings: read whole, refused whole, and never a secret in what is said."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.setting_values import Address, duration_ms, format_duration
from app.settings import (
    DecidingSettings,
    Settings,
    SettingsError,
    load_settings,
    named_kafka,
    select_pure_python_faust,
)

CONTRACT = """
zone: Europe/Paris
partitions: 4
partitioner: crc32
caps: [{max: 3, per: day}, {max: 1, per: 4h}]
throttle: {max: 100000, every: 15m}
max_lateness: 90s
content: {allow: ["api.example"]}
geoip: data/city.mmdb
push: {amplify: true, impressions: true, android: {channels: [cart, offers], channel_required: true},
  ios: {categories: {CART: [buy, later]}}}
test_users: [u1]
providers:
  fcm: {project: shop, credentials: secrets/fcm.json, url: "http://127.0.0.1:9090"}
  apns: {team: T, key_id: K, key: secrets/apns.p8, topic: com.example.shop,
    url: "https://127.0.0.1:2197", ca: secrets/ca.pem}
  webpush: {subject: "mailto:ops@example.com", key: secrets/vapid.pem, allow: ["127.0.0.1"]}
  email: {url: "smtp://127.0.0.1:1025", from: alerts@example.com}
"""

NO_DURATION = "is not a duration; write a whole number and a unit, as 90s, 10m, 4h or 30d"
NO_WINDOW = "is neither 'day', the calendar day of the user, nor a duration as 4h or 30d"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load(folder: Path, text: str, **environ: str) -> Settings:
    path = folder / "conf" / "app.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return load_settings({"CARILLON_SETTINGS": str(path), **environ})


def problems(folder: Path, text: str, **environ: str) -> dict[str, str]:
    with pytest.raises(SettingsError) as refused:
        load(folder, text, **environ)
    return {each.path.removeprefix(f"{folder}/conf/"): each.message for each in refused.value.problems}


def test_an_empty_environment_gives_the_defaults(folder: Path) -> None:
    settings = load_settings({"PATH": "/bin", "CARILLON_KAFKA": ""})
    assert settings.kafka == "127.0.0.1:19092"
    assert (settings.app, settings.events, settings.clock) == ("carillon", "events", "wall")
    assert settings.data == Path(".carillon/state")
    assert settings.web == Address("127.0.0.1", 6066)
    assert (settings.zone, settings.partitions, settings.partitioner) == ("UTC", 8, "murmur2")
    assert settings.max_lateness_ms == 3_600_000
    assert settings.caps == ()
    assert settings.not_yet_effective() == []


def test_every_name_of_the_environment_is_read(folder: Path) -> None:
    settings = load_settings(
        {
            "CARILLON_KAFKA": "kafka-1:9092, kafka-2:9092",
            "CARILLON_APP": "shop",
            "CARILLON_EVENTS": "segment.events",
            "CARILLON_DATA": "/var/lib/shop",
            "CARILLON_WEB": "[::1]:7000",
            "CARILLON_CLOCK": "stream",
        }
    )
    assert settings.kafka == "kafka-1:9092,kafka-2:9092"
    assert (settings.app, settings.events, settings.clock) == ("shop", "segment.events", "stream")
    assert settings.data == Path("/var/lib/shop")
    assert settings.web == Address("::1", 7000)
    assert str(settings.web) == "[::1]:7000"


def test_every_key_of_the_contract_is_read(folder: Path) -> None:
    settings = load(folder, CONTRACT)
    assert [(cap.max, cap.per_ms) for cap in settings.caps] == [(3, None), (1, 14_400_000)]
    assert settings.throttle is not None
    assert settings.throttle.every_ms == 900_000
    assert settings.max_lateness_ms == 90_000
    assert settings.push.android.channels == ("cart", "offers")
    assert settings.push.ios.categories == {"CART": ("buy", "later")}
    assert settings.providers.fcm is not None
    assert settings.providers.fcm.url == "http://127.0.0.1:9090"
    assert settings.providers.email is not None
    assert settings.providers.email.sender == "alerts@example.com"


def test_paths_are_read_from_the_folder_of_the_file(folder: Path) -> None:
    settings = load(folder, CONTRACT)
    assert settings.geoip == folder / "conf" / "data" / "city.mmdb"
    assert settings.providers.fcm is not None
    assert settings.providers.fcm.credentials == folder / "conf" / "secrets" / "fcm.json"


def test_the_default_file_is_read_where_it_exists(folder: Path) -> None:
    (folder / "carillon.yaml").write_text("zone: Asia/Tokyo\n")
    assert load_settings({}).zone == "Asia/Tokyo"


def test_keys_that_nothing_honours_yet_are_told(folder: Path) -> None:
    assert load(folder, CONTRACT).not_yet_effective() == [
        "content",
        "test_users",
        "push.impressions",
        "push.android.channels",
        "push.android.channel_required",
        "push.ios.categories",
        "providers.apns",
        "providers.webpush",
    ]


def test_all_problems_of_both_come_at_once(folder: Path) -> None:
    # given an environment and a file that are both wrong, when they are read, then every problem is there
    found = problems(
        folder,
        "zone: Europe/Pariss\npartitions: 0\ncaps: [{max: 3, per: days}, {max: true, per: 0s}]\nthrotle: 1\n"
        "push: {android: {chanels: []}}\nmax_lateness: 10\npartitioner: md5\n",
        CARILLON_WEB="6066",
        CARILLON_KAFKAA="x:1",
    )
    assert found == {
        "CARILLON_WEB": "is not an address; write host:port, as 127.0.0.1:6066",
        "CARILLON_KAFKAA": "unknown name; the nearest known one is CARILLON_KAFKA",
        "app.yaml: zone": "is not an IANA zone; the nearest one is 'Europe/Paris'",
        "app.yaml: partitions": "Input should be greater than or equal to 1",
        "app.yaml: partitioner": "Input should be 'murmur2' or 'crc32'",
        "app.yaml: caps[0].per": NO_WINDOW,
        "app.yaml: caps[1].max": "Input should be a valid integer",
        "app.yaml: caps[1].per": "must be longer than nothing",
        "app.yaml: max_lateness": NO_DURATION,
        "app.yaml: throtle": "unknown key; the nearest known one is 'throttle'",
        "app.yaml: push.android.chanels": "unknown key; the nearest known one is 'channels'",
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CARILLON_KAFKA", "kafka"),
        ("CARILLON_KAFKA", "kafka:99999"),
        ("CARILLON_APP", "Shop"),
        ("CARILLON_APP", "a b"),
        ("CARILLON_EVENTS", "a/b"),
        ("CARILLON_EVENTS", ".."),
        ("CARILLON_CLOCK", "sun"),
        ("CARILLON_web", "127.0.0.1:1"),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(folder: Path, name: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings({name: value})
    assert [each.path for each in refused.value.problems] == [name]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a\n", "must be a mapping of keys to values"),
        ("zone: [\n", "is not YAML"),
        ("zone: UTC\nzone: UTC\n", "duplicate key"),
        ("--- {}\n--- {}\n", "is not YAML"),
    ],
)
def test_a_file_that_is_no_mapping_is_refused(folder: Path, text: str, said: str) -> None:
    assert said in " ".join(problems(folder, text).values())


def test_a_file_that_is_named_must_exist(folder: Path) -> None:
    with pytest.raises(SettingsError, match=r"gone.yaml: cannot be read: No such file"):
        load_settings({"CARILLON_SETTINGS": "gone.yaml"})


def test_yaml_is_version_1_2(folder: Path) -> None:
    assert load(folder, "test_users: [NO, on, y]\n").test_users == ("NO", "on", "y")


@pytest.mark.parametrize(
    "text",
    [
        'providers: {fcm: {project: p, credentials: "{\\"private_key\\": \\"hush\\"}"}}',
        'providers: {webpush: {subject: "mailto:a@b", key: "-----BEGIN hush-----"}}',
        'providers: {email: {url: "http://u:hush@mail", from: a}}',
        'providers: {email: {url: "smtp://u:hush@mail:port", from: a}}',
        "providers: {fcm: {project: p, credentials: [hush]}}",
        "providers: {fcm: {project: p, key: hush, credentials: f}}",
        "providers: {fcm: {project: p, credentials: hush hush: }",
    ],
)
def test_an_error_never_repeats_a_secret(folder: Path, text: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load(folder, text)
    assert "hush" not in str(refused.value)
    assert "hush" not in repr(refused.value)


def test_a_password_is_not_shown(folder: Path) -> None:
    # given a password in an address, when it is read, then it is refused, says where it belongs, and is not repeated
    found = problems(folder, 'providers: {email: {url: "smtp://u:hush@mail:25", from: a@b.example}}')
    assert "`credentials`" in str(found)
    assert "hush" not in str(found)
    assert "hush" not in repr(found)


@pytest.mark.parametrize("sender", ["a", "a@b@c", "two words", '"a@b.example\\nBcc: x@y.example"'])
def test_a_sender_must_be_an_address(folder: Path, sender: str) -> None:
    assert "providers.email.from" in str(
        problems(folder, f'providers: {{email: {{url: "smtp://mail", from: {sender}}}}}')
    )


def test_settings_cannot_be_changed(folder: Path) -> None:
    settings = load(folder, CONTRACT)
    with pytest.raises(ValueError, match="frozen"):
        settings.zone = "UTC"  # type: ignore[misc]
    with pytest.raises(TypeError):
        settings.push.ios.categories["X"] = ()  # type: ignore[index]


def test_what_decides_survives_the_way_through_kafka(folder: Path) -> None:
    # given settings, when the deciding part is written and read
    deciding = load(folder, CONTRACT).deciding
    again = DecidingSettings.from_json(deciding.to_json())
    # then it is the same, spelt as the file spells it, and no other setting is in it
    assert again == deciding
    assert again.to_json() == deciding.to_json()
    assert b'"caps":[{"max":3,"per":"day"},{"max":1,"per":"4h"}],"max_lateness":"90s"' in deciding.to_json()
    assert b"secrets" not in deciding.to_json()


@pytest.mark.parametrize("raw", [b"{", b"[]", b'{"zone": "Nowhere"}', b'{"partitions": 8}'])
def test_what_decides_is_checked_when_it_is_read(raw: bytes) -> None:
    with pytest.raises(SettingsError):
        DecidingSettings.from_json(raw)


@given(st.integers(0, 10_000), st.sampled_from("smhd"))
def test_a_duration_reads_back_as_itself(count: int, unit: str) -> None:
    length_ms = duration_ms(f"{count}{unit}")
    assert duration_ms(format_duration(length_ms)) == length_ms


@pytest.mark.parametrize(
    "wrong", ["10", "m", "1.5h", "-1m", "10 m", "10M", "", 10, None, True, "36501d", "\u0661m"]
)
def test_what_is_no_duration_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match="is"):
        duration_ms(wrong)


def test_kafka_is_named_or_not() -> None:
    assert named_kafka({"CARILLON_KAFKA": "k:1"}) == "k:1"
    assert named_kafka({}) is None


def test_faust_is_told_before_it_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_CYTHON", raising=False)
    select_pure_python_faust()
    assert "NO_CYTHON" in dict(os.environ.items())  # noqa: TID251  what was set is what is tested
