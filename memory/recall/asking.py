"""Reads a question: what to look for by words, by sense and by date."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import numpy as np

from coaching.model import Lens
from memory.recall.embedder import Model
from memory.recall.fitting import Question
from memory.recall.lexical import weigh_terms
from memory.recall.times import Period, find_period, without_dates
from memory.recall.tokens import DATE, Tokens, cut, normalise

# How well the embedder has to read a question before its sense counts, and from where it counts in full. In
# Chinese, which the packaged embedder cannot read, even .15 of sense lowers R@10 (.692 against .703 in the
# shared trial run).
_READS_FROM, _READS_FULLY = 0.5, 0.9

# The asking is not what is looked for: "what did I write in March" looks for March.
_ASKING = re.compile(
    r"我?(?:都|还|曾经?|那时|当时|之前|以前|上次|有没有|是不是)*(?:[跟和给]你)?"
    r"(?:(?<=[我你时前次])(?:写|说|提|聊|讲|谈|问|记)(?:过|到|了|的|下)*|(?:写|说|提|聊|讲|谈)(?:过|到|了)+)|来着"
    r"|\b(?:(?:say|said|tell|told)(?: you)?(?: that)?|did)"
    r" i (?:want(?:ed)?|plan(?:ned)?|hoped?|wish(?:ed)?) to\b"
    r"|\b(?:say|said|tell|told|write|wrote|mention|mentioned|talk|talked|remember|recall|remind)\b"
)

_NOW = re.compile(
    r"现在|目前|如今|眼下|最近|最新|近来|这阵子|这段时间|还[^\s，。]{0,8}吗"
    r"|\b(?:now|currently|current|latest|newest|lately|recently|these days|nowadays|most recent|still)\b"
)


def read_question(
    query: str, *, today: date, lenses: tuple[Lens, ...] = (), period: Period | None = None
) -> Question:
    """What a question looks for by words and by date; its vector comes later.

    Args:
        query: as it was asked.
        today: what "last month" is counted from.
        lenses: through which the moment is heard.
        period: the days it looks at, where its words do not say it.
    """
    folded = normalise(query)
    period = period or find_period(folded, today)
    return Question(
        terms=weigh_terms(_what_is_asked(query, folded, dated=bool(period))),
        lenses=lenses,
        period=period or None,
        now=_NOW.search(folded) is not None,
    )


def _what_is_asked(query: str, folded: str, *, dated: bool) -> Tokens:
    """The tokens without the asking, and without the words of a date, which is looked for by date."""
    whole = cut(query)
    rest = cut(_ASKING.sub(" ", without_dates(folded) if dated else folded))
    if dated:
        dates = tuple(word for word in whole.words if word.startswith(DATE))
        return replace(rest, words=(*rest.words, *dates))
    return rest if rest.words else whole


def measure_reading(model: Model, query: str) -> float:
    """How much the sense of a question counts, 0 to 1, by how well the embedder reads it."""
    known = 1.0 - model.unreadable(query)
    return float(np.clip((known - _READS_FROM) / (_READS_FULLY - _READS_FROM), 0.0, 1.0))
