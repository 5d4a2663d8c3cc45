"""How much one import may bring."""

from __future__ import annotations

from dataclasses import dataclass

MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one import. What lies inside them is kept, what lies outside is named.

    The numbers are chosen so that ten years of a diary, or a Telegram export without its pictures, fit with
    room, and so that nothing a stranger sends can fill the memory of a small machine.

    Attributes:
        file_bytes: the most one file may hold once unpacked. A diary of 32 MB is eleven million Chinese
            characters.
        total_bytes: the most that is read in one import, counted while reading, never taken from a header.
        files: the most files looked at, inside folders and archives together.
        ratio: how many times its own size an archive may grow to. Prose packs 3 to 10 times, a chat export
            20.
        free_bytes: what an archive may always grow to, so that a small repetitive note is not called a bomb.
        archives: how many archives may lie inside each other, the outermost counted.
        folders: how many folders deep a walk goes.
        name_chars: the longest name a file may have, its folders included.
        entries: the most entries one import yields.
        front_matter_chars: the longest front matter that is parsed.
        least: how long an entry should at least be, in characters; shorter only when there is no more to say.
        most: how long an entry may be, in characters.
    """

    file_bytes: int = 32 * MB
    total_bytes: int = 256 * MB
    files: int = 10_000
    ratio: int = 100
    free_bytes: int = MB
    archives: int = 3
    folders: int = 32
    name_chars: int = 512
    entries: int = 200_000
    front_matter_chars: int = 65_536
    least: int = 200
    most: int = 700
