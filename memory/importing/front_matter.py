"""The block of YAML at the top of a note, read without trusting it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import yaml
from frontmatter.default_handlers import SafeLoader, YAMLHandler

from memory.importing.dates import Day, find_day

if TYPE_CHECKING:
    from collections.abc import Iterator

# The library's own boundary takes white space of any length, over lines, which a long row of dashes makes
# slow.
_HANDLER = YAMLHandler(fm_boundary=re.compile(r"^---[ \t]{0,8}$", re.MULTILINE))
_KEY = re.compile(r"^([\w-]{1,40})[ \t]?:(?:[ \t](.*))?$", re.MULTILINE)
_DATE_KEYS = ("date", "created", "created_at", "createdat", "day", "日期", "published", "updated", "modified")
_TITLE_KEYS = ("title", "标题")
_AUTHOR_KEYS = ("author", "speaker", "authors", "by", "作者")
_MOST_NESTED = 20
_LONGEST = 500  # characters of a title or a name
_GREATEST = 10**18


class _RefusedError(Exception):
    """The YAML holds what no note needs: aliases, or structures without end."""


@dataclass(frozen=True, slots=True)
class Note:
    """A note apart from its front matter.

    Attributes:
        body: the text below the block; all of it when there is none.
        title: what the block names, or empty.
        said_by: the author or speaker the block names, or empty.
        days: the dates the block names, the most telling first.
        broken: there is a block, and it is not valid YAML; title and date were saved where they could be.
    """

    body: str
    title: str = ""
    said_by: str = ""
    days: tuple[Day, ...] = field(default=())
    broken: bool = False


def split_note(text: str, *, most: int) -> Note:
    """Takes the front matter off a note.

    Text between two rules that does not begin with a key is text, and so is a block longer than ``most``
    characters. Aliases are refused before anything is built, so nothing can be made to grow; values are
    read as plain scalars only.
    """
    text = text.lstrip("\n")
    if not _HANDLER.detect(text):
        return Note(text)
    try:
        block, body = _HANDLER.split(text)
    except ValueError:  # never closed
        return Note(text)
    if len(block) > most or not (_KEY.match(block.lstrip()) or not block.strip()):
        return Note(text)
    try:
        values, broken = _load(block), False
    except (yaml.YAMLError, ValueError, RecursionError, _RefusedError):
        values, broken = (
            {match[1].lower(): (match[2] or "").strip(" '\"") for match in _KEY.finditer(block)},
            True,
        )
    return Note(
        body=body,
        title=_first_text(values, _TITLE_KEYS),
        said_by=_first_text(values, _AUTHOR_KEYS),
        days=tuple(day for key in _DATE_KEYS for day in _find_days(values.get(key))),
        broken=broken,
    )


def _load(block: str) -> dict[str, Any]:
    depth = 0
    for event in yaml.parse(block, Loader=SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent) or depth > _MOST_NESTED:
            raise _RefusedError
    values = _HANDLER.load(block)
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise _RefusedError
    return {key.lower(): value for key, value in values.items() if isinstance(key, str)}


def _first_text(values: dict[str, Any], keys: tuple[str, ...]) -> str:
    for key in keys:
        value = values.get(key)
        parts = value[:20] if isinstance(value, list) else [value]
        found = ", ".join(text for part in parts if (text := _as_text(part)))
        if found:
            return found[:_LONGEST]
    return ""


def _as_text(value: object) -> str:
    """A scalar on one line; empty for anything else, and for numbers no title is made of."""
    if isinstance(value, bool) or (isinstance(value, int) and abs(value) > _GREATEST):
        return ""
    return " ".join(str(value)[:_LONGEST].split()) if isinstance(value, str | int | float | date) else ""


def _find_days(value: object) -> Iterator[Day]:
    if isinstance(value, date):
        yield Day(value.year, value.month, value.day)
    elif isinstance(value, list):
        yield from (day for one in value[:20] if not isinstance(one, list) for day in _find_days(one))
    elif found := find_day(_as_text(value)):
        yield found
