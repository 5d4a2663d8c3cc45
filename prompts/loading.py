"""Reads the packaged TOML files, once each."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources
from typing import Any


class PromptError(ValueError):
    """A file under prompts/ does not say what it must."""


@cache
def load_toml(path: str) -> dict[str, Any]:
    """The parsed file at ``path`` inside ``prompts/``, such as ``"texts/zh.toml"``.

    Raises:
        PromptError: the file is not there or is not TOML; the message names it.
    """
    try:
        return tomllib.loads(resources.files("prompts").joinpath(path).read_text("utf-8"))
    except FileNotFoundError as error:
        raise PromptError(f"prompts/{path} is missing") from error
    except tomllib.TOMLDecodeError as error:
        raise PromptError(f"prompts/{path}: {error}") from error


@cache
def load_pattern(name: str) -> re.Pattern[str]:
    """The signs under a dotted name of ``playbook/cues.toml``, as one pattern that ignores letter case.

    Raises:
        PromptError: there is no such name.
    """
    section, _, key = name.partition(".")
    try:
        return re.compile("|".join(load_toml("playbook/cues.toml")[section][key]), re.IGNORECASE)
    except KeyError as error:
        raise PromptError(f"prompts/playbook/cues.toml has no {name}") from error
