"""Markdown as lines to be quoted: the words stay, the markup that would stand between them goes.

A quote must be an exact substring of what is stored, and it must read well in a chat that knows no
Markdown. So the markup is taken out once, before storing, and never again:

* gone: ``**`` ``__`` ``*`` ``_`` of emphasis, ``==``, backticks, the address of a link, pictures, HTML
  comments and inline tags, footnote marks, the ``#`` of headings, rules, the fences around code, the ruler
  of a table;
* kept, because they say something: ``- `` and ``1. `` of lists, ``[x]``, ``> `` (somebody else's words),
  ``~~`` (taken back), the cells of tables, the inside of code, which is not touched at all.

What only looks like markup stays: ``5 * 3``, ``snake_case``, an unclosed comment or fence. Plain text goes
the same way: people paste Markdown into .txt files.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from dataclasses import dataclass
from enum import Enum, auto
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_MARKUP = re.compile(r"[*_`\[<&=!\\]")
_CODE_OR_ESCAPE = re.compile(r"``([^\n]+?)``|`([^`\n]+)`|\\([\\`*_{}\[\]()#+.!~>|=-])")
# What must not be touched stands aside behind half a surrogate pair, which cleaned text cannot hold.
_PUT_ASIDE = re.compile("[\ud800-\udfff]")
_MOST_ASIDE = 2048

# Each excludes its own opening sign from what it matches, so that none can be made to look at a line twice.
_REMOVALS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"!\[\[[^\[\]\n]{1,500}\]\]"), ""),
    (re.compile(r"!\[[^\[\]\n]{0,500}\]\([^()\n]{0,2000}(?:\([^()\n]{0,500}\)[^()\n]{0,500})?\)"), ""),
    (re.compile(r"\[\[(?:[^\[\]|\n]{1,500}\|)?([^\[\]|\n]{1,500})\]\]"), r"\1"),
    (re.compile(r"\[([^\[\]\n]{1,1000})\]\([^()\n]{0,2000}(?:\([^()\n]{0,500}\)[^()\n]{0,500})?\)"), r"\1"),
    (re.compile(r"\[\^[^\[\]\s]{1,50}\]:?"), ""),
    (re.compile(r"<((?:https?://|mailto:)[^<>\s]{1,2000})>"), r"\1"),
    (re.compile(r"<br\s?/?>", re.IGNORECASE), "\n"),
    (
        re.compile(
            r"</?(?:b|i|u|em|strong|s|del|ins|mark|span|font|p|div|center|small|big|sup|sub|kbd|code|details|summary)"
            r"(?:\s[^<>\n]{0,500})?/?>",
            re.IGNORECASE,
        ),
        "",
    ),
    (re.compile(r"\*\*\*(?=[^\s*])([^*\n]*[^\s*])\*\*\*"), r"\1"),
    (re.compile(r"(?<![*A-Za-z0-9])\*(?=[^\s*])([^*\n]*[^\s*])\*(?![*A-Za-z0-9])"), r"\1"),
    (re.compile(r"\*\*(?=[^\s*])([^*\n]*[^\s*])\*\*"), r"\1"),
    (re.compile(r"(?<!\w)___?(?=[^\s_])([^_\n]*[^\s_])___?(?!\w)"), r"\1"),
    (re.compile(r"(?<!\w)_(?=[^\s_])([^_\n]*[^\s_])_(?!\w)"), r"\1"),
    (re.compile(r"==(?=[^\s=])([^=\n]*[^\s=])=="), r"\1"),
)
_ENTITY = re.compile(r"&(?:nbsp|amp|lt|gt|quot|#39);")
_FENCE = re.compile(r"[ \t]{0,8}(`{3,}|~{3,})")
_BULLET = re.compile(r"[*+-][ \t]+(?=\S)")
_SPECIAL = re.compile(r"(?:- |> ?|\||\d{1,3}[.、)]|[•·])")
_RULER_SIGNS = frozenset("-*_= \t")
_TABLE_SIGNS = frozenset("|-: \t")


class Kind(Enum):
    """What a line is."""

    HEADING = auto()
    TEXT = auto()
    CODE = auto()
    BLANK = auto()


@dataclass(frozen=True, slots=True)
class Line:
    """A line without its markup. ``level`` is 1 to 6 for a heading, else 0."""

    kind: Kind
    text: str = ""
    level: int = 0


_BLANK = Line(Kind.BLANK)


def read_lines(text: str) -> Iterator[Line]:
    """The lines of a text, markup gone, hard-wrapped English paragraphs on one line each.

    Args:
        text: cleaned text.
    """
    paragraph: list[str] = []
    for line in _classify(text):
        if line.kind is Kind.TEXT and not _SPECIAL.match(line.text):
            paragraph.append(line.text)
            continue
        yield from _flow(paragraph)
        paragraph = []
        yield line
    yield from _flow(paragraph)


def strip_inline(line: str) -> str:
    """One line without the markup inside it. Code in backticks and escaped signs come out untouched."""
    if not _MARKUP.search(line):
        return line
    aside: list[str] = []

    def put_aside(match: re.Match[str]) -> str:
        if len(aside) == _MOST_ASIDE:
            return match.group()
        aside.append(next(group for group in match.groups() if group is not None))
        return chr(0xD800 + len(aside) - 1)

    line = _CODE_OR_ESCAPE.sub(put_aside, line)
    for pattern, instead in _REMOVALS:
        line = pattern.sub(instead, line)
    line = _ENTITY.sub(lambda match: html.unescape(match.group()).replace("\xa0", " "), line)
    return _PUT_ASIDE.sub(lambda match: aside[ord(match.group()) - 0xD800], line).strip()


def _classify(text: str) -> Iterator[Line]:
    lines = text.split("\n")
    closes = _pair_fences(lines)
    lines = _without_comments(lines, closes)
    at = 0
    while at < len(lines):
        end = closes.get(at)
        if end is None:
            yield from _read_line(lines[at].strip())
            at += 1
        else:
            yield from (Line(Kind.CODE, line.rstrip()) for line in lines[at + 1 : end])
            at = end + 1


def _read_line(line: str) -> Iterator[Line]:
    signs = set(line)
    if not line or (len(line) > 2 and len(signs - {" ", "\t"}) == 1 and signs <= _RULER_SIGNS):
        yield _BLANK
        return
    if "|" in signs and "-" in signs and signs <= _TABLE_SIGNS:
        return
    level = _heading_level(line)
    if level:
        title = _without_closing(line[level:].strip())
        yield Line(Kind.HEADING, " ".join(strip_inline(title).split()), level)
        return
    marked = _BULLET.match(line)
    bullet, body = ("- ", line[marked.end() :]) if marked else ("", line)
    first, *others = strip_inline(body).split("\n")
    if first.strip():
        yield Line(Kind.TEXT, bullet + first.strip())
    yield from (Line(Kind.TEXT, other.strip()) for other in others if other.strip())


def _heading_level(line: str) -> int:
    """How many ``#`` a heading begins with. ``#tag`` is a tag, ``##标题`` a heading that lost its space."""
    level = len(line[:7]) - len(line[:7].lstrip("#"))
    if not 1 <= level <= 6 or len(line) == level:
        return 0
    return level if line[level].isspace() or level > 1 else 0


def _without_closing(title: str) -> str:
    bare = title.rstrip("#")
    return bare.rstrip() if not bare or bare[-1].isspace() else title


def _without_comments(lines: list[str], fences: dict[int, int]) -> list[str]:
    """The lines without ``<!-- … -->``, as many as before. A comment that is never closed is text."""
    last_close = max((number for number, line in enumerate(lines) if "-->" in line), default=-1)
    kept, inside, code_until = [], False, -1
    for number, line in enumerate(lines):
        if not inside:
            code_until = max(code_until, fences.get(number, -1))
        if number > last_close or number <= code_until:
            kept.append(line)
            continue
        words, at = [], 0
        while True:
            found = line.find("-->" if inside else "<!--", at)
            if found >= 0 and not inside and number == last_close and line.rfind("-->") < found:
                found = -1
            if not inside:
                words.append(line[at:found] if found >= 0 else line[at:])
            if found < 0:
                break
            at = found + (3 if inside else 4)
            inside = not inside
        kept.append("".join(words))
    return kept


def _pair_fences(lines: list[str]) -> dict[int, int]:
    """The closing line of each code fence by its opening line. A fence that is never closed opens nothing."""
    fences = [
        (number, match.group(1), line) for number, line in enumerate(lines) if (match := _FENCE.match(line))
    ]
    # A run of signs is closed by a bare run that is at least as long; longer than six are taken as six.
    closing: dict[tuple[str, int], list[int]] = {}
    for number, run, line in fences:
        if line.strip() == run:
            for length in range(3, min(len(run), 6) + 1):
                closing.setdefault((run[0], length), []).append(number)
    pairs: dict[int, int] = {}
    free_from = 0
    for number, run, _ in fences:
        later = closing.get((run[0], min(len(run), 6)), [])
        place = bisect_right(later, number)
        if number >= free_from and place < len(later):
            pairs[number] = later[place]
            free_from = later[place] + 1
    return pairs


def _flow(paragraph: list[str]) -> Iterator[Line]:
    """A paragraph's lines, put on one line where an editor had wrapped them at its margin.

    Chinese is written without wrapping, and a line end there is meant. English mail and old notes break
    inside sentences at 50 to 110 characters; a quote across such a break would not read well.
    """
    if _is_wrapped(paragraph):
        yield Line(Kind.TEXT, " ".join(paragraph))
    else:
        yield from (Line(Kind.TEXT, line) for line in paragraph)


def _is_wrapped(paragraph: list[str]) -> bool:
    if len(paragraph) < 2 or not all(50 <= len(line) <= 110 for line in paragraph[:-1]):
        return False
    if not all(line.isascii() or sum(map(str.isascii, line)) > 0.8 * len(line) for line in paragraph):
        return False
    return any(
        (line[-1].isalnum() or line[-1] == ",") and following[0].islower()
        for line, following in pairwise(paragraph)
    )
