"""Reads what people bring: notes, diaries, a Telegram export, a zip of them. Pure code, no database.

``read_files`` is the door; it yields a ``Found`` for each file, with its entries and what was wrong with it.
``read_text`` gives the words of one note, uncut, to be read and not kept.
"""

from memory.importing.found import DatedBy, Entry, Found, Progress
from memory.importing.limits import Limits
from memory.importing.problems import ImportProblem, Problem
from memory.importing.reading import read_files, read_text

__all__ = [
    "DatedBy",
    "Entry",
    "Found",
    "ImportProblem",
    "Limits",
    "Problem",
    "Progress",
    "read_files",
    "read_text",
]
