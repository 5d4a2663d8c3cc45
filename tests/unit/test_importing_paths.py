"""What people name on the command line: files, folders, links, pipes and things that are not there."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from memory.importing import Found, ImportProblem, Limits, Progress, read_files
from memory.importing.limits import MB
from memory.importing.opening import Waiting, open_waiting
from memory.importing.problems import (
    Empty,
    LeftAside,
    Missing,
    NameTooLong,
    NoPermission,
    NotAFile,
    TooBig,
    TooDeep,
    TooManyEntries,
    TooManyFiles,
    TooMuch,
    UnknownKind,
    Unreadable,
)

TODAY = date(2025, 11, 22)
NOBODY = 65534


def read(*paths: Path, limits: Limits | None = None) -> list[Found]:
    return list(read_files(paths, today=TODAY, limits=limits))


def names(found: list[Found]) -> list[str]:
    return [one.name for one in found if one.entries]


def problems(found: list[Found]) -> dict[str, type[ImportProblem]]:
    return {problem.name: problem.reason for one in found for problem in one.problems}


def write(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text or f"写在{path.name}里的话。", "utf-8")
    return path


@pytest.fixture
def plain_user() -> Iterator[Path]:
    """A folder anybody may enter, read as somebody who is not root, because root may open everything."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    root = os.geteuid() == 0
    try:
        yield folder
    finally:
        if root:
            os.seteuid(0)
        for path in folder.rglob("*"):
            path.chmod(0o700)
        shutil.rmtree(folder)


def drop_privileges() -> None:
    if os.geteuid() == 0:
        os.seteuid(NOBODY)


def test_a_folder_is_walked_in_order_and_names_begin_with_it(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    for name in ("b.md", "a.txt", "2025/03/02.md", "2025/c.MARKDOWN"):
        write(folder / name)
    found = read(folder)
    assert names(found) == [
        "journal/2025/03/02.md",
        "journal/2025/c.MARKDOWN",
        "journal/a.txt",
        "journal/b.md",
    ]
    assert found[0].entries[0].said_on == date(2025, 3, 2)
    assert not problems(found)


def test_no_name_is_an_absolute_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "home" / "a.md")
    monkeypatch.chdir(tmp_path / "home")
    found = [
        *read(tmp_path / "home"),
        *read(Path()),
        *read(Path("..")),
        *read(Path("a.md")),
        *read(Path("/nowhere.md")),
    ]
    shown = [one.name for one in found] + [entry.source for one in found for entry in one.entries]
    assert "home/a.md" in shown
    assert "a.md" in shown
    assert "nowhere.md" in shown
    assert not any(name.startswith("/") or str(tmp_path) in name for name in shown)


def test_hidden_files_are_not_looked_at_and_others_counted_once(tmp_path: Path) -> None:
    folder = tmp_path / "vault"
    for name in (
        ".obsidian/app.md",
        ".trash.md",
        "__MACOSX/a.md",
        "a.png",
        "b/c.pdf",
        "d.json",
        "Makefile",
        "note.md",
    ):
        write(folder / name)
    found = read(folder)
    assert names(found) == ["vault/note.md"]
    assert [(p.name, p.reason, p.count) for one in found for p in one.problems] == [("vault", LeftAside, 4)]


@pytest.mark.parametrize("name", ["a.pdf", "a.docx", "a.html", "a.md.exe"])
def test_a_kind_that_cannot_be_read_is_named_when_it_was_chosen(tmp_path: Path, name: str) -> None:
    assert problems(read(write(tmp_path / name))) == {name: UnknownKind}


def test_a_chosen_file_needs_no_ending_and_any_json_may_be_an_export(tmp_path: Path) -> None:
    message = '{"type": "message", "from_id": "user1", "text": "记下"}'
    export = f'{{"type": "saved_messages", "id": 1, "messages": [{message}]}}'
    found = read(write(tmp_path / "diary"), write(tmp_path / "ChatExport.json", export))
    assert names(found) == ["diary", "ChatExport.json"]


def test_what_is_not_there_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    good = write(tmp_path / "a.md")
    odd = tmp_path / "nul\0byte.md"
    found = read(tmp_path / "missing.md", good, good / "below.md", odd)
    assert names(found) == ["a.md"]
    assert problems(found) == {"missing.md": Missing, "below.md": Missing, "nulbyte.md": Missing}


def test_a_file_or_a_folder_without_permission_is_named_and_the_rest_is_read(plain_user: Path) -> None:
    for name in ("a.md", "locked.md", "locked/b.md", "z.zip"):
        write(plain_user / name)
    for name in ("locked.md", "locked", "z.zip"):
        (plain_user / name).chmod(0)
    drop_privileges()
    found = read(plain_user)
    top = plain_user.name
    assert names(found) == [f"{top}/a.md"]
    assert problems(found) == {
        f"{top}/locked.md": NoPermission,
        f"{top}/locked": NoPermission,
        f"{top}/z.zip": NoPermission,
    }


def test_a_pipe_is_refused_and_never_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.md"
    os.mkfifo(pipe)
    assert problems(read(pipe)) == {"pipe.md": NotAFile}
    assert problems(read(tmp_path)) == {tmp_path.name: LeftAside}
    with pytest.raises(NotAFile):
        open_waiting(Waiting(pipe, "pipe.md", 0, TODAY))


def test_links_in_a_folder_are_not_followed_and_a_chosen_link_is(tmp_path: Path) -> None:
    target = write(tmp_path / "outside" / "a.md")
    folder = tmp_path / "folder"
    write(folder / "own.md")
    (folder / "link.md").symlink_to(target)
    (folder / "loop").symlink_to(folder)
    found = read(folder)
    assert names(found) == ["folder/own.md"]
    assert [(p.reason, p.count) for one in found for p in one.problems] == [(LeftAside, 2)]
    assert names(read(folder / "link.md")) == ["link.md"]


def test_a_walk_goes_only_so_deep(tmp_path: Path) -> None:
    write(tmp_path / "a" / "b" / "c" / "deep.md")
    write(tmp_path / "a" / "near.md")
    found = read(tmp_path / "a", limits=Limits(folders=2))
    assert names(found) == ["a/near.md"]
    assert problems(found) == {"a/b/c": TooDeep}


def test_a_name_that_is_too_long_is_refused_and_shown_short(tmp_path: Path) -> None:
    found = read(
        tmp_path / ("x" * 300 + ".md"), write(tmp_path / ("y" * 100 + ".md")), limits=Limits(name_chars=50)
    )
    assert set(problems(found).values()) == {NameTooLong}
    assert all(len(name) < 100 for name in problems(found))


def test_a_file_that_is_too_large_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    big, small = write(tmp_path / "big.md", "我" * MB), write(tmp_path / "small.md")
    found = read(big, small, limits=Limits(file_bytes=2 * MB))
    assert names(found) == ["small.md"]
    assert problems(found) == {"big.md": TooBig}
    assert str(found[0].problems[0]) == "big.md: It is larger than 2 MB."


def test_too_much_altogether_keeps_what_came_before(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{n}.md", f"第{n}篇。" + "字" * 200_000) for n in range(5)]
    found = read(*paths, tmp_path / "missing.md", limits=Limits(total_bytes=MB))
    assert names(found) == ["0.md"]
    assert problems(found) == {"1.md": TooMuch, "missing.md": Missing}


def test_too_many_files_keep_those_before(tmp_path: Path) -> None:
    for number in range(9):
        write(tmp_path / f"{number}.md")
    found = read(tmp_path, limits=Limits(files=4))
    assert len(names(found)) == 4
    assert list(problems(found).values()) == [TooManyFiles]


def test_too_many_entries_keep_those_before(tmp_path: Path) -> None:
    first = write(tmp_path / "a.md", "".join(f"## 2025-01-{day:02}\n好。\n" for day in range(1, 11)))
    found = read(first, write(tmp_path / "b.md"), limits=Limits(entries=7))
    assert len(found[0].entries) == 7
    assert problems(found) == {"a.md": TooManyEntries}
    assert names(found) == ["a.md"]


def test_progress_never_goes_back_and_ends_at_the_whole(tmp_path: Path) -> None:
    for number in range(5):
        write(tmp_path / f"{number}.md")
    heard: list[Progress] = []
    list(read_files([tmp_path], today=TODAY, on_progress=heard.append))
    done = [progress.done for progress in heard]
    assert done == sorted(done)
    assert done[-1] == heard[-1].total == sum(path.stat().st_size for path in tmp_path.iterdir())


def test_reading_waits_until_it_is_asked(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a.md"), write(tmp_path / "b.md")
    reading = read_files([first, second], today=TODAY)
    assert next(reading).name == "a.md"
    second.write_text("改过的话。", "utf-8")
    assert next(reading).entries[0].text == "改过的话。"


def test_a_file_that_goes_away_meanwhile_is_named(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a.md"), write(tmp_path / "b.md")
    reading = read_files([first, second], today=TODAY)
    next(reading)
    second.unlink()
    assert problems(list(reading)) == {"b.md": Missing}


def test_a_folder_and_a_file_with_nothing_in_them_are_called_empty(tmp_path: Path) -> None:
    assert problems(read(tmp_path)) == {tmp_path.name: Empty}
    (tmp_path / "a.md").touch()
    assert problems(read(tmp_path)) == {f"{tmp_path.name}/a.md": Empty}


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that opens and cannot be read")
def test_a_file_that_fails_while_it_is_read_is_named() -> None:
    assert problems(read(Path("/proc/self/mem"))) == {"mem": Unreadable}
