"""From bytes to text: the encodings people have, and an honest no to everything else."""

from __future__ import annotations

import codecs
import random
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.importing.decoding import clean, clean_name, decode
from memory.importing.problems import NotText

DIARY = "今天又加班到十点。我想搞点自己的事情，不管是外面还是里面，能不能早点自由啊？\nI want out.\n" * 5


@pytest.mark.parametrize(
    "data",
    [
        DIARY.encode(),
        codecs.BOM_UTF8 + DIARY.encode(),
        codecs.BOM_UTF16_LE + DIARY.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + DIARY.encode("utf-16-be"),
        codecs.BOM_UTF32_LE + DIARY.encode("utf-32-le"),
        DIARY.encode("gb18030"),
        DIARY.encode("gbk"),
    ],
    ids=["utf-8", "utf-8 with its mark", "utf-16-le", "utf-16-be", "utf-32-le", "gb18030", "gbk"],
)
def test_each_encoding_gives_the_same_text(data: bytes) -> None:
    assert decode(data).text == DIARY
    assert decode(data).broken == 0


def test_traditional_and_rare_characters_survive_gb18030() -> None:
    text = "這個項目對我沒有意義，龘㐀𠀀。\n" * 10
    assert decode(text.encode("gb18030")).text == text


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf", "Co", "Cn", "Zl", "Zp"])))
def test_utf8_is_never_changed(text: str) -> None:
    kept = text.replace("\ufffd", "")
    assert decode(kept.encode()).text == kept


def test_a_file_cut_off_inside_a_character_is_still_read_as_utf8() -> None:
    decoded = decode(DIARY.encode()[:-2] + "我".encode()[:2])
    assert decoded.text.startswith("今天又加班到十点。")
    assert decoded.broken == 1


NOISE = random.Random(7).randbytes(4000)


@pytest.mark.parametrize(
    "data",
    [
        NOISE,
        b"\x89PNG\r\n\x1a\n" + struct.pack(">IIBBBBB", 300, 300, 8, 2, 0, 0, 0) + zlib.compress(NOISE),
        b"PK\x03\x04" + NOISE,
        b"\x7fELF" + bytes(2000),
        bytes(1000),
        "Hello, this is a note in the wrong encoding.".encode("utf-16-le"),
        DIARY.encode("utf-16-le"),
        "我的心情一天比一天壞，這個專案不是我的，老闆說的都不算數。".encode("big5") * 5,
        "Élan décisif : la journée a été gâchée, où aller après l'été prochain ?".encode("latin-1") * 5,
        codecs.BOM_UTF16_LE + NOISE,
    ],
    ids=[
        "noise",
        "png",
        "zip",
        "elf",
        "nul",
        "utf-16 unmarked",
        "zh utf-16 unmarked",
        "big5",
        "latin-1",
        "marked noise",
    ],
)
def test_what_is_not_text_is_refused(data: bytes) -> None:
    with pytest.raises(NotText):
        decode(data)


@given(st.binary(max_size=300))
def test_any_bytes_are_text_without_unseen_characters_or_refused(data: bytes) -> None:
    try:
        text = decode(data).text
    except NotText:
        return
    assert not any(sign in text for sign in "\x00\r\x1b\u200b\ufeff\u202e")
    text.encode()


@given(st.text(st.characters()))
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("a\r\nb\rc\u2028d", "a\nb\nc\nd"),
        ("想\x00离\u200b职\ufeff\x07", "想离职"),
        ("half \ud83d of a pair", "half \ufffd of a pair"),
        ("\ud83d\ude00", "😀"),
        ("quoted \u202eback\u202c wards", "quoted back wards"),
    ],
)
def test_what_nobody_sees_is_taken_out(raw: str, kept: str) -> None:
    assert clean(raw) == kept


@pytest.mark.parametrize(
    "text",
    [
        "שלום \u200fעולם, كيف حالك؟",
        "می\u200cخواهم",
        "h\u0335\u0321\u0322e\u0337\u0338l\u0334\u0301\u0302\u0303p",
        "👩‍👩‍👧‍👦 🇨🇳 1️⃣",
        "क\u094d\u200dष",
        "\ttab and\u00a0space\u3000wide",
    ],
)
def test_right_to_left_heaps_of_accents_and_emoji_survive(text: str) -> None:
    assert clean(text) == text


def test_a_shown_name_is_one_line_of_composed_characters() -> None:
    assert clean_name("cafe\u0301\n\x1b[31m\u202etxt.md") == "café [31mtxt.md"
    assert clean_name("bad\udcff.md") == "bad\ufffd.md"
