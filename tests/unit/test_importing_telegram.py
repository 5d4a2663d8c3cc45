"""Telegram Desktop's export: the person's own messages, with their dates."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory.importing import DatedBy, Found, read_files
from memory.importing.problems import Empty, GroupChats, ImportProblem, NotAnExport, NotText, UnknownSender
from memory.importing.telegram import read_telegram

TODAY = date(2025, 11, 22)
ME, ANN = "user111", "user222"


def message(text: object, sender: str | int | None = ME, **more: object) -> dict[str, Any]:
    return {
        "id": 1,
        "type": "message",
        "date": "2025-03-02T23:30:00",
        "date_unixtime": "1740929400",
        "from": "Me" if sender == ME else "Ann",
        "from_id": sender,
        "text": text,
    } | more


def chat(
    *messages: object, kind: str = "personal_chat", number: object = 222, name: object = "Ann"
) -> dict[str, Any]:
    return {"name": name, "type": kind, "id": number, "messages": list(messages)}


def everything(*chats: object) -> dict[str, Any]:
    return {"personal_information": {"user_id": 111}, "chats": {"about": "", "list": list(chats)}}


def read(folder: Path, export: object, name: str = "result.json") -> Found:
    path = folder / name
    path.write_bytes(export if isinstance(export, bytes) else json.dumps(export).encode())
    os.utime(path, (1_750_000_000, 1_750_000_000))  # 2025-06-15
    (found,) = read_files([path], today=TODAY)
    return found


def texts(found: Found) -> list[str]:
    return [entry.text for entry in found.entries]


def reasons(found: Found) -> list[type[ImportProblem]]:
    return [problem.reason for problem in found.problems]


def test_only_the_persons_own_messages_are_found_with_their_day_and_moment(tmp_path: Path) -> None:
    found = read(tmp_path, chat(message("我想离职。"), message("别冲动", ANN), message("I want out.")))
    assert texts(found) == ["我想离职。", "I want out."]
    entry = found.entries[0]
    assert (entry.said_on, entry.dated_by) == (date(2025, 3, 2), DatedBy.TELEGRAM)
    assert entry.said_at == datetime(2025, 3, 2, 15, 30, tzinfo=UTC)
    assert (entry.title, entry.source) == ("Ann", "result.json")
    assert not found.problems


def test_a_text_made_of_marked_parts_is_one_text(tmp_path: Path) -> None:
    parts = [
        "看 ",
        {"type": "bold", "text": "这个"},
        {"type": "link", "text": "https://a.b"},
        7,
        None,
        {"type": "x"},
    ]
    assert texts(read(tmp_path, chat(message(parts), message("", ANN)))) == ["看 这个https://a.b"]


def test_forwarded_empty_and_service_messages_are_not_the_persons_words(tmp_path: Path) -> None:
    export = chat(
        message("别人的文章", forwarded_from="Somebody"),
        message(""),
        message([]),
        message("打电话", type="service"),
        message("照片下面的话", photo="photos/1.jpg"),
        message("x", ANN),
    )
    assert texts(read(tmp_path, export)) == ["照片下面的话"]


def test_saved_messages_are_all_the_persons_own_but_for_what_was_forwarded(tmp_path: Path) -> None:
    export = chat(message("记一下"), message("转来的", forwarded_from="X"), kind="saved_messages", number=111)
    assert texts(read(tmp_path, export)) == ["记一下"]


def test_older_exports_without_prefix_or_unix_time_are_read(tmp_path: Path) -> None:
    old = [message("我说的", 111), message("她说的", 222)]
    for one in old:
        del one["date_unixtime"]
    found = read(tmp_path, chat(*old))
    assert texts(found) == ["我说的"]
    assert (found.entries[0].said_on, found.entries[0].said_at) == (date(2025, 3, 2), None)


def test_where_numbers_do_not_match_the_chats_name_tells_who_the_other_one_is(tmp_path: Path) -> None:
    export = chat(message("我说的"), message("她说的", ANN), number=4_297_000_000)
    assert texts(read(tmp_path, export)) == ["我说的"]
    only_hers = chat(message("她说的", ANN), number=4_297_000_000)
    assert texts(read(tmp_path, only_hers)) == []


def test_when_nothing_tells_who_is_who_nothing_is_taken(tmp_path: Path) -> None:
    export = chat(message("谁说的"), message("谁说的呢", ANN), number=999, name="Somebody else")
    found = read(tmp_path, export)
    assert (texts(found), reasons(found)) == ([], [UnknownSender])


def test_an_export_of_everything_gives_the_chats_of_two_and_names_the_groups(tmp_path: Path) -> None:
    export = everything(
        chat(message("给安的"), message("给我的", ANN)),
        chat(message("给机器人的"), kind="bot_chat", number=333),
        chat(message("群里的"), kind="private_group"),
        chat(message("频道里的"), kind="public_channel"),
    )
    found = read(tmp_path, export)
    assert texts(found) == ["给安的", "给机器人的"]
    assert [(problem.reason, problem.count) for problem in found.problems] == [(GroupChats, 2)]


def test_a_group_alone_gives_a_clear_no(tmp_path: Path) -> None:
    assert reasons(read(tmp_path, chat(message("群里的"), kind="private_supergroup"))) == [GroupChats, Empty]


def test_a_message_from_the_future_or_without_a_date_falls_back_to_the_file(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        chat(message("以后", date="2030-01-01T00:00:00"), message("没日期", date=None), message("x", ANN)),
    )
    assert {(entry.said_on, entry.dated_by, entry.said_at) for entry in found.entries} == {
        (date(2025, 6, 15), DatedBy.FILE_TIME, None)
    }


def test_halves_of_pairs_and_line_signs_in_a_message_are_mended(tmp_path: Path) -> None:
    raw = json.dumps(
        chat(message("半个\ud83d字\u2028下一行\u0000"), message("x", ANN)), ensure_ascii=True
    ).encode()
    assert texts(read(tmp_path, raw)) == ["半个\ufffd字\n下一行"]
    unescaped = json.dumps(chat(message("上\u2028下"), message("x", ANN)), ensure_ascii=False).encode()
    assert texts(read(tmp_path, unescaped)) == ["上\n下"]


def test_a_long_message_is_cut_and_keeps_its_moment(tmp_path: Path) -> None:
    found = read(
        tmp_path, chat(message("".join(f"第{n}句话说完了。" for n in range(200))), message("x", ANN))
    )
    assert len(found.entries) > 2
    assert len({entry.said_at for entry in found.entries}) == 1
    assert all(len(entry.text) <= 700 for entry in found.entries)


@pytest.mark.parametrize(
    "content",
    [
        b"{", b"[]", b"{}", b"null", b'"text"', b'{"messages": 3}', b'{"messages": []}',
        b'{"chats": {"list": [1]}}',
        b"[" * 100_000, b"9" * 10_000, b'{"chats": [' + b"[" * 50_000, b'{"a": NaN}', "日记".encode(),
    ],
)  # fmt: skip
def test_json_that_is_no_export_is_refused(tmp_path: Path, content: bytes) -> None:
    assert reasons(read(tmp_path, content)) == [NotAnExport]


def test_json_that_is_no_text_is_refused(tmp_path: Path) -> None:
    assert reasons(read(tmp_path, b"\x00\x01\x02\xff" * 100)) == [NotText]


JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.text(max_size=5),
        st.sampled_from([ME, ANN, 111, "personal_chat", "message"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["type", "text", "from_id", "from", "date", "date_unixtime", "id"]), inner
        ),
    ),
    max_leaves=12,
)


def test_a_chat_nobody_can_be_told_apart_in_is_counted_and_the_others_are_read() -> None:
    unclear = chat(message("谁"), message("谁呢", ANN), number=999, name="Somebody else")
    export = read_telegram(
        json.dumps({"chats": {"list": [chat(message("我"), message("x", ANN)), unclear]}}).encode()
    )
    assert [said.text for said in export.said] == ["我"]
    assert [(type(note), note.count) for note in export.notes] == [(UnknownSender, 1)]


@pytest.mark.parametrize(
    "broken", [{"date": "yesterday"}, {"date_unixtime": "soon"}, {"date_unixtime": "9" * 30}]
)
def test_a_date_that_is_none_is_left_out(broken: dict[str, str]) -> None:
    export = chat(message("我", **broken), message("x", ANN))
    (said,) = read_telegram(json.dumps(export).encode()).said
    assert (said.on is None) == ("date" in broken)
    assert (said.at is None) == ("date_unixtime" in broken)


@settings(max_examples=60)
@given(st.lists(JSON, max_size=4), JSON, JSON, JSON)
def test_no_shape_of_messages_makes_reading_fail(
    messages: list[object], number: object, name: object, kind: object
) -> None:
    for export in (
        chat(*messages, number=number, name=name),
        everything({"type": kind, "messages": messages, "id": number, "name": name}, kind),
    ):
        try:
            said = read_telegram(json.dumps(export).encode()).said
        except ImportProblem:
            continue
        assert all(one.text for one in said)
