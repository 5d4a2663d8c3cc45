"""Cuts a long message at its sentences, into pieces an embedder reads whole."""

from __future__ import annotations

import re

# The packaged embedder reads 256 tokens and was trained on 128: about 600 letters, or 200 Chinese characters.
PIECE = 600
_HAN_COSTS = 3  # letters' worth
MOST_PIECES = 40  # about 20,000 letters; what comes after is found by its words only

_SENTENCE = re.compile(r"[^.!?。！？…\n]*(?:[.!?。！？…]+[\"'”’）)]*|\n+|$)")
_WIDE = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]")


def _cost(text: str) -> int:
    return len(text) + (_HAN_COSTS - 1) * len(_WIDE.findall(text))


def _sentences(text: str) -> list[str]:
    found = [match[0] for match in _SENTENCE.finditer(text) if match[0].strip()]
    cut = []
    for sentence in found:
        if _cost(sentence) <= PIECE:
            cut.append(sentence)
            continue
        step = PIECE // _HAN_COSTS if _WIDE.search(sentence) else PIECE
        cut += [sentence[start : start + step] for start in range(0, len(sentence), step)]
    return cut


def cut_pieces(text: str, head: str = "") -> tuple[str, ...]:
    """The pieces of a text, each with its heading; one piece when it is short, none when it is empty."""
    lead = f"{head}: " if head else ""
    if _cost(text) <= PIECE:
        return (lead + text.strip(),) if text.strip() else ()
    pieces: list[str] = []
    held, cost = "", 0
    for sentence in _sentences(text[: MOST_PIECES * PIECE]):
        weight = _cost(sentence)
        if held and cost + weight > PIECE:
            pieces.append(lead + held.strip())
            held, cost = "", 0
        held, cost = held + sentence, cost + weight
    if held.strip():
        pieces.append(lead + held.strip())
    return tuple(pieces[:MOST_PIECES])
