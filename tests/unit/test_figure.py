"""The picture of a review: its numbers, its drawing, and the same as text."""

from __future__ import annotations

import struct
from datetime import date, timedelta

import pytest

from bot import pictures
from bot.pictures import SIDE, draw_png, find_cjk_font
from coaching.figure import Figure, build_figure, draw_bars
from coaching.model import CommitmentStatus, Lens, Message
from tests.fakes.turns import promised, remembered

SUNDAY = date(2026, 4, 5)
KEPT, MOVED, DROPPED, OPEN = (
    CommitmentStatus.DONE,
    CommitmentStatus.MOVED,
    CommitmentStatus.DROPPED,
    CommitmentStatus.OPEN,
)
PLAN = (
    promised("一", date(2026, 3, 24), 1, status=KEPT),
    promised("二", date(2026, 3, 26), 2, status=MOVED),
    promised("三", date(2026, 4, 1), 3, status=CommitmentStatus.HALF),
    promised("四", date(2026, 4, 2), 4, status=DROPPED),
    promised("五", date(2026, 4, 3), 5, status=OPEN),
    promised("六", date(2026, 4, 8), 6, status=OPEN),
)


def said(number: int, on: date) -> Message:
    return remembered(f"第{number}句", on, number).message


def figure(**heard: Lens) -> Figure:
    messages = [said(1, date(2026, 3, 25)), said(2, date(2026, 4, 1)), said(3, date(2026, 4, 2))]
    lenses = {1: (Lens.OWNERSHIP,), 2: (Lens.IMPACT, Lens.ESCAPE), 3: (Lens.IMPACT,)}
    return build_figure(PLAN, messages, lenses, SUNDAY, "zh")


def test_each_week_counts_how_its_commitments_ended_and_what_was_written_about() -> None:
    drawn = figure()
    assert drawn.weeks == ("3月23日", "3月30日")
    assert drawn.ends == {"kept": (1, 1), "moved": (1, 0), "dropped": (0, 1), "missed": (0, 1)}
    assert drawn.lenses == {"impact": (0, 2), "ownership": (1, 0)}
    assert "做了 1 件" in drawn.caption


def test_a_figure_survives_the_outbox() -> None:
    assert Figure.from_json(figure().to_json()) == figure()


def test_a_new_person_has_nothing_to_see() -> None:
    assert build_figure((), (), {}, SUNDAY, "en").is_empty


def test_what_lies_before_the_six_weeks_is_left_out() -> None:
    old = promised("旧", SUNDAY - timedelta(weeks=9), 9, status=KEPT)
    drawn = build_figure((old, *PLAN), (), {}, SUNDAY, "zh")
    assert len(drawn.weeks) == 6
    assert sum(drawn.ends["kept"]) == 2


def test_in_the_terminal_it_is_bars_with_a_key() -> None:
    lines = draw_bars(figure()).splitlines()
    assert lines[:4] == ["每周定下的事", "3月23日  █▒", "3月30日  █░·", "█ 做了  ▒ 换天  ░ 放掉  · 没发生"]


def is_square_png(picture: bytes) -> bool:
    return picture[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">II", picture[16:24]) == (SIDE, SIDE)


def test_it_is_drawn_as_a_square_png_with_its_own_paper() -> None:
    picture = draw_png(figure())
    assert is_square_png(picture)
    assert len(picture) < 300_000


def test_without_a_chinese_font_the_labels_are_english(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    monkeypatch.setattr(pictures, "find_cjk_font", lambda: None)

    def label(key: str, language: str) -> str:
        written.append(language)
        return key

    monkeypatch.setattr(pictures, "text", label)
    assert is_square_png(draw_png(figure()))  # a missing glyph would warn, and a warning fails here
    assert set(written) == {"en"}


def test_a_font_is_only_named_when_it_is_there() -> None:
    assert find_cjk_font() in (None, *pictures.CJK_FONTS)
