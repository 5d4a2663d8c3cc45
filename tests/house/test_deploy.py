"""The files of deploy/, as far as they can be checked without an engine: commands, settings, metrics."""

from __future__ import annotations

import configparser
import json
import re
from pathlib import Path
from typing import Any, cast

import click
import pytest
import yaml

from bot import metrics
from bot.cli import main
from bot.settings import PREFIX, Settings

DEPLOY = Path(__file__).parents[2] / "deploy"
FILES = sorted(path for path in DEPLOY.iterdir() if path.is_file())
COMPOSE = ("compose.yml", "compose.scale.yml")
FOR_COMPOSE_ALONE = {"OFFRAMP_DOMAIN"}


def load(name: str) -> dict[str, Any]:
    return cast("dict[str, Any]", yaml.safe_load((DEPLOY / name).read_text("utf-8")))


def find_command(words: list[str]) -> click.Command | None:
    command: click.Command = main
    for word in words:
        if not isinstance(command, click.Group):
            break
        found = command.commands.get(word)
        if found is None:
            return None
        command = found
    return command


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_setting_that_is_named_exists(path: Path) -> None:
    for name in set(re.findall(rf"\b{PREFIX}[A-Z_]+\b", path.read_text("utf-8"))) - FOR_COMPOSE_ALONE:
        assert name.removeprefix(PREFIX).lower() in Settings.model_fields, f"{path.name}: {name}"


@pytest.mark.parametrize("name", ["README.md", "offramp.service"])
def test_every_command_that_is_named_exists(name: str) -> None:
    named = re.findall(r"(?:`|^|/bin/)offramp ([a-z ]+)", (DEPLOY / name).read_text("utf-8"), re.MULTILINE)
    assert named
    for words in named:
        assert find_command(words.split()) is not None, f"{name}: offramp {words}"


@pytest.mark.parametrize("name", COMPOSE)
def test_each_service_runs_a_command_that_exists_and_mounts_volumes_that_exist(name: str) -> None:
    compose = load(name)
    ours = {key: service for key, service in compose["services"].items() if service["image"] == "offramp"}
    assert ours
    for service in compose["services"].values():
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            assert source.startswith("./") or source in compose["volumes"]
            if source.startswith("./"):
                assert (DEPLOY / source).is_file()
    for key, service in ours.items():
        assert service["read_only"] is True, key
        assert (DEPLOY.parent / service["build"]["dockerfile"]).is_file()
        if "entrypoint" not in service:
            words = [word for word in service.get("command", ["run"]) if not word.startswith("-")]
            assert find_command(words) is not None, key


def test_replicas_and_workers_share_one_set_of_settings_and_are_two_each() -> None:
    services = load("compose.scale.yml")["services"]
    assert services["replica"]["environment"] == services["worker"]["environment"]
    assert services["replica"]["environment"]["OFFRAMP_WORKERS"] == "true"
    assert [services[name]["deploy"]["replicas"] for name in ("replica", "worker")] == [2, 2]


def test_the_image_runs_as_nobody_in_particular_and_says_whether_it_is_well() -> None:
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    steps = re.findall(r"^([A-Z]+) (.*)$", text, re.MULTILINE)
    names = [name for name, _ in steps]
    assert names.count("FROM") == 2
    assert dict(steps)["USER"] == "offramp"
    assert "HEALTHCHECK" in names
    copied = [
        source
        for name, rest in steps
        if name == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    ]
    assert {"bot", "memory", "coaching", "prompts", "requirements.lock"} <= set(copied)
    allowed = (DEPLOY.parent / ".dockerignore").read_text("utf-8").splitlines()
    for source in copied:
        assert (DEPLOY.parent / source).exists(), source
        assert f"!{source}" in allowed, source
    # what changes seldom comes first, so that its layers are kept
    assert text.index("torch==") < text.index("COPY pyproject.toml") < text.index("COPY bot bot")


def test_the_unit_is_hardened() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[method-assign,assignment]  # systemd's names have capitals
    unit.read(DEPLOY / "offramp.service", "utf-8")
    assert set(unit.sections()) == {"Unit", "Service", "Install"}
    service = unit["Service"]
    assert (service["DynamicUser"], service["ProtectSystem"], service["NoNewPrivileges"]) == (
        "yes",
        "strict",
        "yes",
    )


def metric_names() -> set[str]:
    families = [family.name for family in metrics.REGISTRY.collect()]
    return {f"{name}{end}" for name in families for end in ("", "_total", "_bucket", "_count", "_sum")}


@pytest.mark.parametrize("name", ["alerts.yml", "dashboard.json"])
def test_every_metric_that_is_watched_is_measured(name: str) -> None:
    watched = set(re.findall(r"\bofframp_[a-z_]+\b", (DEPLOY / name).read_text("utf-8")))
    assert watched
    assert watched <= metric_names()


def test_every_alarm_is_explained() -> None:
    page = (DEPLOY / "README.md").read_text("utf-8")
    for group in load("alerts.yml")["groups"]:
        for rule in group["rules"]:
            assert rule["expr"]
            assert f"| {rule['alert']} |" in page


def test_the_dashboard_and_what_prometheus_scrapes_can_be_read() -> None:
    dashboard = json.loads((DEPLOY / "dashboard.json").read_text("utf-8"))
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    scraped = load("prometheus.yml")
    assert all((DEPLOY / name).is_file() for name in scraped["rule_files"])
    services = load("compose.scale.yml")["services"]
    assert set(scraped["scrape_configs"][0]["dns_sd_configs"][0]["names"]) <= set(services)
