"""What makes an entry the same entry: bringing a file again changes nothing."""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.importing import Found, ImportProblem, Problem, read_files
from memory.importing import problems as problems_module
from memory.importing.found import build_fingerprint

TODAY = date(2025, 11, 22)
DIARY = "# 日记\n\n没有日期的话。\n\n## 3月2日\n\n我要自己决定。\n\n## 2025-03-03\n\n我不想打工。\n"


def read(*paths: Path, today: date = TODAY) -> list[Found]:
    return list(read_files(paths, today=today))


def fingerprints(found: list[Found]) -> list[str]:
    return [entry.fingerprint for one in found for entry in one.entries]


@pytest.fixture
def diary(tmp_path: Path) -> Path:
    path = tmp_path / "diary.md"
    path.write_text(DIARY, "utf-8")
    os.utime(path, (1_735_000_000, 1_735_000_000))  # 2024-12-24
    return path


def test_the_same_file_always_gives_the_same_entries(diary: Path) -> None:
    assert read(diary) == read(diary)
    assert read(diary)[0].sha256 == hashlib.sha256(DIARY.encode()).hexdigest()
    assert len(set(fingerprints(read(diary)))) == 3


def test_a_copy_with_another_time_or_read_another_year_is_the_same(diary: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copyfile(diary, tmp_path / "copy.md"))
    os.utime(copy, (1_755_000_000, 1_755_000_000))
    assert fingerprints(read(copy)) == fingerprints(read(diary))
    assert fingerprints(read(diary, today=date(2031, 1, 1))) == fingerprints(read(diary))


def test_the_same_diary_in_a_zip_is_the_same(diary: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as zipped:
        zipped.write(diary, "old/name.md")
    assert fingerprints(read(tmp_path / "a.zip")) == fingerprints(read(diary))


def test_what_was_found_once_in_an_import_is_not_found_again(diary: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copyfile(diary, tmp_path / "copy.md"))
    first, second = read(diary, copy)
    assert (len(first.entries), first.repeated) == (3, 0)
    assert (second.entries, second.repeated, second.problems) == ((), 3, ())
    assert first.sha256 == second.sha256


def test_the_same_words_on_another_day_are_another_entry(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("## 2025-03-02\n加班。\n## 2025-03-03\n加班。\n## 2025-03-03\n加班。\n", "utf-8")
    (found,) = read(path)
    assert [entry.said_on for entry in found.entries] == [date(2025, 3, 2), date(2025, 3, 3)]
    assert found.repeated == 1
    assert [entry.position for entry in found.entries] == [0, 1]


def test_an_added_day_leaves_the_other_days_as_they_were(diary: Path) -> None:
    before = set(fingerprints(read(diary)))
    diary.write_text(DIARY + "\n## 2025-03-04\n\n新的一天。\n", "utf-8")
    after = set(fingerprints(read(diary)))
    assert before < after
    assert len(after - before) == 1


@given(st.text(), st.text())
def test_spaces_and_the_encoding_of_accents_do_not_make_another_entry(one: str, two: str) -> None:
    text = f"{one} café {two}"
    assert build_fingerprint(text, "2025-03-02") == build_fingerprint(
        f"  {one}\n\ncafe\u0301\t{two} ", "2025-03-02"
    )
    assert build_fingerprint(text, "2025-03-02") != build_fingerprint(text, "2025-03-03")
    assert build_fingerprint(text, "") != build_fingerprint(text + "!", "")


PROBLEMS = [
    cls
    for cls in vars(problems_module).values()
    if isinstance(cls, type) and issubclass(cls, ImportProblem) and cls is not ImportProblem
]


@pytest.mark.parametrize("reason", PROBLEMS, ids=lambda reason: reason.__name__)
def test_every_problem_says_one_plain_sentence_under_a_key_of_its_own(reason: type[ImportProblem]) -> None:
    assert reason.key.startswith("import.problem.")
    assert sum(other.key == reason.key for other in PROBLEMS) == 1
    said = str(Problem("a.md", reason, limit=7, count=3))
    assert said.startswith("a.md: ")
    assert said.endswith(".")
    assert "{" not in said
    assert ("7" in said) == ("{limit}" in (reason.__doc__ or ""))
    assert "\n" not in said
    problem = Problem.of(reason("a.md", limit=7, count=3))
    assert problem == Problem("a.md", reason, 7, 3)
    assert (problem.key, problem.lost) == (reason.key, reason.lost)
