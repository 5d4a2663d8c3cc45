"""Answers "what did I say about…": their words with the date, newest over older, or an honest nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from coaching.dates import say_date
from coaching.intent import says
from coaching.language import read_language
from coaching.model import Channel
from coaching.parts import Draft, Past, Quote, ReplyKind, Said
from coaching.quoting import list_clauses, measure
from coaching.subjects import list_subjects, share_subject
from prompts import load_pattern, text, variants

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coaching.model import Language, Message, Recalled, Turn
    from coaching.parts import Part

WHOLE = 120  # a memory up to this long (Han characters, or words at their rate) is given whole
LEAST = 4  # on the scale of quoting.measure: a memory below it has to name a subject
WHYS = ("words", "subject", "lens", "sense", "date")  # in the order they are said
DATE, OUTSIDE = "date", "outside"  # said in the time that the question names, or at another
CLOSE = 0.6  # an older or newer statement counts as the same subject from this share of the best score on

# the asking itself is not what is looked for
_ASKING = load_pattern("recalling.asking")


def what_is_asked(question: str) -> str:
    """The subject of a question about the past, without the asking around it."""
    left = re.sub(r"\s+", " ", _ASKING.sub(" ", question)).strip()
    return left or question


def answer_recall(turn: Turn, found: Sequence[Recalled]) -> Draft:
    """The reply to a question about what they said before."""
    language = turn.language
    found = [each for each in found if not _asks(each.message.text) and not _is_thin(each.message.text)]
    if not found:
        wordings = variants("recall.none", language)
        return Draft(ReplyKind.RECALL, language, (Said(wordings[len(turn.text) % len(wordings)]),))
    found = [each for each in found if DATE in each.why] or list(found)  # a time that was named bounds it
    best = found[0]
    close = [each for each in found[1:] if each.score >= best.score * CLOSE]
    same = [best, *(each for each in close if is_same(each, best, turn.text))][:3]
    # the newest statement about the same subject is the one that holds
    newest, *older = sorted(same, key=lambda r: (r.message.said_on, r.message.id), reverse=True)
    parts: list[Part] = [Said(text("recall.outside", language))] if OUTSIDE in newest.why else []
    parts.append(_line("recall.found", newest, turn))
    parts += [_line("recall.older", each, turn) for each in older[:1] if _near(each, newest)]
    return Draft(ReplyKind.RECALL, language, tuple(parts))


def is_same(one: Recalled, other: Recalled, asked: str) -> bool:
    """Whether two memories answer the same question, and not only look alike to it.

    They share a subject, and one says half of what was asked and the other says, two words at least, so that
    a shared name is not enough; or both came up for nothing but the time that was asked for. Across languages
    no word is shared: there the recognised subject has to do, for something older to be shown as well.
    """
    if all(DATE in each.why and not each.why & {"words", "subject"} for each in (one, other)):
        return True
    if read_language(one.message.text) != read_language(other.message.text):
        return "subject" in one.why and one.message.said_on < other.message.said_on
    wanted = list_subjects(asked) & list_subjects(other.message.text)
    said = wanted & list_subjects(one.message.text)
    enough = len(said) >= min(2, len(wanted)) and 2 * len(said) >= len(wanted)
    return enough and share_subject(one.message.text, other.message.text)


def _asks(words: str) -> bool:
    """Whether they only asked about the past: that tells nothing, however well it fits the same question."""
    return says("recall", words) or says("why_know", words)


def _is_thin(words: str) -> bool:
    """An ok or a thank-you, which came after the question was asked before."""
    return measure(words) < LEAST and not list_subjects(words)


def _near(older: Recalled, newest: Recalled) -> bool:
    return older.message.said_on != newest.message.said_on


def _line(key: str, recalled: Recalled, turn: Turn) -> Past:
    quote = whole_or_best(recalled.message.text, turn.text, recalled.message.id)
    if recalled.message.channel is Channel.IMPORT:  # a note may hold somebody else's words
        key += "_note"
    words = text(
        key,
        turn.language,
        date=say_date(recalled.message.said_on, turn.today, turn.language),
        q=quote.text,
    )
    return Past(
        _capital(words),
        (Quote(quote.text, recalled.message.id, recalled.message.said_on),),
        f"m{recalled.message.id}",
    )


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def whole_or_best(memory: str, question: str, message_id: int) -> Quote:
    """A short memory whole; of a long one the sentences around what was asked."""
    memory = quotable(memory)
    if measure(memory) <= WHOLE:
        return Quote(memory, message_id)
    asked = what_is_asked(question).lower()
    cues = [*re.findall(r"(?=([\u4e00-\u9fff]{2}))", asked), *re.findall(r"[a-z0-9]{3,}", asked)]
    sentences = [m.group(0).strip() for m in re.finditer(r"[^。！？!?\n]+[。！？!?]?", memory)]
    best = max(sentences, key=lambda s: sum(cue in s.lower() for cue in cues), default=memory)
    if measure(best) <= WHOLE:
        return Quote(best, message_id)
    clauses = list_clauses(best, cues)
    return Quote(clauses[0].text if clauses else best[:WHOLE], message_id)


def quote_memory(memory: str, message: str, message_id: int) -> Quote:
    """The piece of a memory that is about the same thing as the message."""
    subjects = list_subjects(message)
    clauses = [c for c in list_clauses(memory) if measure(c.text) >= 4]
    best = max(clauses, key=lambda c: (len(list_subjects(c.text) & subjects), c.weight), default=None)
    return Quote(best.text if best else quotable(memory), message_id)


def quotable(memory: str) -> str:
    """A stored line as it can stand between quote marks: the longest stretch without marks of its own."""
    stripped = memory.strip()
    if not re.search(r"[「」“”\n]", stripped):
        return stripped
    pieces = [piece.strip(" ，,。.：:") for piece in re.split(r"[「」“”\n]+", stripped)]
    return max(pieces, key=len) or stripped


def begin_of(words: str, most: int) -> str:
    """How a long line begins, up to a gap; a line of at most ``most`` (as ``measure`` counts) stays whole."""
    if measure(words) <= most:
        return words
    ends = (gap.start() for gap in re.finditer(r"[，。；、,;.\s]", words))
    fitting = [end for end in ends if 0 < measure(words[:end]) <= most]
    return words[: fitting[-1] if fitting else most]


def list_recalled(turn: Turn, found: Sequence[Recalled]) -> Draft:
    """``/recall WORDS``: every hit with its date and a word on why, each ready to be erased."""
    if not found:
        return answer_recall(turn, ())
    parts = []
    for recalled in found:
        quote = whole_or_best(recalled.message.text, turn.text, recalled.message.id)
        why = _why(recalled, turn.language)
        line = text(
            "recall.line",
            turn.language,
            date=say_date(recalled.message.said_on, turn.today, turn.language),
            q=quote.text,
            why=why,
            id=recalled.message.id,
        )
        parts.append(Past(line, (Quote(quote.text, recalled.message.id, recalled.message.said_on),), ""))
    return Draft(ReplyKind.RECALL, turn.language, tuple(parts))


def _why(recalled: Recalled, language: Language) -> str:
    comma = "、" if language == "zh" else ", "
    known = [name for name in WHYS if name in recalled.why] or ["near"]
    return comma.join(text(f"recall.{name}", language) for name in known)


def is_past(recalled: Recalled, turn: Turn) -> bool:
    """Whether it was said before today; a note brought in has no such day."""
    return recalled.message.said_on < turn.today or recalled.message.channel is Channel.IMPORT


def choose_past(
    turn: Turn, found: Sequence[Recalled], *, said_lately: frozenset[int]
) -> tuple[Recalled | None, bool]:
    """At most one earlier statement about the same thing, and whether it says otherwise.

    The words to be quoted have to share a subject with the message; a similar mood is not the same thing.
    Nothing that was said today, and nothing that was quoted in the last replies.
    """
    for recalled in found:
        message = recalled.message
        brought = message.channel is Channel.IMPORT
        if not is_past(recalled, turn) or message.id in said_lately:
            continue
        if measure(message.text) < 4:
            continue
        quote = quote_memory(message.text, turn.text, message.id)
        if share_subject(quote.text, turn.text):
            return recalled, not brought and says_otherwise(quote.text, turn.text)
    return None, False


_NO = load_pattern("recalling.no")
_STANCE = load_pattern("recalling.stance")


def says_otherwise(before: str, now: str) -> bool:
    """Whether one of two statements about the same thing denies and the other does not.

    A rough sign only, so it chooses between two tentative wordings and claims nothing.
    """
    taken = bool(_STANCE.search(now)) and bool(_STANCE.search(before) or _NO.search(before))
    return taken and bool(_NO.search(before)) != bool(_NO.search(now))


_ORDER = re.compile(r"^/[a-z]+\s+")  # what was said with a command is what follows its name


def build_why(turn: Turn, message: Message | None) -> Draft:
    """Where a past quote came from."""
    if message is None:
        return Draft(ReplyKind.INFO, turn.language, (Said(text("recall.why_none", turn.language)),))
    key = "recall.why_note" if message.channel is Channel.IMPORT else "recall.why"
    words = _ORDER.sub("", message.text) if message.channel is Channel.COMMAND else message.text
    said = whole_or_best(words, turn.text, message.id)
    date = say_date(message.said_on, turn.today, turn.language)
    words = text(key, turn.language, date=date, q=said.text, id=message.id)
    return Draft(
        ReplyKind.RECALL,
        turn.language,
        (Past(_capital(words), (Quote(said.text, message.id, message.said_on),)),),
    )
