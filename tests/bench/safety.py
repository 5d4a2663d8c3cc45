"""What the safety check hears and what it mistakes, by kind.

Run with ``python -m tests.bench.safety`` (add ``--model`` to let the packaged embedder join in for English).

Three measurements, never mixed:

1. the classifier alone, cross-validated over ``prompts/safety/signs.toml``, where it is trained, and the
   whole check with that classifier (its rules have seen the file, so only false alarms mean something; the
   lines that teach the lenses, which no rule has seen, stand under ``(lenses)``);
2. the whole check on ``safety_fresh.toml``, messages written after everything was frozen; the figures of the
   first runs stand in that file;
3. time per message.
"""

from __future__ import annotations

import statistics
import sys
import time
import tomllib
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from coaching.model import Language, Safety
from coaching.safety import (
    ALARM,
    DOUBT,
    HAN,
    Classifier,
    Encode,
    SafetyCheck,
    load_everyday,
    load_examples,
)
from prompts import load_toml

FRESH = Path(__file__).with_name("safety_fresh.toml")
FOLDS = 5


def places() -> list[tuple[str, str, str]]:
    """Side, language and group of every example, in the order of ``load_examples`` and ``load_everyday``."""
    signs = load_toml("safety/signs.toml")
    return [
        (side, language, group)
        for side in ("risk", "benign")
        for language in ("zh", "en")
        for group, sentences in signs[side][language].items()
        for _ in sentences
    ] + [("benign", "zh" if HAN.search(line.text) else "en", "(lenses)") for line in load_everyday()]


def _given(trained: Classifier) -> Classifier:
    return trained


def report_cross_validated() -> None:
    examples = load_examples() + load_everyday()
    where = places()
    rows: dict[tuple[str, str, str], list[tuple[float, bool]]] = {}
    for fold in range(FOLDS):
        trained = Classifier([example for i, example in enumerate(examples) if i % FOLDS != fold])
        check = SafetyCheck(partial(_given, trained))
        for i in range(fold, len(examples), FOLDS):
            language: Language = "zh" if where[i][1] == "zh" else "en"
            loud = check.assess(examples[i].written, language).level is not Safety.NONE
            for place in (where[i], (*where[i][:2], "(all)")):
                rows.setdefault(place, []).append((trained.score(examples[i].text), loud))
    print(f"{len(examples)} examples, {FOLDS}-fold: classifier at DOUBT {DOUBT}, ALARM {ALARM}; whole check")
    for (side, spoken, group), scores in sorted(rows.items(), reverse=True):
        doubt, alarm = (sum(s >= limit for s, _ in scores) / len(scores) for limit in (DOUBT, ALARM))
        whole = sum(loud for _, loud in scores) / len(scores)
        name = f"{side:6} {spoken} {group:12}"
        print(f"  {name} n={len(scores):4}  {doubt:6.1%}  {alarm:6.1%}   {whole:6.1%}")


def report_fresh(check: SafetyCheck, encode: Encode | None = None) -> None:
    fresh = tomllib.loads(FRESH.read_text("utf-8"))
    for name, rounds in (("first", fresh), ("second", fresh["second"])):
        print(f"fresh messages, {name} round, the whole check{' with vectors' if encode else ''}:")
        _report_round(check, {side: rounds[side] for side in ("risk", "benign")}, encode)


def _report_round(
    check: SafetyCheck, messages: dict[str, dict[str, list[str]]], encode: Encode | None
) -> None:
    heard: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for side, kinds in messages.items():
        for kind, message in ((kind, message) for kind, found in kinds.items() for message in found):
            language: Language = "zh" if HAN.search(message) else "en"
            rows = encode([message]) if encode else None
            verdict = check.assess(message, language, None if rows is None else rows[0])
            loud = verdict.level is not Safety.NONE
            for key in (f"{side} {kind}", f"{side} (all)", f"{side} {language}"):
                total[key] += 1
                heard[key] += loud
            if loud is (side == "benign"):
                print(f"  {'false alarm' if loud else 'missed':11} {kind:10} {verdict.level:8} {message}")
    for key in sorted(total, reverse=True):
        print(f"  {key:18} {heard[key]:3} / {total[key]:3}  {heard[key] / total[key]:5.1%}")


def report_time(check: SafetyCheck) -> None:
    texts = [example.text for example in load_examples()[::7]]
    spent = []
    for text in texts:
        started = time.perf_counter()
        check.assess(text, "zh")
        spent.append(1000 * (time.perf_counter() - started))
    long = "今天开了九个会，写了周报，客户又改需求。晚上回家陪孩子写作业。" * 320
    started = time.perf_counter()
    check.assess(long[:10_000], "zh")
    whole = 1000 * (time.perf_counter() - started)
    print(f"time: median {statistics.median(spent):.2f} ms, 95% {sorted(spent)[-len(spent) // 20]:.2f} ms;")
    print(f"      10,000 characters {whole:.0f} ms")


def main() -> None:
    check = SafetyCheck()
    started = time.process_time()
    check.warm()
    print(f"trained in {time.process_time() - started:.1f} s of processor time, imports included")
    report_cross_validated()
    if FRESH.exists():
        report_fresh(check)
        if "--model" in sys.argv:
            from memory.recall.embedder import load_model
            from memory.recall.packaged import PACKAGED

            model = load_model(PACKAGED).model

            def encode(texts: list[str]) -> NDArray[np.float32]:
                return model.encode(texts, query=False)

            check.fit_vectors(encode)
            report_fresh(check, encode)
    report_time(check)


if __name__ == "__main__":
    main()
