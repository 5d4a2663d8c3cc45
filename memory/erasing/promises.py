"""Takes forgotten words out of what was made of them in the person's name: plans, goals, records, a dialogue.

Runs after the messages were deleted, in the same transaction: what is left then is what may vouch for words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update

from coaching.model import CommitmentStatus, Role
from memory.erasing.redaction import GONE, Kept, Redaction, Traces, list_strings
from memory.sql.tables import CommitmentRow, DialogueRow, GoalRow, MessageRow, RecordRow

if TYPE_CHECKING:
    from datetime import date

    from memory.erasing.forgotten import Forgotten
    from memory.sql.transaction import Transaction


class Promises:
    """What one person planned and aimed for, seen from what they want forgotten."""

    def __init__(self, tx: Transaction, user_id: int, forgotten: Forgotten, traces: Traces) -> None:
        self._db = tx.db
        self._now = tx.now
        self._user_id = user_id
        self._forgotten = forgotten
        self._traces = traces
        sqlite = tx.db.get_bind().dialect.name == "sqlite"
        self._position = func.instr if sqlite else func.strpos

    async def redact_commitments(self) -> int:
        """Redacts plans that hold forgotten words. An open one with none left cannot be asked about: it goes.

        Returns:
            How many were touched.
        """
        touched = 0
        rows = await self._db.scalars(select(CommitmentRow).where(CommitmentRow.user_id == self._user_id))
        for row in rows.all():
            values = {
                "text": await self._clean(row.text, quote=True),
                "cue": await self._clean(row.cue, quote=True),
                "visible_end": await self._clean(row.visible_end),
                "if_then": await self._clean(row.if_then),
                "result": await self._clean_result(row.result, row.result_on),
            }
            if all(getattr(row, name) == value for name, value in values.items()):
                continue
            touched += 1
            if values["text"] == GONE and row.status == CommitmentStatus.OPEN:
                await self._db.execute(delete(CommitmentRow).where(CommitmentRow.id == row.id))
            else:
                await self._db.execute(
                    update(CommitmentRow)
                    .where(CommitmentRow.id == row.id)
                    .values(**values, updated_at=self._now)
                )
        return touched

    async def redact_goals(self) -> int:
        """Redacts goals that hold forgotten words; one with no words left goes.

        Returns:
            How many were touched.
        """
        touched = 0
        rows = await self._db.scalars(select(GoalRow).where(GoalRow.user_id == self._user_id))
        for row in rows.all():
            sure = row.id in self._forgotten.goals
            values = {
                name: await self._clean(getattr(row, name), quote=True, sure=sure)
                for name in ("text", "success", "horizon")
            }
            if all(getattr(row, name) == value for name, value in values.items()):
                continue
            touched += 1
            if values["text"] == GONE:
                await self._db.execute(delete(GoalRow).where(GoalRow.id == row.id))
            else:
                await self._db.execute(update(GoalRow).where(GoalRow.id == row.id).values(**values))
        return touched

    async def redact_records(self) -> int:
        """Takes out the pieces that came from a forgotten message, numbers and all, and redacts the others.

        A record is about its piece called ``what``: without that, or with no piece left, it goes.

        Returns:
            How many were touched.
        """
        touched = 0
        rows = await self._db.scalars(select(RecordRow).where(RecordRow.user_id == self._user_id))
        for row in rows.all():
            before = row.data["pieces"]
            pieces = {}
            for name, piece in before.items():
                gone = piece["message_id"] in self._forgotten.ids
                words = GONE if gone else await self._clean(piece["text"], quote=True)
                if words != GONE:
                    pieces[name] = piece | {"text": words}
            if pieces == before:
                continue
            touched += 1
            if not pieces or ("what" in before and "what" not in pieces):
                await self._db.execute(delete(RecordRow).where(RecordRow.id == row.id))
            else:
                await self._db.execute(
                    update(RecordRow).where(RecordRow.id == row.id).values(data=row.data | {"pieces": pieces})
                )
        return touched

    async def end_dialogue(self) -> None:
        """Ends a dialogue whose state holds forgotten words: it cannot go on about nothing."""
        row = await self._db.get(DialogueRow, self._user_id)
        if row is None:
            return
        kept = Kept()
        for words in list_strings(row.state):
            kept += await self._vouched(words)
        redaction = Redaction(self._traces, kept=kept)
        if redaction.of_json(row.state, quotes=("text", "cue", "if_then", "queue")) != row.state:
            await self._db.execute(delete(DialogueRow).where(DialogueRow.user_id == self._user_id))

    async def list_kept(self) -> Kept:
        """The words of the plans, goals and records that stay."""
        commitments = await self._db.scalars(
            select(CommitmentRow).where(CommitmentRow.user_id == self._user_id)
        )
        goals = await self._db.scalars(select(GoalRow).where(GoalRow.user_id == self._user_id))
        plans = [f"{row.text}\n{row.cue}\n{row.visible_end}\n{row.if_then}" for row in commitments]
        aims = [f"{row.text}\n{row.success}\n{row.horizon}" for row in goals]
        records = await self._db.scalars(select(RecordRow.data).where(RecordRow.user_id == self._user_id))
        pieces = [piece["text"] for data in records for piece in data["pieces"].values()]
        return Kept.of([*plans, *aims, *pieces])

    async def _clean_result(self, result: str, on: date | None) -> str:
        """A result is a message of its day: where that one is forgotten, nothing else vouches for it."""
        if on is not None and Traces(self._forgotten.texts(on=on)).holds(result):
            return GONE
        return await self._clean(result, quote=True)

    async def _clean(self, words: str, *, quote: bool = False, sure: bool = False) -> str:
        if not self._traces.may_touch([words]):
            return words
        kept = Kept() if sure else await self._vouched(words)
        return Redaction(self._traces, kept=kept).of_text(words, marked=quote)

    async def _vouched(self, words: str) -> Kept:
        """Of the words that look forgotten, those that the person also said in a message that stays."""
        looks = set(self._traces.find_own(words))
        if self._traces.holds(words):
            looks.add(words)
        return Kept.of([each for each in sorted(looks) if await self._said_elsewhere(each)])

    async def _said_elsewhere(self, words: str) -> bool:
        found = await self._db.scalar(
            select(MessageRow.id)
            .where(
                MessageRow.user_id == self._user_id,
                MessageRow.role == Role.USER,
                self._position(func.lower(MessageRow.text), func.lower(words)) > 0,
            )
            .limit(1)
        )
        return found is not None
