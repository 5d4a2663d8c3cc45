"""Measures recall on anybody's data: a JSON line a person, with a history and questions about it.

``{"id", "history": [{"id", "session", "date", "speaker", "text"}],
"questions": [{"q", "evidence": [ids], "category"}]}``. A question without evidence asks for what was never
said; one with ``older`` asks for an update of those. A person may have a ``today``, from which "last month"
counts. Everything goes the way of a real message: into the journal, through the index, out of ``recall``.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from memory.recall.bench_home import Person, furnish, read_people
from memory.recall.fitting import FLOOR
from memory.recall.index import RecallIndex
from memory.recall.keeper import Progress
from memory.recall.rivals import Rival, Rivals
from memory.recall.tokens import indexed_text

APART = "adversarial"  # questions that name the wrong person: counted, but not in the total
_DEEP = 20  # the deepest rank that counts
_FOREIGN = 3  # every third question is also put to somebody else's history


@dataclass(frozen=True, slots=True)
class _Ranked:
    """A question that was answered: the ranks of its evidence, and how long it took in seconds."""

    category: str
    ranks: tuple[int | None, ...]
    seconds: float


async def bench_recall(
    path: Path,
    *,
    embedder: str = "packaged",
    rivals: bool = True,
    say: Callable[[str], object] = print,
    on_progress: Progress | None = None,
) -> None:
    """One line a system: name, R@5, R@10, R@20, MRR, p50 and p95 in milliseconds; the categories below it.

    Args:
        path: the file.
        embedder: as in ``open_recall``.
        rivals: also measures what else is installed.
        say: told each line.
        on_progress: told how much of the histories is indexed.

    Raises:
        ValueError: the file is not in the format.
    """
    people = read_people(path)
    say(f"{'system':24} {'R@5':>6} {'R@10':>6} {'R@20':>6} {'MRR':>6} {'p50 ms':>7} {'p95 ms':>7}")
    started = perf_counter()
    async with furnish(people, embedder, on_progress) as (recall, ids):
        seconds = perf_counter() - started
        _say_all(say, _report("offramp", await _measure(recall, people, ids)))
        total = sum(len(person.history) for person in people)
        say(f"  indexed {total} messages in {seconds:.1f} s, the embedder's loading included")
        async for line in _calibration(recall, people, ids):
            say(line)
        if rivals:
            with Rivals(recall) as installed:
                for rival in installed:
                    _say_all(say, _report(rival.name, await asyncio.to_thread(_measure_rival, rival, people)))


def _say_all(say: Callable[[str], object], lines: Sequence[str]) -> None:
    for line in lines:
        say(line)


async def _measure(
    recall: RecallIndex, people: Sequence[Person], ids: Sequence[dict[str, int]]
) -> list[_Ranked]:
    ranked = []
    for user_id, person in enumerate(people, 1):
        names = {number: name for name, number in ids[user_id - 1].items()}
        await recall.recall(user_id, "warm", limit=1)  # a person who talks has a shelf
        for question in person.questions:
            begun = perf_counter()
            answers = await recall.explain(user_id, question["q"], limit=_DEEP, floor=0.0)
            taken = perf_counter() - begun
            ranked.append(_rank(question, [names[answer.message.id] for answer in answers], taken))
    return ranked


def _rank(question: dict[str, Any], found: Sequence[str], seconds: float) -> _Ranked:
    at = {name: rank for rank, name in enumerate(found, 1)}
    evidence = [str(name) for name in question.get("evidence", ())]
    return _Ranked(str(question.get("category", "")), tuple(at.get(name) for name in evidence), seconds)


def _measure_rival(rival: Rival, people: Sequence[Person]) -> list[_Ranked]:
    ranked = []
    for person in people:
        ids = [str(said["id"]) for said in person.history]
        texts = [indexed_text(said["text"], said.get("speaker") or "") for said in person.history]
        ask: Callable[[str, int], list[int]] = rival.take_in(texts)
        for question in person.questions:
            begun = perf_counter()
            found = ask(question["q"], _DEEP)
            taken = perf_counter() - begun
            ranked.append(_rank(question, [ids[row] for row in found], taken))
    return ranked


def _figures(ranked: Sequence[_Ranked]) -> tuple[float, float, float, float]:
    """Recall at 5, 10 and 20, and the mean reciprocal rank of the first piece of evidence."""
    shares = [
        [
            float(np.mean([rank is not None and rank <= depth for rank in each.ranks]))
            for depth in (5, 10, _DEEP)
        ]
        for each in ranked
    ]
    firsts = [min((rank for rank in each.ranks if rank is not None), default=None) for each in ranked]
    at5, at10, at20 = np.mean(shares, axis=0) if shares else (0.0, 0.0, 0.0)
    mrr = float(np.mean([1 / first if first else 0.0 for first in firsts])) if firsts else 0.0
    return float(at5), float(at10), float(at20), mrr


def _report(name: str, ranked: Sequence[_Ranked]) -> list[str]:
    asked = [each for each in ranked if each.ranks]
    counted = [each for each in asked if each.category != APART]
    p50, p95 = np.percentile([1000 * each.seconds for each in ranked], [50, 95]) if ranked else (0.0, 0.0)
    at5, at10, at20, mrr = _figures(counted)
    lines = [f"{name:24} {at5:6.3f} {at10:6.3f} {at20:6.3f} {mrr:6.3f} {p50:7.1f} {p95:7.1f}"]
    by_category: dict[str, list[_Ranked]] = defaultdict(list)
    for each in asked:
        by_category[each.category].append(each)
    for category, listed in sorted(by_category.items()):
        at5, at10, at20, mrr = _figures(listed)
        lines.append(f"  {category:22} {at5:6.3f} {at10:6.3f} {at20:6.3f} {mrr:6.3f} {len(listed):7}")
    return lines


async def _calibration(
    recall: RecallIndex, people: Sequence[Person], ids: Sequence[dict[str, int]]
) -> AsyncIterator[str]:
    """How well the floor tells what was said from what was not, and whether updates come first."""
    kept = stored = silent = absent = newer = updates = 0
    for at, person in enumerate(people):
        for number, question in enumerate(person.questions):
            evidence = {ids[at][str(name)] for name in question.get("evidence", ()) if str(name) in ids[at]}
            if number % _FOREIGN and not question.get("older") and evidence:
                continue
            found = await recall.recall(at + 1, question["q"], limit=10)
            order = [each.message.id for each in found]
            if not evidence:
                absent, silent = absent + 1, silent + (not found)
                continue
            stored, kept = stored + 1, kept + bool(evidence.intersection(order))
            if older := {ids[at][str(name)] for name in question.get("older", ())}:
                updates += 1
                first = next((each for each in order if each in evidence | older), None)
                newer += first in evidence
            if len(people) > 1 and question.get("category") != APART:
                foreign = await recall.recall((at + 1) % len(people) + 1, question["q"], limit=3)
                absent, silent = absent + 1, silent + (not foreign)
    if stored:
        yield f"  floor {FLOOR}: evidence in the first ten of {stored} {kept / stored:.3f}"
    if absent:
        answered = kept + absent - silent
        precision = kept / answered if answered else 0.0
        yield f"  floor {FLOOR}: silent on {absent} questions without an answer {silent / absent:.3f}"
        yield f"  floor {FLOOR}: precision {precision:.3f}, recall {kept / stored if stored else 0.0:.3f}"
    if updates:
        yield f"  the update before what it updates, {updates} questions {newer / updates:.3f}"
