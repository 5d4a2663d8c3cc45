"""Cuts a text into pieces of bounded size, at paragraphs, lines and sentences, in Chinese and English.

Every piece is a slice of the text, so that what is quoted later is what stands in the file. No expression
that searches the whole text can fail after its first character, so that a megabyte of dots costs no more than
a megabyte of prose.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from memory.importing.graphemes import is_inside_character

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENDING = re.compile(r"([。！？｡؟۔।!?….]+)([”’」』）】》〉\")\]*_~]*)")
_BREAK = re.compile(r"\n\s*")
_CLAUSE = re.compile(r"[，、；：,;:）)\]】」』”]+(?=\s|[^\x00-\x7f])|[，、；：]+|\s+")
_HAN = re.compile(r"[\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]")
_WORD_BEFORE = re.compile(r"[A-Za-z][A-Za-z.]*\Z")
_LIST_NUMBER = re.compile(r"(?:\A|\n)[ \t>]*(?:[-*+] )?\d{1,3}\Z")
_LOOK = 24  # characters looked at around a mark: longer than any abbreviation or list number
_URL_LOOK = 200

_ALWAYS = frozenset("。！？｡؟۔।")
_ABBREVIATED = """
    adj adv al approx appt apr apt assn assoc asst aug ave avg bldg blvd ca capt cf ch co col corp cpl dec
    dept dir div dr ed eds eg eq esp esq est etc ex exec ext feb fig figs fn ft gen gov hon hr hrs ie inc
    incl jan jr jul jun lt ltd mar max mfg mgr min mins misc mr mrs ms mt nb no nos nov oct op orig pp pres
    prof pt qty rd ref rep rev sec secs sen sep sept sgt sr st supt tel temp univ viz vol vols vs
"""
_ABBREVIATIONS = frozenset(_ABBREVIATED.split())

_PART, _PARAGRAPH, _LINE, _SENTENCE = 4, 3, 2, 1


def cut(text: str, *, least: int = 200, most: int = 700) -> Iterator[str]:
    """The pieces of a text in order: slices of it, without the white space around them.

    A piece ends with a paragraph as soon as it is long enough, else at a line, else after a sentence. Only a
    sentence that is itself too long is cut at a comma or a space, and only a word without any is cut inside;
    a character as a reader sees it (an accented letter, a flag, a family emoji) stays whole. Where the writer
    left a gap of several empty lines, a piece ends whatever its length: something else begins there.

    Args:
        text: any text, its line ends single line feeds.
        least: pieces should reach this many characters where the text allows it.
        most: no piece is longer than this many characters; at least 2, and more than ``least``.
    """
    places = _tell_gaps(list(_find_places(text)))
    at = [place for place, _ in places]
    start = _skip_space(text, 0)
    for end in (*(place for place, weight in places if weight == _PART), len(text.rstrip())):
        while start < end:
            stop = _choose_end(text, places, at, start, end, least, most)
            yield text[start:stop].rstrip()
            start = _skip_space(text, stop)


def list_sentences(text: str) -> tuple[str, ...]:
    """The sentences and lines of a text, in order, without the white space around them."""
    sentences, start = [], 0
    for place, _ in [*_find_places(text), (len(text), _PARAGRAPH)]:
        sentence = text[start:place].strip()
        if sentence:
            sentences.append(sentence)
        start = place
    return tuple(sentences)


def _choose_end(
    text: str, places: list[tuple[int, int]], at: list[int], start: int, end: int, least: int, most: int
) -> int:
    window = places[bisect_left(at, start + 1) : bisect_right(at, min(start + most, end - 1))]
    long_enough = [(place, weight) for place, weight in window if place >= start + least]
    fits = end - start <= most
    for place, weight in long_enough:
        # A short rest stays with its paragraph rather than becoming a piece of a few words.
        if weight == _PARAGRAPH and not (fits and end - place < least // 2):
            return place
    if fits:
        return end
    middle = start + (least + most) // 2
    for wanted in (_PARAGRAPH, _LINE, _SENTENCE):
        fitting = [place for place, weight in long_enough if weight == wanted]
        if fitting:
            return min(fitting, key=lambda place: abs(place - middle))
    return window[-1][0] if window else _cut_sentence(text, start, start + most)


def _cut_sentence(text: str, start: int, latest: int) -> int:
    """Where to cut a sentence that is too long: after a comma, at a space, at worst between characters."""
    half = (start + latest) // 2
    clauses = [match.end() for match in _CLAUSE.finditer(text, half, latest) if match.end() > start]
    for place in reversed(clauses):
        if not is_inside_character(text, place, start=start):
            return place
    for place in range(latest, start, -1):
        if not is_inside_character(text, place, start=start):
            return place
    return latest


def _find_places(text: str) -> Iterator[tuple[int, int]]:
    """Places where a piece may end, ascending, each with its weight."""
    marks = _find_sentence_ends(text)
    mark = next(marks, None)
    for found in _BREAK.finditer(text):
        while mark is not None and mark < found.start():
            yield mark, _SENTENCE
            mark = next(marks, None)
        while mark is not None and mark <= found.end():
            mark = next(marks, None)
        if found.start() > 0:
            # What a line ends with a colon for stands below it, so that it is no good place to end.
            introduces = text[found.start() - 1] in ":："
            weight = min(found.group().count("\n") + 1, _PART)
            yield found.start(), _SENTENCE if introduces and weight < _PART else weight
    while mark is not None:
        yield mark, _SENTENCE
        mark = next(marks, None)


def _tell_gaps(places: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Makes wide gaps ordinary paragraph ends in a text that has them everywhere."""
    gaps = sum(weight == _PART for _, weight in places)
    if gaps < sum(weight == _PARAGRAPH for _, weight in places):
        return places
    return [(place, min(weight, _PARAGRAPH)) for place, weight in places]


def _find_sentence_ends(text: str) -> Iterator[int]:
    open_quote, counted = False, 0
    for found in _ENDING.finditer(text):
        line_start = text.rfind("\n", counted, found.start())
        if line_start >= 0:
            open_quote, counted = False, line_start
        open_quote ^= text.count('"', counted, found.start()) % 2 == 1
        counted = found.end()
        closing = found.group(2)
        quote = closing.find('"')
        stop = found.end()
        if quote >= 0:
            # A straight quote closes only what is open; otherwise it begins the next sentence.
            stop = stop if open_quote else found.start(2) + quote
            open_quote ^= closing.count('"') % 2 == 1
        if stop < len(text) and _ends_sentence(text, found.group(1), found.start(), stop):
            yield stop


def _ends_sentence(text: str, marks: str, start: int, stop: int) -> bool:
    if not _ALWAYS.isdisjoint(marks):
        return True
    following = text[stop : stop + _LOOK]
    upcoming = following.lstrip()[:1]
    if "…" in marks or marks.count(".") > 1:
        return not (upcoming.islower() or upcoming in ",，、;；:：") and _stands_free(text, start, stop)
    if "!" in marks or "?" in marks:
        return _stands_free(text, start, stop)
    if upcoming.islower() or not _stands_free(text, start, stop):
        return False
    before = text[max(0, start - _LOOK) : start]
    if _LIST_NUMBER.search(before if start > _LOOK else f"\n{before}"):
        return False
    word = _WORD_BEFORE.search(before)
    return word is None or not _is_abbreviation(word.group())


def _stands_free(text: str, start: int, stop: int) -> bool:
    """Whether a Latin mark is punctuation: white space or Chinese follows it, not the rest of an address."""
    after = text[stop]
    if after.isspace():
        return True
    if not _HAN.match(after):
        return text[stop - 1] in "…" and after.isupper()
    before = text[max(0, start - _URL_LOOK) : start]
    token = _HAN.split(before)[-1].split()[-1:] or [""]
    return "/" not in token[0] and "@" not in token[0] and "www." not in token[0]


def _is_abbreviation(word: str) -> bool:
    bare = word.strip(".")
    return "." in bare or bare.lower() in _ABBREVIATIONS or (len(bare) == 1 and bare != "I")


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at
