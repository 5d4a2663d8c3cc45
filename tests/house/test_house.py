"""The house keeps its own rules: packages, settings, documents."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from bot.settings import PREFIX, Settings, WrongSettings, find_unknown, load_settings

ROOT = Path(__file__).parents[2]


def test_the_wheel_holds_the_four_packages_and_their_words(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, ROOT],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert tops == {"bot", "memory", "coaching", "prompts"}
    for needed in (
        "prompts/texts/zh.toml",
        "prompts/playbook/ownership.toml",
        "prompts/safety/lexicon.toml",
        "prompts/templates/turn.md",
        "memory/sql/migrations/versions/0001_the_first_journal.py",
    ):
        assert needed in names


def test_every_setting_is_described_here_and_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert f"`{PREFIX}{name.upper()}`" in readme, f"README.md does not name {PREFIX}{name.upper()}"
    for name in re.findall(rf"`({PREFIX}[A-Z_]+)`", readme):
        assert name.removeprefix(PREFIX).lower() in Settings.model_fields, f"{name} is no setting"


def test_a_wrong_setting_is_named_and_its_value_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OFFRAMP_LOG_LEVEL", "canary-secret")
    with pytest.raises(WrongSettings, match="OFFRAMP_LOG_LEVEL") as caught:
        load_settings()
    assert "canary" not in str(caught.value)


def test_an_unknown_setting_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OFFRAMP_EMBEDER", "x")
    assert "OFFRAMP_EMBEDER" in find_unknown()


def test_help_is_quick_because_it_imports_nothing_heavy() -> None:
    listed = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "bot", "--help"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert "offramp" in listed.stdout.lower()
    heavy = {"torch", "chromadb", "sqlalchemy", "sklearn", "numpy", "telegram", "langchain", "pydantic"}
    imported = {line.rpartition("|")[2].strip() for line in listed.stderr.splitlines()}
    assert not imported & heavy


def test_every_command_of_the_readme_exists() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    named = set(re.findall(r"^offramp ([a-z]+)", readme, re.MULTILINE))
    assert named
    for name in named:
        asked = subprocess.run(
            [sys.executable, "-m", "bot", name, "--help"], check=False, capture_output=True, text=True
        )
        assert asked.returncode == 0, f"offramp {name}: {asked.stderr}"


def test_nobody_keeps_a_drawer_for_everything() -> None:
    packages = ("bot", "memory", "coaching", "prompts")
    names = {path.name for package in packages for path in (ROOT / package).rglob("*.py")}
    assert not names & {"utils.py", "helpers.py", "common.py", "misc.py"}
