"""``journal.md``: what was said by date, goals, plans with results, records and reviews, for people."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from sqlalchemy import select

from coaching.model import Channel, Role
from memory.exporting.rows import BATCH
from memory.sql.tables import CommitmentRow, GoalRow, ImportRow, MessageRow, RecordRow, ReviewRow
from prompts import text

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from coaching.model import User
    from memory.exporting.archive import Page


async def write_readable(page: Page, db: AsyncSession, user: User, now: datetime) -> None:
    """Writes the page in the person's language, with times in their zone."""
    await _Readable(page, db, user).write(now)


class _Readable:
    def __init__(self, page: Page, db: AsyncSession, user: User) -> None:
        self._page = page
        self._db = db
        self._user = user

    async def write(self, now: datetime) -> None:
        local = now.astimezone(self._user.tz)
        await self._line(f"# {self._say('title')}")
        await self._line(self._say("made", date=local.date(), time=f"{local:%H:%M}", zone=self._user.zone))
        await self._goals()
        await self._plans()
        await self._records()
        await self._reviews()
        await self._said()

    def _say(self, key: str, **values: object) -> str:
        return text(f"export.{key}", self._user.language, **values)

    async def _line(self, words: str) -> None:
        await self._page.write(f"{words}\n\n")

    async def _goals(self) -> None:
        await self._line(f"## {self._say('goals')}")
        rows = await self._db.scalars(
            select(GoalRow).where(GoalRow.user_id == self._user.id).order_by(GoalRow.id)
        )
        goals = rows.all()
        if not goals:
            await self._line(self._say("none"))
        for goal in goals:
            line = self._say("goal", text=_flat(goal.text), date=self._day(goal.created_at))
            if goal.success:
                line += self._say("success", text=_flat(goal.success))
            if goal.ended_at:
                line += self._say("ended", date=self._day(goal.ended_at))
            await self._page.write(f"- {line}\n")
        await self._page.write("\n")

    async def _plans(self) -> None:
        """Every promise under its ISO week, with what became of it."""
        await self._line(f"## {self._say('plans')}")
        rows = await self._db.scalars(
            select(CommitmentRow)
            .where(CommitmentRow.user_id == self._user.id)
            .order_by(CommitmentRow.due_on, CommitmentRow.id)
        )
        plans = rows.all()
        if not plans:
            await self._line(self._say("none"))
        for (year, week), days in groupby(plans, key=lambda row: row.due_on.isocalendar()[:2]):
            await self._line(f"### {self._say('week', year=year, week=week)}")
            for row in days:
                await self._plan(row)
            await self._page.write("\n")

    async def _plan(self, row: CommitmentRow) -> None:
        moment = f"{row.due_time:%H:%M}" if row.due_time else row.cue
        status = self._say(f"status_{row.status}")
        await self._page.write(
            f"- {self._say('plan', status=status, date=row.due_on, text=_flat(row.text))}"
            + (self._say("moment", text=_flat(moment)) if moment else "")
            + (self._say("minutes", count=row.minutes) if row.minutes else "")
            + "\n"
        )
        for key, words in (
            ("visible_end", row.visible_end),
            ("if_then", row.if_then),
            ("result", row.result),
        ):
            if words:
                await self._page.write(f"  - {self._say(key, text=_flat(words))}\n")

    async def _records(self) -> None:
        """What the tools keep, with the day of each piece; nothing at all where they were never used."""
        rows = await self._db.scalars(
            select(RecordRow)
            .where(RecordRow.user_id == self._user.id)
            .order_by(RecordRow.created_at, RecordRow.id)
        )
        records = rows.all()
        if not records:
            return
        await self._line(f"## {self._say('records')}")
        for row in records:
            kind = text(f"tools.kind.{row.kind}", self._user.language)
            if part := row.data["facts"].get("part"):
                kind += self._say("part", text=text(f"me.part_{part}", self._user.language))
            await self._page.write(f"- {self._say('record', date=row.said_on, kind=kind)}\n")
            for name, piece in row.data["pieces"].items():
                label = text(f"tools.piece.{name}", self._user.language)
                words = self._say("piece", name=label, text=_flat(piece["text"]), date=piece["said_on"])
                await self._page.write(f"  - {words}\n")
        await self._page.write("\n")

    async def _reviews(self) -> None:
        await self._line(f"## {self._say('reviews')}")
        rows = await self._db.scalars(
            select(ReviewRow).where(ReviewRow.user_id == self._user.id).order_by(ReviewRow.id)
        )
        reviews = rows.all()
        if not reviews:
            await self._line(self._say("none"))
        for row in reviews:
            week = self._say("week", year=row.year, week=row.week)
            await self._page.write(f"- {self._say('review', week=week, date=self._day(row.created_at))}\n")
        await self._page.write("\n")

    async def _said(self) -> None:
        """Both sides, day by day, each line quoted, so that a heading in a note stays somebody's words."""
        await self._line(f"## {self._say('said')}")
        result = await self._db.stream(
            select(
                MessageRow.role,
                MessageRow.channel,
                MessageRow.text,
                MessageRow.said_at,
                MessageRow.said_on,
                MessageRow.source,
                ImportRow.name,
            )
            .outerjoin(ImportRow, MessageRow.import_id == ImportRow.id)
            .where(MessageRow.user_id == self._user.id)
            .order_by(MessageRow.said_on, MessageRow.said_at, MessageRow.id)
            .execution_options(yield_per=BATCH)
        )
        day: date | None = None
        async for row in result:
            if row.said_on != day:
                day = row.said_on
                await self._line(f"### {day}")
            if row.channel == Channel.IMPORT:
                head = self._say("from_file", name=_flat(row.source or row.name or ""))
            else:
                who = self._say("coach" if row.role == Role.COACH else "you")
                voice = self._say("voice") if row.channel == Channel.VOICE else ""
                head = f"{row.said_at.astimezone(self._user.tz):%H:%M} {who}{voice}"
            quoted = "\n".join(f"> {line}".rstrip() for line in row.text.splitlines())
            await self._line(f"**{head}**\n\n{quoted}")

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self._user.tz).date()


def _flat(words: str) -> str:
    """On one line, as a list wants it."""
    return " ".join(words.split())
