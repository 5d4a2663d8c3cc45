"""Text as Telegram keeps it: counted in UTF-16 units, cleaned, trimmed, marked with entities."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

_REMOVED = frozenset("\r\u0333\u033f\u030a") | frozenset(map(chr, range(0x2028, 0x202F)))
_CONTROLS = frozenset(map(chr, range(32))) - {"\n", "\r"}
_INVISIBLE = frozenset(
    " \n\u00a0\u1680\u180e\u202f\u205f\u2800\u3000\ufeff\ufffc" + "".join(map(chr, range(0x2000, 0x2010)))
)
_STYLES = frozenset({"bold", "italic", "underline", "strikethrough", "spoiler"})
_MONOSPACED = frozenset({"code", "pre"})
_ORDER = ("blockquote", "expandable_blockquote", "pre", "code", "text_link", "text_mention", "bold", "italic")
_FOUND_IN_TEXT = (
    ("url", re.compile(r"https?://[^\s<>\"，。；！？]*[^\s<>\"，。；！？.,;:!?)\]}]", re.IGNORECASE)),
    ("email", re.compile(r"(?<![\w.+-])[\w.+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", re.ASCII)),
    ("bot_command", re.compile(r"(?<![\w/<>@])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/<>])")),
    ("mention", re.compile(r"(?<![\w@/])@[A-Za-z][A-Za-z0-9_]{3,31}(?!\w)")),
    ("hashtag", re.compile(r"(?<![\w#&])#(?=\w*[^\W\d_])\w{1,256}")),
)


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units, Telegram's measure of everything."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def utf16_slice(text: str, offset: int, length: int) -> str:
    """The part of a text between two UTF-16 positions; half an emoji when they cut one."""
    units = text.encode("utf-16-le", "surrogatepass")
    return units[2 * offset : 2 * (offset + length)].decode("utf-16-le", "surrogatepass")


@dataclass(frozen=True)
class Entity:
    """A marked stretch of text, its offset and length in UTF-16 units."""

    type: str
    offset: int
    length: int
    detail: tuple[tuple[str, Any], ...] = ()

    @property
    def end(self) -> int:
        return self.offset + self.length

    def as_json(self) -> dict[str, Any]:
        return {"type": self.type, "offset": self.offset, "length": self.length, **dict(self.detail)}


@dataclass(frozen=True)
class Formatted:
    """A text with its entities."""

    text: str
    entities: tuple[Entity, ...] = ()

    @property
    def is_empty(self) -> bool:
        return all(character in _INVISIBLE for character in self.text)


def settle(raw: Formatted) -> Formatted:
    """What Telegram stores of a text that was sent: cleaned, trimmed, with commands and links found."""
    cleaned = _trim(_clean(raw))
    entities = list(_around_monospace(cleaned.entities))
    taken = [(entity.offset, entity.end) for entity in entities if entity.type not in _STYLES]
    for found in _find_entities(cleaned.text):
        if all(found.end <= start or found.offset >= end for start, end in taken):
            entities.append(found)
            taken.append((found.offset, found.end))
    return Formatted(cleaned.text, tuple(sorted(entities, key=_reading_order)))


def _clean(raw: Formatted) -> Formatted:
    kept: list[str] = []
    moved: list[int] = []
    position = 0
    for character in raw.text:
        width = 2 if ord(character) > 0xFFFF else 1
        moved += [position] * width
        if character in _REMOVED:
            continue
        kept.append(" " if character in _CONTROLS else character)
        position += width
    moved.append(position)
    last = len(moved) - 1
    entities = []
    for entity in raw.entities:
        start = moved[min(max(entity.offset, 0), last)]
        end = moved[min(max(entity.end, 0), last)]
        entities.append(replace(entity, offset=start, length=end - start))
    return Formatted("".join(kept), tuple(entities))


def _trim(cleaned: Formatted) -> Formatted:
    text = cleaned.text.strip(" \n")
    lead = len(cleaned.text) - len(cleaned.text.lstrip(" \n"))
    total = utf16_length(text)
    entities = []
    for entity in cleaned.entities:
        start = max(entity.offset - lead, 0)
        end = min(entity.end - lead, total)
        if end > start:
            entities.append(replace(entity, offset=start, length=end - start))
    return Formatted(text, tuple(entities))


def _around_monospace(entities: Iterable[Entity]) -> Iterable[Entity]:
    """Nothing is bold inside code: styles are cut where they meet it, other marks inside it go."""
    entities = tuple(entities)
    blocks = sorted(
        (entity for entity in entities if entity.type in _MONOSPACED), key=lambda block: block.offset
    )
    for entity in entities:
        if entity.type in _MONOSPACED:
            yield entity
        elif entity.type in _STYLES:
            yield from _cut(entity, blocks)
        elif not any(block.offset <= entity.offset and entity.end <= block.end for block in blocks):
            yield entity


def _cut(entity: Entity, blocks: Iterable[Entity]) -> Iterable[Entity]:
    start = entity.offset
    for block in blocks:
        if block.end <= start or block.offset >= entity.end:
            continue
        if block.offset > start:
            yield replace(entity, offset=start, length=block.offset - start)
        start = block.end
    if start < entity.end:
        yield replace(entity, offset=start, length=entity.end - start)


def _find_entities(text: str) -> Iterable[Entity]:
    for kind, pattern in _FOUND_IN_TEXT:
        for match in pattern.finditer(text):
            yield Entity(kind, utf16_length(text[: match.start()]), utf16_length(match.group()))


def _reading_order(entity: Entity) -> tuple[int, int, int]:
    rank = _ORDER.index(entity.type) if entity.type in _ORDER else len(_ORDER)
    return (entity.offset, -entity.length, rank)
