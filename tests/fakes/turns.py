"""Turns and scenes for tests that need no journal: one person in Shanghai, on a stopped clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from coaching.language import read_language
from coaching.model import Commitment, Message, Recalled, Role, Scene, Turn, User

if TYPE_CHECKING:
    from coaching.model import Language

SHANGHAI = ZoneInfo("Asia/Shanghai")
WEDNESDAY = datetime(2026, 4, 1, 20, 0, tzinfo=SHANGHAI)


def said(words: str = "", *, at: datetime = WEDNESDAY, **more: object) -> Turn:
    """A turn in the language it is written in."""
    turn = Turn(1, words, read_language(words, fallback="zh"), at)
    return replace(turn, **more)  # type: ignore[arg-type]  # the fields of a Turn


def scene(**more: object) -> Scene:
    """What is known of a new person, and whatever a test adds."""
    return replace(Scene(User(1)), **more)  # type: ignore[arg-type]  # the fields of a Scene


def promised(text: str, on: date, number: int = 1, **more: object) -> Commitment:
    """A commitment that is still open."""
    return replace(Commitment(number, text, on), **more)  # type: ignore[arg-type]  # the fields of it


def remembered(text: str, on: date, number: int = 1, *, score: float = 0.8) -> Recalled:
    """Something they said on a day."""
    language: Language = read_language(text, fallback="zh")
    at = datetime.combine(on, time(12), UTC)
    return Recalled(Message(number, 1, Role.USER, text, language, at, on), score)
