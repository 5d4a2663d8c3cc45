"""Zips, opened without trusting them: what is fine in them is kept, the rest is named."""

from __future__ import annotations

import io
import random
import stat
import struct
import zipfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memory.importing import DatedBy, Found, Limits, read_files
from memory.importing.limits import MB
from memory.importing.problems import (
    BrokenZip,
    Damaged,
    Empty,
    Encrypted,
    ImportProblem,
    LeftAside,
    LinkInZip,
    NameTooLong,
    NotText,
    TooBig,
    TooDeep,
    TooManyFiles,
    TooMuch,
    UnknownPacking,
    UnsafeName,
    ZipBomb,
)

TODAY = date(2025, 11, 22)
TIME = (2025, 6, 1, 20, 0, 0)
GOOD = "好.md"
WORDS = "我要自己决定。"
CENTRAL, LOCAL = b"PK\x01\x02", b"PK\x03\x04"


def info(name: str, *, time: tuple[int, int, int, int, int, int] = TIME) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, time)
    member.compress_type = zipfile.ZIP_DEFLATED
    return member


def pack(*members: tuple[str | zipfile.ZipInfo, str | bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped:
        for member, content in members:
            zipped.writestr(info(member) if isinstance(member, str) else member, content)
    return file.getvalue()


def build_noise(size: int) -> bytes:
    return random.Random(7).randbytes(size)


def read(folder: Path, data: bytes, limits: Limits | None = None, name: str = "notes.zip") -> list[Found]:
    (folder / name).write_bytes(data)
    return list(read_files([folder / name], today=TODAY, limits=limits))


def texts(found: list[Found]) -> dict[str, str]:
    return {one.name: "|".join(entry.text for entry in one.entries) for one in found if one.entries}


def problems(found: list[Found]) -> dict[str, type[ImportProblem]]:
    return {problem.name: problem.reason for one in found for problem in one.problems}


def test_notes_in_folders_of_a_zip_are_read_with_their_days(tmp_path: Path) -> None:
    data = pack(
        ("2025/2025-03-02.md", "第一天。"),
        ("a/b/c.txt", "不知道哪天。"),
        ("chat/result.json", '{"type": "personal_chat", "id": 2, "messages": []}'),
    )
    found = read(tmp_path, data)
    assert texts(found) == {"notes.zip/2025/2025-03-02.md": "第一天。", "notes.zip/a/b/c.txt": "不知道哪天。"}
    assert [(e.said_on, e.dated_by, e.source) for one in found for e in one.entries] == [
        (date(2025, 3, 2), DatedBy.FILE_NAME, "notes.zip/2025/2025-03-02.md"),
        (date(2025, 6, 1), DatedBy.FILE_TIME, "notes.zip/a/b/c.txt"),
    ]
    assert problems(found) == {"notes.zip/chat/result.json": Empty}


@pytest.mark.parametrize("time", [(1980, 1, 1, 0, 0, 0), (2030, 1, 1, 0, 0, 0)])
def test_a_zip_without_times_or_with_times_to_come_dates_nothing(
    tmp_path: Path, time: tuple[int, int, int, int, int, int]
) -> None:
    (found,) = read(tmp_path, pack((info("a.txt", time=time), WORDS)))
    assert found.entries[0].said_on is None


def test_pictures_are_counted_once_and_hidden_files_not_at_all(tmp_path: Path) -> None:
    data = pack(
        ("a.jpg", b"\xff\xd8"), ("b/c.png", b"x"), ("messages.html", "x"), ("other.json", "{}"),
        ("__MACOSX/._a.md", b"\0"), (".obsidian/app.md", "x"), ("x/.hidden.txt", "x"), (GOOD, WORDS),
    )  # fmt: skip
    found = read(tmp_path, data)
    assert texts(found) == {f"notes.zip/{GOOD}": WORDS}
    assert [(p.reason, p.count) for one in found for p in one.problems] == [(LeftAside, 4)]


def test_a_zip_with_nothing_to_read_in_it_is_called_empty(tmp_path: Path) -> None:
    assert problems(read(tmp_path, pack())) == {"notes.zip": Empty}
    assert problems(read(tmp_path, pack((".hidden.md", WORDS)))) == {"notes.zip": Empty}


def test_zips_in_zips_are_read_to_a_depth(tmp_path: Path) -> None:
    data = pack(("a.md", "最里面。"))
    for level in range(3):
        data = pack((f"inner{level}.zip", data), (f"{level}.md", f"第{level}层。"))
    found = read(tmp_path, data)
    assert set(texts(found).values()) == {"第2层。", "第1层。", "第0层。"}
    assert problems(found) == {"notes.zip/inner2.zip/inner1.zip/inner0.zip": TooDeep}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/cron.md", "cron.md"),
        ("/etc/passwd.md", "passwd.md"),
        ("C:/windows/a.md", "a.md"),
        ("a/../../b.md", "b.md"),
        ("..\\..\\c.md", "c.md"),
    ],
)
def test_a_name_that_points_outside_is_refused_and_never_shown_whole(
    tmp_path: Path, name: str, shown: str
) -> None:
    found = read(tmp_path, pack((name, "x"), (GOOD, WORDS)))
    assert problems(found) == {f"notes.zip/{shown}": UnsafeName}
    assert texts(found) == {f"notes.zip/{GOOD}": WORDS}
    assert [path.name for path in tmp_path.iterdir()] == ["notes.zip"]


def test_folders_written_with_backslashes_are_folders(tmp_path: Path) -> None:
    assert texts(read(tmp_path, pack(("日记\\2025\\a.md", WORDS)))) == {"notes.zip/日记/2025/a.md": WORDS}


def test_a_chinese_name_in_gbk_is_read_and_dates_its_file(tmp_path: Path) -> None:
    name = "日记2025年3月.md"
    placeholder = "x" * len(name.encode("gbk"))
    data = pack((placeholder, WORDS)).replace(placeholder.encode(), name.encode("gbk"))
    (found,) = read(tmp_path, data)
    assert found.name == f"notes.zip/{name}"
    assert found.entries[0].said_on == date(2025, 3, 1)


def test_a_utf8_name_that_does_not_say_so_is_read(tmp_path: Path) -> None:
    name = "日记.md"
    placeholder = "x" * len(name.encode())
    (found,) = read(tmp_path, pack((placeholder, WORDS)).replace(placeholder.encode(), name.encode()))
    assert found.name == f"notes.zip/{name}"


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    link = info("link.md")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    found = read(tmp_path, pack((link, "/etc/passwd"), (GOOD, WORDS)))
    assert problems(found) == {"notes.zip/link.md": LinkInZip}
    assert texts(found) == {f"notes.zip/{GOOD}": WORDS}


def test_a_locked_file_is_named_and_the_open_ones_are_read(tmp_path: Path) -> None:
    data = bytearray(pack(("locked.md", "x" * 50), (GOOD, WORDS)))
    data[data.index(LOCAL) + 6] |= 1
    data[data.index(CENTRAL) + 8] |= 1
    found = read(tmp_path, bytes(data))
    assert problems(found) == {"notes.zip/locked.md": Encrypted}
    assert texts(found) == {f"notes.zip/{GOOD}": WORDS}


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_unusual_packings_are_refused_by_name(tmp_path: Path, method: int) -> None:
    unusual = info("a.md")
    unusual.compress_type = method
    found = read(tmp_path, pack((unusual, "x"), (GOOD, WORDS)))
    assert problems(found) == {"notes.zip/a.md": UnknownPacking}
    assert texts(found) == {f"notes.zip/{GOOD}": WORDS}


def test_a_damaged_file_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    stored = info("broken.md")
    stored.compress_type = zipfile.ZIP_STORED
    data = pack((stored, b"the original words"), (GOOD, WORDS)).replace(
        b"the original words", b"the changed! words"
    )
    found = read(tmp_path, data)
    assert problems(found) == {"notes.zip/broken.md": Damaged}
    assert texts(found) == {f"notes.zip/{GOOD}": WORDS}


@pytest.mark.parametrize("claimed", [1, 10, 2**31])
def test_a_size_that_lies_is_found_out_while_reading(tmp_path: Path, claimed: int) -> None:
    data = bytearray(pack(("liar.md", WORDS * 50), (GOOD, WORDS)))
    struct.pack_into("<I", data, data.index(CENTRAL) + 24, claimed)
    found = read(tmp_path, bytes(data))
    assert texts(found)[f"notes.zip/{GOOD}"] == WORDS
    if claimed < 2**31:
        assert problems(found) == {"notes.zip/liar.md": Damaged}
    else:
        assert problems(found) == {}  # a promise of more than there is harms nobody


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a zip at all",
        b"PK\x03\x04" + bytes(100),
        pack((GOOD, WORDS))[:-30],
        pack((GOOD, WORDS))[40:],
    ],
    ids=["empty", "text", "only a head", "cut off", "without its head"],
)
def test_a_broken_zip_is_named(tmp_path: Path, data: bytes) -> None:
    found = read(tmp_path, data)
    assert not texts(found)
    assert set(problems(found).values()) <= {BrokenZip, Damaged}
    assert problems(found)


def test_a_real_zip_bomb_is_closed_and_what_came_before_is_kept(tmp_path: Path) -> None:
    bomb = pack((GOOD, WORDS), ("bomb.txt", b"a" * 30 * MB), ("after.md", "后面的。"))
    assert len(bomb) < 100_000
    found = read(tmp_path, bomb)
    assert texts(found) == {f"notes.zip/{GOOD}": WORDS}
    assert problems(found) == {"notes.zip": ZipBomb}


def test_a_bomb_in_a_zip_in_a_zip_is_closed_and_its_neighbours_are_read(tmp_path: Path) -> None:
    bomb = pack(("bomb.txt", b"a" * 20 * MB))
    assert len(bomb) < 40_000
    noise = build_noise(400_000)  # makes the outer archive too large to blame
    found = read(tmp_path, pack(("noise.md", noise), ("inner.zip", bomb), (GOOD, WORDS)))
    assert problems(found) == {"notes.zip/noise.md": NotText, "notes.zip/inner.zip": ZipBomb}
    assert texts(found) == {f"notes.zip/{GOOD}": WORDS}


def test_many_small_parts_that_grow_together_are_a_bomb(tmp_path: Path) -> None:
    parts = [(f"{number}.txt", b"a" * (MB - 1)) for number in range(40)]
    found = read(tmp_path, pack(*parts))
    assert problems(found)["notes.zip"] is ZipBomb
    assert sum(len(one.entries) + one.repeated for one in found) * 700 < 10 * MB


def test_parts_that_overlap_are_a_bomb(tmp_path: Path) -> None:
    data = pack(("one.md", "x" * 1000), ("two.md", "y" * 1000))
    first, second = data.index(CENTRAL), data.index(CENTRAL, data.index(CENTRAL) + 4)
    overlapping = bytearray(data)
    overlapping[second + 42 : second + 46] = data[first + 42 : first + 46]
    assert problems(read(tmp_path, bytes(overlapping))) == {"notes.zip": ZipBomb}


def test_a_small_repetitive_note_is_no_bomb(tmp_path: Path) -> None:
    found = read(tmp_path, pack(("a.md", "今天加班。\n" * 20_000)))
    assert not problems(found)


def test_a_honest_archive_of_prose_is_no_bomb(tmp_path: Path) -> None:
    noise = build_noise(140_000)
    notes = [
        (f"{n}.md", "".join(chr(0x4E00 + 16 * byte + n % 16) for byte in noise[2000 * n : 2000 * n + 18_000]))
        for n in range(60)
    ]
    data = pack(*notes)
    assert sum(len(text.encode()) for _, text in notes) > 3 * MB
    found = read(tmp_path, data)
    assert not problems(found)
    assert len(texts(found)) == 60


def test_more_files_than_the_limit_end_the_import_after_those_before(tmp_path: Path) -> None:
    found = read(tmp_path, pack(*((f"{n}.md", f"第{n}篇。") for n in range(8))), Limits(files=5))
    assert len(texts(found)) == 5
    assert problems(found) == {"notes.zip": TooManyFiles}


def test_a_list_of_files_that_is_far_too_long_is_not_even_read(tmp_path: Path) -> None:
    empty = pack()
    end = bytearray(empty)
    directory = bytearray()
    entry = struct.pack("<4s6H3I5H2I", CENTRAL, 20, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    directory += entry * 60_000
    struct.pack_into("<HHII", end, 8, 60_000, 60_000, len(directory), 0)
    assert problems(read(tmp_path, bytes(directory + end), Limits(files=100))) == {"notes.zip": TooManyFiles}


def test_one_file_too_large_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    noise = build_noise(3 * MB).hex()
    found = read(tmp_path, pack(("big.md", noise), (GOOD, WORDS)), Limits(file_bytes=2 * MB))
    assert [(p.name, p.reason, p.limit) for one in found for p in one.problems] == [
        ("notes.zip/big.md", TooBig, 2)
    ]
    assert texts(found) == {f"notes.zip/{GOOD}": WORDS}


def test_all_together_too_large_ends_the_import_and_keeps_what_came_before(tmp_path: Path) -> None:
    noise = build_noise(MB).hex()
    found = read(
        tmp_path, pack((GOOD, WORDS), ("big.md", noise), ("z.md", "后面的。")), Limits(total_bytes=MB)
    )
    assert texts(found) == {f"notes.zip/{GOOD}": WORDS}
    assert problems(found) == {"notes.zip/big.md": TooMuch}


def test_a_name_that_is_too_long_is_refused_and_shown_short(tmp_path: Path) -> None:
    found = read(tmp_path, pack(("a/" * 400 + "b.md", "x"), (GOOD, WORDS)))
    ((name, reason),) = problems(found).items()
    assert reason is NameTooLong
    assert len(name) < 100
    assert texts(found) == {f"notes.zip/{GOOD}": WORDS}


WHOLE = pack(("a.md", WORDS * 20), ("b/2025-03-02.txt", "x y z. " * 40), ("in.zip", pack(("c.md", "里面。"))))


@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=12))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_change_to_its_bytes_makes_reading_a_zip_fail(
    tmp_path: Path, changes: list[tuple[int, int]]
) -> None:
    data = bytearray(WHOLE)
    for at, value in changes:
        data[at] = value
    for one in read(tmp_path, bytes(data)):
        assert one.name.startswith("notes.zip")
        assert one.entries or one.problems or one.repeated


@given(st.integers(0, len(WHOLE)), st.integers(0, len(WHOLE)))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_missing_part_makes_reading_a_zip_fail(tmp_path: Path, start: int, stop: int) -> None:
    found = read(tmp_path, WHOLE[:start] + WHOLE[stop:])
    assert texts(found) or problems(found)
