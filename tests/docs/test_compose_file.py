"""`docker/`: as much of it as can be checked without a container engine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from app.settings import load_settings

CHECKOUT = Path(__file__).parents[2]
DOCKER = CHECKOUT / "docker"
TOP = {"name", "services", "networks", "volumes", "configs", "secrets", "include"}
SERVICE = {
    "image", "build", "command", "entrypoint", "environment", "env_file", "hostname", "volumes", "ports", "networks",
    "depends_on", "healthcheck", "restart", "stop_grace_period", "stop_signal", "profiles", "user", "deploy", "init",
    "read_only", "ulimits", "labels", "expose", "secrets", "configs", "logging",
}  # fmt: skip
HEALTHCHECK = {"test", "interval", "timeout", "retries", "start_period", "start_interval", "disable"}
BROKERS = ("kafka-1", "kafka-2", "kafka-3")
WORKERS = ("worker-1", "worker-2", "worker-3", "worker-4")
RUNS_ONCE = "setup"
SAFE = {
    "KAFKA_DEFAULT_REPLICATION_FACTOR": "3",
    "KAFKA_MIN_INSYNC_REPLICAS": "2",
    "KAFKA_UNCLEAN_LEADER_ELECTION_ENABLE": "false",
    "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "3",
    "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "3",
    "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "2",
    "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
}


def load(path: Path) -> Any:
    return YAML(typ="safe").load(path)


COMPOSE: dict[str, Any] = load(DOCKER / "compose.yaml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def mounts(service: dict[str, Any]) -> list[tuple[str, str]]:
    """(source, target) of each volume of a service."""
    return [(each.split(":")[0], each.split(":")[1]) for each in service.get("volumes", ())]


def test_every_document_is_one_that_its_parser_takes() -> None:
    for path in DOCKER.rglob("*.y*ml"):
        assert load(path), path


def test_its_keys_are_those_of_the_compose_specification() -> None:
    assert {key for key in COMPOSE if not key.startswith("x-")} - TOP == set()
    assert {
        name: service.keys() - SERVICE for name, service in SERVICES.items() if service.keys() - SERVICE
    } == {}
    for service in SERVICES.values():
        assert service.get("healthcheck", {}).keys() - HEALTHCHECK == set()


def test_what_is_mounted_is_declared_or_is_there() -> None:
    named = set()
    for name, service in SERVICES.items():
        for source, _target in mounts(service):
            if source.startswith("."):
                assert (DOCKER / source).exists(), (name, source)
            else:
                named.add(source)
    assert named == COMPOSE["volumes"].keys()
    networks = {network for service in SERVICES.values() for network in service["networks"]}
    assert networks == COMPOSE["networks"].keys()


def test_nobody_shares_a_state_or_a_port() -> None:
    """A broker and a worker have a volume of their own, and every port of the machine is on loopback, once."""
    own = [source for name in (*BROKERS, *WORKERS) for source, _ in mounts(SERVICES[name]) if source == name]
    assert own == [*BROKERS, *WORKERS]
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for port in ports), ports
    assert len({port.split(":")[1] for port in ports}) == len(ports)


def test_whoever_is_waited_for_is_there_and_can_be_seen_to_be_well() -> None:
    for name, service in SERVICES.items():
        for other, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[other], (name, other)
            else:
                assert (other, how["condition"]) == (RUNS_ONCE, "service_completed_successfully")
    assert {name for name, service in SERVICES.items() if "healthcheck" not in service} == {RUNS_ONCE}


def test_images_are_pinned_and_come_without_an_address() -> None:
    for name, service in SERVICES.items():
        assert re.fullmatch(r"[a-z0-9-]+(/[a-z0-9-]+)?:[\w.-]+", service["image"]), name
        assert not service["image"].endswith(":latest"), name
    assert "://" not in re.sub(
        r"http://|PLAINTEXT://|CONTROLLER://", "", (DOCKER / "compose.yaml").read_text()
    )


def test_brokers_keep_three_copies_and_two_of_them_before_an_answer() -> None:
    """What the promises rest on (reliability): replicas, replicas in sync, no unclean leader; each its own number."""
    for number, name in enumerate(BROKERS, 1):
        said = SERVICES[name]["environment"]
        assert said["KAFKA_NODE_ID"] == str(number)
        assert said["KAFKA_ADVERTISED_LISTENERS"] == f"PLAINTEXT://{name}:9092"
        voters = ",".join(f"{n}@{each}:9093" for n, each in enumerate(BROKERS, 1))
        assert said["KAFKA_CONTROLLER_QUORUM_VOTERS"] == voters
        assert said.items() >= SAFE.items()
        assert (name, said["KAFKA_LOG_DIRS"]) in mounts(SERVICES[name])


@pytest.mark.parametrize("name", [RUNS_ONCE, *WORKERS])
def test_the_settings_of_a_worker_are_read(name: str) -> None:
    """Given the environment of compose, with the mounted file where it lies here, then the settings are sound."""
    said = dict(SERVICES[name]["environment"])
    assert ("./carillon.yaml", said["CARILLON_SETTINGS"]) in mounts(SERVICES[name])
    settings = load_settings(said | {"CARILLON_SETTINGS": str(DOCKER / "carillon.yaml")})
    assert settings.kafka.split(",") == [f"{broker}:9092" for broker in BROKERS]
    if name in WORKERS:
        assert (settings.web.host, settings.web.port) == (name, 6066)
        assert (name, said["CARILLON_DATA"]) in mounts(SERVICES[name])
        assert SERVICES[name]["ports"][0].endswith(":6066")
        assert SERVICES[name]["restart"] == "unless-stopped"


def test_prometheus_reads_the_rules_and_asks_the_workers_that_run_by_default() -> None:
    document = load(DOCKER / "prometheus.yml")
    assert [str(DOCKER / file) for file in document["rule_files"]] == [str(DOCKER / "alerts.yml")]
    assert (DOCKER / "alerts.yml").exists()
    (job,) = document["scrape_configs"]
    ours = [f"{name}:6066" for name in WORKERS if "profiles" not in SERVICES[name]]
    assert (job["job_name"], job["static_configs"][0]["targets"]) == ("carillon", ours)
    targets = {target for _, target in mounts(SERVICES["prometheus"])}
    assert {"/etc/prometheus/prometheus.yml", "/etc/prometheus/alerts.yml", "/prometheus"} == targets


def test_grafana_finds_its_source_and_its_dashboards() -> None:
    found = {target: source for source, target in mounts(SERVICES["grafana"])}
    provider = load(DOCKER / "grafana/provisioning/dashboards/carillon.yaml")["providers"][0]
    folder = DOCKER / found[provider["options"]["path"]]
    assert [path.name for path in folder.glob("*.json")] == ["carillon.json"]
    source = load(DOCKER / "grafana/provisioning/datasources/prometheus.yaml")["datasources"][0]
    assert source["url"] == "http://prometheus:9090"
    assert found["/etc/grafana/provisioning"] == "./grafana/provisioning"


def test_the_image_holds_what_a_worker_imports_and_runs_as_nobody_special() -> None:
    text = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
    copied = re.findall(r"^COPY (\S+) ", text, re.M)
    assert set(copied) == {"requirements.txt", "app", "agents", "tables", "transports"}
    assert all((CHECKOUT / each).exists() for each in copied)
    kept = set(
        re.findall(r"^!(\S+)$", (DOCKER / "Dockerfile.dockerignore").read_text(encoding="utf-8"), re.M)
    )
    assert kept == set(copied)
    assert re.search(r"^USER carillon$", text, re.M)
    assert "NO_CYTHON=1" in text
    version = re.search(r"^FROM python:(\d+\.\d+)-slim$", text, re.M)
    assert version
    assert f'requires-python = ">={version[1]}"' in (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")
