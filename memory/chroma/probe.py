"""Opens a Chroma directory in a process of its own: a damaged one may crash the interpreter that opens it.

Run as ``python -m memory.chroma.probe FOLDER [USER_ID …]``. Exit code 0: every collection named (all of them
when none is) opened, counted and answered a question.
"""

from __future__ import annotations

import sys
from pathlib import Path

from memory.chroma.vectors import IndexBroken, open_folder


def probe(folder: Path, people: list[int]) -> bool:
    """Whether the directory can be used."""
    try:
        index = open_folder(folder, keep_open=8)
        held = index.list_people()
        for user_id in people or held:
            if user_id in held:
                index.look(user_id)
        index.close()
    except IndexBroken:
        return False
    return True


if __name__ == "__main__":
    sys.exit(0 if probe(Path(sys.argv[1]), [int(name) for name in sys.argv[2:]]) else 1)
