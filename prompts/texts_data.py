"""Fixed texts by key and language: ``texts/zh.toml`` and ``texts/en.toml`` hold the same keys."""

from __future__ import annotations

from typing import Any

from prompts.loading import PromptError, load_toml


def _find(language: str, key: str) -> str | list[str]:
    node: Any = load_toml(f"texts/{language}.toml")
    for name in key.split("."):
        if not isinstance(node, dict) or name not in node:
            raise PromptError(f"prompts/texts/{language}.toml has no {key}")
        node = node[name]
    if isinstance(node, dict):
        raise PromptError(f"prompts/texts/{language}.toml: {key} is a table, not a text")
    return node  # type: ignore[no-any-return]  # TOML leaves are checked by test_texts


def text(key: str, language: str, /, **values: object) -> str:
    """The text under ``key``, its ``{placeholders}`` filled. Filled-in words are never parsed again.

    Raises:
        PromptError: no such key, or a placeholder without a value.
    """
    found = _find(language, key)
    if isinstance(found, list):
        raise PromptError(f"{key} has variants; ask variants()")
    return fill(found, key, values)


def variants(key: str, language: str, /) -> tuple[str, ...]:
    """All wordings under ``key``, for texts that must not sound alike twice."""
    found = _find(language, key)
    return (found,) if isinstance(found, str) else tuple(found)


def fill(template: str, key: str, values: dict[str, object]) -> str:
    """``template`` with its placeholders replaced.

    Raises:
        PromptError: a placeholder has no value; the message names the key.
    """
    try:
        return template.format_map(values)
    except KeyError as error:
        raise PromptError(f"{key} needs a value for {error}") from error


def list_keys(language: str) -> tuple[str, ...]:
    """Every dotted key of a language, sorted."""

    def walk(node: dict[str, Any], prefix: str) -> list[str]:
        keys: list[str] = []
        for name, value in node.items():
            keys += walk(value, f"{prefix}{name}.") if isinstance(value, dict) else [f"{prefix}{name}"]
        return keys

    return tuple(sorted(walk(load_toml(f"texts/{language}.toml"), "")))
