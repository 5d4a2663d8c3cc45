"""On which day each part of a note was written, as far as the note, its name or its file say so."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from memory.importing.dates import Day, find_day, find_year, parse_date_line, settle_year
from memory.importing.found import Dated, DatedBy

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

_DATE_FOLDER = re.compile(
    r"(?:19|20)\d\d年?|\d{1,2}月?|(?:19|20)\d\d[-_.]?\d\d(?:[-_.]?\d\d)?|(?:19|20)\d\d年\d{1,2}月"
)
_PLAIN_LINE = 0  # the level of a date that is no heading: no later heading ends its day


@dataclass(frozen=True, slots=True)
class Sources:
    """What says when a file was written.

    Attributes:
        days: the dates in its front matter.
        name: its name with folders, separated by ``/``.
        modified: the day the file was last written, in the person's zone.
        today: the person's local date; nothing was written later.
    """

    days: tuple[Day, ...]
    name: str
    modified: date | None
    today: date


def date_file(sources: Sources) -> Dated:
    """The day of the whole file: its front matter, else its name, else when it was last written."""
    stated = ((DatedBy.FRONT_MATTER, sources.days), (DatedBy.FILE_NAME, _days_in_name(sources.name)))
    for by, days in stated:
        for day in days:
            on = day.as_date()
            if on is not None and on <= sources.today:
                return Dated(on, by, whole_month=day.day is None, stated=str(day))
    if sources.modified is not None and sources.modified <= sources.today:
        return Dated(sources.modified, DatedBy.FILE_TIME)
    return Dated()


class RunningDate:
    """The date that holds at the line being read.

    A heading that is a date gives the text below it that date, until the next date or until a heading of a
    higher rank. A date without its year takes the year of the heading above it, the nearest to the day
    before it in the file, the year of the file, or the last such day that is not still to come, in this
    order.
    """

    def __init__(self, sources: Sources) -> None:
        self._file = date_file(sources)
        self._today = sources.today
        self._level = _PLAIN_LINE
        self._last: Dated | None = None
        month = self._file.on if self._file.whole_month else None
        self._context = Day(month.year, month.month) if month else Day()
        stated = self._file.stated
        year = int(stated[:4]) if stated else find_year("/".join(_date_folders(sources.name)))
        self._year = year if year is not None and year <= sources.today.year else None
        self.now = self._file

    def hear_heading(self, text: str, level: int) -> bool:
        """Takes note of a heading. True when it is only a date, and its words need not be kept."""
        line = parse_date_line(text, heading=True)
        if line is not None and self._take(line.day, level):
            return line.alone
        if level < self._level:
            self.now, self._level = self._file, _PLAIN_LINE
        return False

    def hear_line(self, text: str) -> bool:
        """Takes note of a line of text, not of a table. True when it is a date and nothing else."""
        line = None if text.startswith("|") else parse_date_line(text, heading=False)
        return line is not None and self._take(line.day, _PLAIN_LINE)

    def _take(self, day: Day, level: int) -> bool:
        if day.month is None and day.day is None:  # "# 2025": no date, but the year of what follows
            if day.year is None or day.year > self._today.year:
                return False
            self._context = Day(day.year)
            return True
        if day.month is None:
            if self._context.month is None:
                return False
            day = replace(self._context, day=day.day)
        elif day.year is None and self._context.year is not None:
            day = replace(day, year=self._context.year)
        dated = self._settle(day)
        if dated is None:
            return False
        if day.day is None:
            self._context = Day(day.year, day.month)
        else:
            self._last = dated
        self.now, self._level = dated, level
        return True

    def _settle(self, day: Day) -> Dated | None:
        near = self._last.on if self._last else None
        by_time = self._file.by is DatedBy.FILE_TIME and self._year is None
        latest = self._file.on if by_time and self._file.on else self._today
        year = self._year if self._year is not None else latest.year
        # Only a day without its year depends on the file's time: it cannot have been written after that.
        on = settle_year(day, near=near, year=year, latest=latest if day.year is None else self._today)
        if on is None:
            return None
        year_is_stated = (
            day.year is not None
            or self._year is not None
            or (self._last is not None and not self._last.stated.startswith("--"))
        )
        stated = str(replace(day, year=on.year)) if year_is_stated else str(day)
        return Dated(on, DatedBy.HEADING, whole_month=day.day is None, stated=stated)


def _days_in_name(name: str) -> Iterable[Day]:
    stem = name.rpartition("/")[2].rpartition(".")[0] or name.rpartition("/")[2]
    found = find_day(stem)
    if found is None:
        # journal/2025/03/02.md: folders count only when they are nothing but a date, unlike
        # backup-2025-11-17.
        *folders, last = _date_folders(name)
        found = find_day("-".join(part.strip("年月日号號") for part in (*folders, last))) if folders else None
    return (found,) if found else ()


def _date_folders(name: str) -> list[str]:
    """The last two folders that are nothing but parts of a date, and the file's name without its ending."""
    *folders, file = name.split("/")
    return [folder for folder in folders[-2:] if _DATE_FOLDER.fullmatch(folder)] + [
        file.rpartition(".")[0] or file
    ]
