"""What a language model makes up: looked for in every word of its own that a person may come to read.

``check_draft`` holds for every responder. A playbook cannot invent a hotline; a model can, so its drafts are
held to more: nothing that was not said may be stated as a fact. The signs stand in
``prompts/safety/inventions.toml``. What gets through is counted by ``tests/bench/lies.py``.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from coaching.language import read_language
from coaching.parts import QUOTED, NextStep, Past, Question, Reflection, ReplyKind, Said, Section, bare
from coaching.quoting import GARBLED, measure
from coaching.responders.grounding import count_strange
from prompts import load_template, load_toml

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coaching.model import Language
    from coaching.parts import Draft, Part, Sources

SHORTEST_GIVEN_BACK = 3  # on the scale of quoting.measure: two pieces of two may be the two sides
SMALL = 60  # a number up to this counts lines, people or minutes in a step
SHORT = 6  # on the scale of quoting.measure: too little to tell a language by
NOWHERE = "words that come from nowhere: say it with the person's own"
# strange words, or Han characters, that are let pass: in what is said, and in a step, which makes things
STRANGE = {"zh": (3, 6), "en": (1, 2)}

NEVER = frozenset(
    {"contact", "link", "instruction", "deed", "secrecy", "markup"}
)  # also when they said it first

# what a part may bring of its own: a step makes a thing, a question may point into the scene they told
EVENTS = {NextStep: ("pointing", "people", "things"), Question: ("pointing",)}

_FOR_OTHERS = re.compile(r"‹[^‹›]*›")
_NOT_OUR_VOICE = re.compile(
    r"‹[^‹›]*›|(?<=写)[^：]{0,6}：.*|\bwrite[^:]{0,20}:.*"
)  # a line to send or to write
_NUMBER = re.compile(r"\d+(?:[.,:/-]\d+)*%?")
_SPELLED = re.compile(
    r"[零〇一二三四五六七八九两壹贰叁肆伍陆柒捌玖幺]{3,}|[一二三四五六七八九两几]*[十百千万][一二三四五六七八九十百千万]+"
    r"|[一二三四五六七八九两]+[十百千万]"
    r"|\b(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundreds?|thousands?|dozens?|million)\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]+|\b[A-Z]{2,}\b")
_ARTICLE = re.compile(r"^(?:the|an?|your|that|phone) ")
_FIRST = re.compile(r"(?:^|[.!?:〃] +)([A-Z][a-z]+)")
_SENTENCE = re.compile(r"[^。.!！;；]+")
_LATIN = re.compile(r"[A-Za-z]")


@cache
def _signs() -> dict[str, re.Pattern[str]]:
    flags = re.IGNORECASE | re.DOTALL
    found = load_toml("safety/inventions.toml")["signs"]
    return {name: re.compile("|".join(signs), flags) for name, signs in found.items()}


@cache
def _one(table: str, name: str) -> re.Pattern[str]:
    return re.compile("|".join(load_toml("safety/inventions.toml")[table][name]), re.IGNORECASE)


@cache
def _words(name: str) -> frozenset[str]:
    return frozenset(load_toml("safety/inventions.toml")["words"][name].split())


def find_inventions(draft: Draft, sources: Sources) -> tuple[str, ...]:
    """Every way in which a model's draft says more than it can know, as short names."""
    faults: list[str] = []
    for part in draft.parts:
        if isinstance(part, Said | Past):  # rendered by us; the quote in it is checked
            continue
        faults += _find_in_part(part, draft.language, sources)
    reflections = draft.find(Reflection)
    if draft.kind is ReplyKind.REFLECT:
        faults += _find_untied(draft)
    elif draft.kind is ReplyKind.REVIEW and not reflections:
        pass  # a week without a thread
    elif sum(measure(q.text) for part in reflections for q in part.quotes) < SHORTEST_GIVEN_BACK:
        faults.append("no words of theirs in the reflection")
    if any(GARBLED.search(quote.text) for quote in draft.quotes):
        faults.append("garbled words quoted")
    return tuple(dict.fromkeys(faults))


def _find_untied(draft: Draft) -> Iterable[str]:
    """Points of the long form that stand on nothing, or on what another one stands on."""
    lines = [line for part in draft.find(Section) for line in part.text.split("\n")]
    tied = [[words for pair in QUOTED.findall(line) for words in pair if words] for line in lines]
    if any(max(map(measure, words), default=0) < SHORTEST_GIVEN_BACK for words in tied):
        yield "a point without their words"
    if len({words for each in tied for words in each}) < len(lines):
        yield "the same words in two points"


def _find_in_part(part: Part, language: Language, sources: Sources) -> Iterable[str]:
    asked = isinstance(part, Question)
    for written in _written(part):
        own = QUOTED.sub("〃", written)
        ours = bare(written)  # without a line they could send to somebody
        allowed = ("advice",) if part.key == "reflect-could" else ()
        yield from _find_signs(own, sources, allowed)
        if not isinstance(part, NextStep) and _one("voice", "signs").search(ours):
            yield "the coach as somebody who acts"
        yield from _find_numbers(own, sources, step=isinstance(part, NextStep))
        yield from _find_strangers(own, language, sources)
        yield from _find_unsaid(part, own, sources)
        if _is_strange(part, own, language, sources):
            yield NOWHERE
        if isinstance(part, Reflection) and _takes_a_side(own, sources.turn):
            yield "a side taken: the other one has not spoken"
        if _recites(own):
            yield "words of the prompt"
        if not asked and re.search(r"[?？]", ours):
            yield "a question outside the question"
        if _is_odd(written):
            yield "characters that are no text"
        if not _is_in(own, language):
            yield "a part in another language"
    if isinstance(part, NextStep) and QUOTED.search(part.if_then + part.smaller):
        yield "quoted words in if_then or smaller"  # they are read later, where nobody checks them again
    if isinstance(part, NextStep) and _one("several", "steps").search(bare(part.body)):
        yield "several steps in one"
    if asked and len(_one("several", "questions").findall(bare(part.text))) > 1:
        yield "several questions in one"


def _find_signs(own: str, sources: Sources, allowed: tuple[str, ...]) -> Iterable[str]:
    """Signs that are not the person's own words: what they said may be taken up."""
    said = sources.turn.lower()
    for name, sign in _signs().items():
        if name in allowed:
            continue
        # a line they could send or write down is in their voice, not in the coach's
        words_of = _NOT_OUR_VOICE.sub("〃", own) if name in ("advice", "deed") else own
        found = (match.group().lower() for match in sign.finditer(words_of))
        if any(name in NEVER or words.strip() not in said for words in found):
            yield f"invented: {name}"


def _written(part: Part) -> tuple[str, ...]:
    """Every text of a part that the model wrote, also those that a later tap brings out."""
    if isinstance(part, NextStep):
        return tuple(filter(None, (part.body, part.done, part.if_then, part.smaller)))
    return tuple(part.text.split("\n")) if isinstance(part, Section) else (part.text,)


def _known(sources: Sources) -> str:
    """Everything of this person that is at hand."""
    return "\n".join([sources.turn, *sources.messages.values(), *sources.commitments.values()])


def _takes_a_side(own: str, said: str) -> bool:
    """Whether a sentence speaks of the other one in a disagreement of which one side is known."""
    if not (_one("sides", "theirs").search(said) and _one("sides", "ours").search(said)):
        return False
    about = (s for s in _SENTENCE.findall(own) if _one("sides", "absent").search(s))
    return any(not _one("sides", "unheard").search(sentence) for sentence in about)


def _is_strange(part: Part, own: str, language: Language, sources: Sources) -> bool:
    acts = isinstance(part, NextStep)
    most = STRANGE[language][acts]
    return count_strange(_FOR_OTHERS.sub("", own), _known(sources)) > most


def _recites(own: str) -> bool:
    """Whether it gives the prompt away: six words of it in a row."""
    words = re.findall(r"[a-z]+", own.lower())
    return any(" ".join(words[at : at + 6]) in _prompt_words() for at in range(len(words) - 5))


@cache
def _prompt_words() -> str:
    told = " ".join(load_template(name).stable.lower() for name in ("turn", "reflect", "checkin", "review"))
    return " ".join(re.findall(r"[a-z]+", told))


def _find_unsaid(part: Part, own: str, sources: Sources) -> Iterable[str]:
    """Facts that nobody brought."""
    known = _known(sources).lower()
    for name in ("moments", "pointing", "people", "things"):
        if name in EVENTS.get(type(part), ()):
            continue
        spoken = _with_its_evening(sources.turn.lower()) if name == "moments" else known
        for match in _one("said", name).finditer(own):
            if _ARTICLE.sub("", match.group().lower().strip()).removesuffix("s") not in spoken:
                yield f"{name} nobody spoke of"


def _with_its_evening(said: str) -> str:
    """Who speaks of today has spoken of tonight, too."""
    return said + "今晚" * ("今天" in said) + " tonight" * ("today" in said)


@cache
def _places() -> tuple[str, ...]:
    """Cities and firms by their Chinese names; in English a name begins with a capital."""
    cities = load_toml("playbook/cities.toml")["zones"]
    return tuple(name for name in (*cities, *_words("firms")) if not name.isascii())


def _find_numbers(own: str, sources: Sources, *, step: bool) -> Iterable[str]:
    for match in _NUMBER.finditer(own):
        number = match.group()
        counts = number.isdigit() and int(number) <= (SMALL if step else 10)
        if not counts and number not in sources.turn:
            yield "a number nobody said"
    if any(m.group().lower() not in sources.turn.lower() for m in _SPELLED.finditer(own)):
        yield "a number nobody said"


def _find_strangers(own: str, language: Language, sources: Sources) -> Iterable[str]:
    """Names that nobody mentioned. In Chinese a name cannot be told by its look; in English it can."""
    known = _known(sources).lower()
    if any(place in own and place not in known for place in _places()):
        yield "a place nobody said"
    names = _NAME.findall(own) if language == "en" else re.findall(r"[A-Z][A-Za-z]+", own)
    begins = [word for word in _FIRST.findall(own) if count_strange(word, known)]
    if any(name.lower() not in known and name not in _words("names") for name in (*names, *begins)):
        yield "a name nobody said"


def _is_odd(text: str) -> bool:
    """Whether it holds control, private or unassigned characters, unseen marks, or no letters to speak of."""
    odd = sum(unicodedata.category(char) in ("Cc", "Cf", "Co", "Cn", "Cs", "So") for char in text)
    stacked = re.search(r"[\u0300-\u036f]{2}|\ufffd", text)
    letters = sum(char.isalpha() for char in text)
    return odd > 0 or stacked is not None or letters * 2 < len(text.replace(" ", ""))


def _is_in(own: str, language: Language) -> bool:
    """Whether a part is in the reply's language, as far as a part of its length can tell."""
    foreign = [c for c in own if c.isalpha() and not _LATIN.match(c) and not "\u3400" <= c <= "\u9fff"]
    if foreign:
        return False
    if measure(own) < SHORT:
        return True
    if read_language(own, fallback=language) != language:
        return False
    words = re.findall(r"[a-z']+", own.lower())
    if language == "zh" or len(words) < SHORT:
        return True
    english, other = (sum(word in _words(name) for word in words) for name in ("function", "foreign"))
    return english > other
