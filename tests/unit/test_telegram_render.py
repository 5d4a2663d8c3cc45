"""What the outbox holds becomes what Telegram takes."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from telegram import InlineKeyboardMarkup

from bot.telegram.render import render
from bot.telegram.sending.keyboard import build_keyboard
from bot.telegram.sending.marked import TAGS, Mark, marks_within, to_html
from bot.telegram.sending.pace import Pace
from bot.telegram.sending.quote import build_reply
from bot.telegram.sending.split import split_text
from bot.telegram.sending.units import columns, shortened, utf16_length
from tests.fakes.telegram import utf16_slice
from tests.fakes.telegram.markup import read_formatted
from tests.fakes.telegram.params import Params

FAMILY = "👨‍👩‍👧‍👦"
FLAG = "🇩🇪"
ACCENTED = "e\u0301"
WHOLE = (FAMILY, FLAG, ACCENTED, "👍🏽", "1️⃣")

texts = st.lists(
    st.one_of(
        st.sampled_from(
            [*WHOLE, "。", "！」", ". ", "\n", "\n\n", " ", "<b>", "&amp;", "我想换工作", "/plan", "\u3000"]
        ),
        st.sampled_from(["https://example.org/" + "a" * 20, "longword" * 5, "她说：“不行”。"]),
        st.text(max_size=8),
    ),
    max_size=60,
).map("".join)


@st.composite
def marked_texts(draw: st.DrawFn) -> tuple[str, list[Mark]]:
    text = draw(texts)
    edges = st.integers(-3, len(text) + 3)
    marks = draw(st.lists(st.builds(Mark, st.sampled_from(sorted(TAGS)), edges, edges), max_size=4))
    return text, marks


def bare(text: str) -> str:
    return "".join(text.split())


@given(marked_texts(), st.integers(12, 60))
@example(("a" * 30, [Mark("b", 0, 30)]), 12)
@example(("a" + "\u0301" * 50, []), 12)
def test_a_split_loses_nothing_and_keeps_the_bound(found: tuple[str, list[Mark]], longest: int) -> None:
    text, marks = found
    parts = split_text(text, marks, longest)
    assert bare("".join(text[start:end] for start, end in parts)) == bare(text)
    assert all(0 < utf16_length(text[start:end]) <= longest for start, end in parts)
    assert all(end <= start for (_, end), (start, _) in pairwise(parts))


@given(st.lists(st.sampled_from([*WHOLE, "a", "。", " "]), max_size=60), st.integers(12, 40))
def test_a_split_never_cuts_what_a_person_sees_as_one_character(signs: list[str], longest: int) -> None:
    text = "\u200b".join(signs)  # something between them, so that neighbours do not join
    edges, at = {0}, 0
    for sign in signs:
        edges |= {at, at + len(sign)}
        at += len(sign) + 1
    starts = {at for pair in split_text(text, longest=longest) for at in pair}
    inside = {
        at
        for left, right in pairwise(sorted(edges))
        for at in range(left + 1, right)
        if text[left] != "\u200b"
    }
    assert not starts & inside


@given(marked_texts())
def test_html_is_read_back_as_the_same_text_with_balanced_marks(found: tuple[str, list[Mark]]) -> None:
    text, marks = found
    # what Telegram changes of any text is not ours to keep
    text = re.sub(r"[\x00-\x1f\u200b-\u202f\u0333\u033f\u030a\x7f-\x9f]", "x", text).strip() or "x"
    html = to_html(text, marks_within(marks, 0, len(text)))
    told = read_formatted(Params({"text": html, "parse_mode": "HTML"}), "text", "parse_mode", "entities")
    assert told.text == text


@given(st.text(alphabet="<>&\"'ab/;#", max_size=40))
def test_nothing_a_person_writes_is_markup(text: str) -> None:
    assert "<" not in to_html(text)
    assert unescape(to_html(text)) == text


def test_overlapping_marks_are_closed_and_opened_again() -> None:
    assert to_html("abcdef", (Mark("b", 0, 4), Mark("i", 2, 6))) == "<b>ab<i>cd</i></b><i>ef</i>"


def test_a_mark_that_fits_is_not_cut_and_one_that_does_not_goes_on() -> None:
    text = "one two three " + "four five six"
    (first, second) = split_text(text, [Mark("b", 8, 27)], 20)
    assert (text[slice(*first)], text[slice(*second)]) == ("one two", "three four five six")
    parts = split_text("x" * 50, [Mark("code", 0, 50)], 20)
    assert [end - start for start, end in parts] == [20, 20, 10]
    assert marks_within([Mark("code", 0, 50)], 20, 40) == (Mark("code", 0, 20),)


def test_a_link_is_not_cut() -> None:
    text = "去" * 30 + "https://example.org/abc" + "看" * 30
    assert ["https://example.org/abc" in text[s:e] for s, e in split_text(text, longest=40)].count(True) == 1


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Para one.\nstill one.\n\nPara two is here", "Para one.\nstill one."),
        ("Line one. And more\nLine two is a bit longer", "Line one. And more"),
        ("他说「不行！」然后走了没有回来没有回来没有回来没有回来", "他说「不行！」"),
        ("Version 2.5 is out. Everybody was very glad", "Version 2.5 is out."),
        ("many words without an end to them at all", "many words without an end"),
    ],
)
def test_a_text_is_cut_where_a_reader_pauses(text: str, first: str) -> None:
    start, end = split_text(text, longest=25)[0]
    assert text[start:end] == first


def test_a_text_of_exactly_the_bound_is_one_message() -> None:
    assert len(render({"text": "👍" * 2048})) == 1
    first, second = render({"text": "👍" * 2048 + "a"})
    assert (utf16_length(first.text), second.text) == (4096, "a")


def test_the_quote_is_on_the_first_and_the_buttons_on_the_last_message() -> None:
    pieces = render(
        {
            "text": "a" * 5000,
            "choices": [{"label": "Yes", "data": "yes"}],
            "quote": {"message_id": 7, "text": "tired"},
            "edit": 9,
        }
    )
    assert [(p.reply is not None, p.keyboard is not None, p.edit) for p in pieces] == [
        (True, False, 9),
        (False, True, None),
    ]


def test_a_row_that_shows_nothing_is_no_message() -> None:
    assert render({"text": " \n\u200b "}) == ()
    assert render({}) == ()
    assert len(render({"text": "", "edit": 5, "choices": []})) == 1


def test_half_an_emoji_is_no_reason_to_stay_silent() -> None:
    assert render({"text": "ok \ud83d"})[0].text == "ok \ufffd"


@pytest.mark.parametrize(
    "payload", [{"text": "x", "marks": [["b"]]}, {"text": "x", "choices": [{"label": "y"}]}]
)
def test_a_payload_of_another_shape_is_an_error(payload: dict[str, Any]) -> None:
    with pytest.raises((KeyError, ValueError)):
        render(payload)


def test_a_short_text_is_the_caption_and_a_long_one_goes_before_the_file() -> None:
    (both,) = render({"text": "Here.", "document": "x.zip"})
    assert (both.text, both.document) == ("Here.", Path("x.zip"))
    text, file = render(
        {"text": "Here. " * 300, "document": "x.zip", "choices": [{"label": "a", "data": "b"}]}
    )
    assert text.document is None
    assert (file.text, file.document, file.keyboard is not None) == ("", Path("x.zip"), True)


def labels(keyboard: InlineKeyboardMarkup | None) -> list[list[str]]:
    return [[button.text for button in row] for row in keyboard.inline_keyboard] if keyboard else []


def test_short_labels_stand_side_by_side_and_long_ones_alone() -> None:
    choices = [
        ("做", "1"),
        ("小一点", "2"),
        ("不是这个", "3"),
        ("换一个", "4"),
        ("I will do it tomorrow morning", "5"),
        ("ok", "6"),
    ]
    assert labels(build_keyboard(choices)) == [
        ["做", "小一点", "不是这个"],
        ["换一个"],
        ["I will do it tomorrow morning"],
        ["ok"],
    ]


def test_a_button_that_telegram_would_refuse_is_left_out() -> None:
    assert build_keyboard([("x", "a" * 65), (" ", "b"), ("y", ""), ("中", "中" * 22)]) is None
    assert labels(build_keyboard([("x", "中" * 21), ("y", "ok")])) == [["x", "y"]]


@given(st.lists(st.tuples(st.text(min_size=1, max_size=90), st.text(min_size=1, max_size=20)), max_size=12))
def test_a_keyboard_keeps_its_bounds(choices: list[tuple[str, str]]) -> None:
    for row in labels(build_keyboard(choices)):
        assert 1 <= len(row) <= 3
        assert all(columns(label) <= 56 for label in row)
        assert len(row) == 1 or all(columns(label) * len(row) <= 34 for label in row)


def test_a_label_is_shortened_between_characters() -> None:
    assert shortened(FAMILY * 3 + "abc", 8) in {"…", FAMILY + "…"}
    assert shortened("一二三四五", 7) == "一二三…"


@given(texts, texts, texts)
def test_a_quote_stands_where_it_says(before: str, words: str, after: str) -> None:
    source = before + words + after
    reply = build_reply({"message_id": 3, "text": words, "source": source})
    assert reply is not None
    assert reply.allow_sending_without_reply is True
    if reply.quote is None:
        assert not words.strip()
        return
    assert reply.quote_position is not None
    assert isinstance(reply.quote, str)
    assert utf16_slice(source, reply.quote_position, utf16_length(reply.quote)) == reply.quote
    assert utf16_length(reply.quote) <= 1024


def test_a_long_quote_is_shortened_and_a_wrong_one_is_only_a_reply() -> None:
    words = FAMILY * 200
    long = build_reply({"message_id": 3, "text": words, "source": words})
    assert long is not None
    assert long.quote == FAMILY * 93
    wrong = build_reply({"message_id": 3, "text": "never said", "source": "something else"})
    assert wrong is not None
    assert (wrong.message_id, wrong.quote) == (3, None)
    unplaced = build_reply({"message_id": 3, "text": "said"})
    assert unplaced is not None
    assert (unplaced.quote, unplaced.quote_position) == ("said", None)
    assert build_reply(None) is None
    assert build_reply({"text": "no message"}) is None


NOW = datetime(2026, 4, 1, 12, tzinfo=UTC)


def test_a_chat_may_have_a_burst_and_then_one_message_a_second() -> None:
    pace = Pace(burst=2)
    pace.take(1, NOW)
    assert pace.list_resting(NOW) == {}
    pace.take(1, NOW)
    assert pace.list_resting(NOW) == {1: NOW + timedelta(seconds=1)}
    later = NOW + timedelta(seconds=1)
    assert pace.list_resting(later) == {}
    pace.take(1, later)
    assert pace.list_resting(later) == {1: NOW + timedelta(seconds=2)}


def test_all_chats_together_have_so_many_in_any_second() -> None:
    pace = Pace(per_second=3)
    for chat in range(3):
        assert pace.find_room(NOW) is None
        pace.take(chat, NOW + timedelta(milliseconds=100 * chat))
    now = NOW + timedelta(milliseconds=500)
    assert pace.count_room(now) == 0
    assert pace.find_room(now) == NOW + timedelta(seconds=1)
    assert pace.count_room(NOW + timedelta(seconds=1)) == 1


def test_a_clock_that_is_set_back_does_not_silence_the_bot() -> None:
    pace = Pace(per_second=2, burst=1)
    pace.take(1, NOW)
    pace.take(2, NOW)
    before = NOW - timedelta(hours=1)
    assert pace.find_room(before) is None
    pace.take(1, before)
    assert pace.list_resting(before)[1] <= before + timedelta(seconds=1)
