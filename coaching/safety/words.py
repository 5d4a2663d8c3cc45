"""The fixed words that answer a danger, with the lines of the person's country."""

from __future__ import annotations

from coaching.model import Language, Safety
from coaching.safety.verdict import SafetyVerdict, Why
from prompts import load_toml


def build_crisis_text(verdict: SafetyVerdict, language: Language, country: str | None = None) -> str:
    """The fixed text for a verdict, with the numbers of a country.

    Args:
        verdict: what was heard.
        language: the language to answer in.
        country: ISO 3166 code, or None when it is unknown.

    Raises:
        ValueError: the verdict heard nothing, so there is nothing to say.
    """
    if verdict.level is Safety.NONE:
        raise ValueError("a calm message needs no crisis text")
    texts = load_toml("safety/texts.toml")[language]
    heard = texts["heard"].format(words=verdict.words) if verdict.words else texts["heard_nothing"]
    return str(texts[_text_key(verdict)]).format(heard=heard, **_numbers(language, country)).strip()


def build_return_text(language: Language) -> str:
    """The first words when the person writes again after a crisis message: how they are, and nothing else."""
    return str(load_toml("safety/texts.toml")[language]["back"]).strip()


def build_cleared_text(language: Language, country: str | None = None) -> str:
    """What is said after a clear no, before coaching goes on softly."""
    return (
        str(load_toml("safety/texts.toml")[language]["cleared"]).format(**_numbers(language, country)).strip()
    )


def _text_key(verdict: SafetyVerdict) -> str:
    if verdict.why in (Why.OTHER, Why.GRIEF):
        return verdict.why.value
    if verdict.why is Why.UNCLEAR and verdict.level is not Safety.HARM:
        return "again"
    return verdict.level.value


def _numbers(language: Language, country: str | None) -> dict[str, str]:
    lines = load_toml("safety/lines.toml")
    place = lines.get((country or "").upper()) or lines["unknown"][language]
    return {name: str(place.get(f"{name}_{language}") or place[name]) for name in ("line", "emergency")}
