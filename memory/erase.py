"""Forgetting: one memory, a span of days, the last import, or a whole person.

Everything here runs inside one write transaction, so that either all of it is gone or nothing is. After the
commit ``scrub`` wipes the database's files, and the recall index follows by the rows left in ``index_ops``:

- ``remove`` with a message's id: take it out of the index;
- ``forget`` with message id 0: everything of this user, and Chroma is built anew in a fresh folder, because
  it keeps deleted vectors in its files.

The index looks up what a message is now, because SQLite may give a freed id again. Exports that the person
asked for are theirs, and stay where they were put.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, func, insert, select, true, update

from memory.erasing.figures import link_figures
from memory.erasing.forgotten import Forgotten, chunks, gather
from memory.erasing.history import redact_history
from memory.erasing.people import find_seqs, list_updates
from memory.erasing.promises import Promises
from memory.erasing.redaction import Traces
from memory.erasing.replies import Replies
from memory.erasing.wiping import scrub
from memory.sql.tables import (
    CommitmentRow,
    GoalRow,
    ImportRow,
    InboxRow,
    IndexOpRow,
    MessageRow,
    QuoteRow,
    UsedTextRow,
    UserRow,
    VectorRow,
)

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from sqlalchemy import ColumnElement

    from memory.sql.transaction import Transaction

FORGET = "forget"  # the op of index_ops that memory/recall/rows.py knows under the same name

__all__ = ["Receipt", "forget_messages", "forget_user", "redact_history", "scrub", "undo_last_import"]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was erased.

    Attributes:
        messages: the person's own lines. The coach's count for a whole person, and where only they went.
        quotes: places where the coach had given the words back.
        vectors: of the messages that went.
        commitments: plans that were redacted or went.
        goals: goals that were redacted or went.
    """

    messages: int = 0
    quotes: int = 0
    vectors: int = 0
    commitments: int = 0
    goals: int = 0


async def forget_messages(
    tx: Transaction,
    user_id: int,
    *,
    ids: Collection[int] = (),
    since: date | None = None,
    until: date | None = None,
    keep: Collection[int] = (),
) -> Receipt:
    """Erases messages of this person, and their words from everything that was made of them.

    Args:
        tx: a write transaction; the caller commits.
        user_id: whose.
        ids: single messages.
        since: the first local day of a span; without it the span reaches back to the first message.
        until: its last local day; without it the span reaches to the newest message. A span takes the coach's
            lines of its days as well.
        keep: messages that stay although the span holds them, such as the one that asks for all this.
    """
    await tx.db.flush()  # what this very turn stored is forgotten with the rest
    chosen: list[ColumnElement[bool]] = [MessageRow.id.in_(chunk) for chunk in chunks(ids)]
    if since is not None or until is not None:
        chosen.append(
            and_(
                MessageRow.said_on >= since if since is not None else true(),
                MessageRow.said_on <= until if until is not None else true(),
            )
        )
    theirs = select(MessageRow.id).where(MessageRow.user_id == user_id)
    found: set[int] = set()
    for condition in chosen:
        found |= set(await tx.db.scalars(theirs.where(condition)))
    return await _forget(tx, user_id, found - set(keep))


async def undo_last_import(tx: Transaction, user_id: int) -> Receipt | None:
    """Takes the newest import back, with everything that was made of its words.

    Returns:
        None when there is no import left.
    """
    await tx.db.flush()
    newest = await tx.db.scalar(select(func.max(ImportRow.id)).where(ImportRow.user_id == user_id))
    if newest is None:
        return None
    ids = set(await tx.db.scalars(select(MessageRow.id).where(MessageRow.import_id == newest)))
    receipt = await _forget(tx, user_id, ids)
    await tx.db.execute(delete(ImportRow).where(ImportRow.id == newest))
    return receipt


async def forget_user(tx: Transaction, user_id: int) -> Receipt:
    """Erases everything of a person, themselves included.

    Their inbox rows stay as bare numbers, so that an update that Telegram delivers once more is still known
    to be settled, and the terminal does not count its lines from one again; nothing says any more whose they
    were. What still waited to be answered is settled with the rest.

    Args:
        tx: a write transaction; the caller commits.
        user_id: who.
    """
    await tx.db.flush()
    theirs = select(MessageRow.id).where(MessageRow.user_id == user_id)
    receipt = Receipt(
        messages=await _count(tx, MessageRow.user_id == user_id),
        quotes=await _count(tx, QuoteRow.reply_id.in_(theirs)),
        vectors=await _count(tx, VectorRow.user_id == user_id),
        commitments=await _count(tx, CommitmentRow.user_id == user_id),
        goals=await _count(tx, GoalRow.user_id == user_id),
    )
    for chunk in chunks(await list_updates(tx.db, user_id)):
        await tx.db.execute(
            update(InboxRow)
            .where(InboxRow.seq.in_(chunk))
            .values(state="done", raw=None, chat_id=None, sender_id=None, why="forgotten", settled_at=tx.now)
        )
    await tx.db.execute(delete(IndexOpRow).where(IndexOpRow.user_id == user_id))
    # every other table hangs on these two, and goes with them
    await tx.db.execute(delete(MessageRow).where(MessageRow.user_id == user_id))
    await tx.db.execute(delete(UserRow).where(UserRow.id == user_id))
    await tx.db.execute(insert(IndexOpRow).values(user_id=user_id, message_id=0, op=FORGET))
    return receipt


async def _count(tx: Transaction, which: ColumnElement[bool]) -> int:
    return await tx.db.scalar(select(func.count()).where(which)) or 0


async def _forget(tx: Transaction, user_id: int, wanted: Collection[int]) -> Receipt:
    forgotten = await gather(tx, user_id, wanted)
    if not forgotten.ids:
        return Receipt()
    await _delete(tx, user_id, forgotten)
    # the first time, every text of the house is read for it
    traces = await asyncio.to_thread(Traces, forgotten.texts())
    await link_figures(tx, user_id, forgotten)
    promises = Promises(tx, user_id, forgotten, traces)
    commitments = await promises.redact_commitments()
    goals = await promises.redact_goals()
    await promises.redact_records()
    await promises.end_dialogue()
    quotes = await Replies(tx, user_id, forgotten, traces, await promises.list_kept()).redact()
    return Receipt(
        messages=len(forgotten.said) or len(forgotten.ids),
        quotes=quotes,
        vectors=forgotten.vectors,
        commitments=commitments,
        goals=goals,
    )


async def _delete(tx: Transaction, user_id: int, forgotten: Forgotten) -> None:
    """The rows themselves, with the lenses, tokens, vectors, quotes and outbox rows that hang on them."""
    for chunk in chunks(forgotten.ids):
        await tx.db.execute(
            delete(IndexOpRow).where(IndexOpRow.user_id == user_id, IndexOpRow.message_id.in_(chunk))
        )
        await tx.db.execute(delete(MessageRow).where(MessageRow.user_id == user_id, MessageRow.id.in_(chunk)))
        await tx.db.execute(
            insert(IndexOpRow),
            [{"user_id": user_id, "message_id": message_id, "op": "remove"} for message_id in chunk],
        )
        # ids may be given again, and must then mean nothing old
        await tx.db.execute(
            update(CommitmentRow)
            .where(CommitmentRow.user_id == user_id, CommitmentRow.origin.in_([f"step:{n}" for n in chunk]))
            .values(origin=None)
        )
        await tx.db.execute(
            delete(UsedTextRow).where(
                UsedTextRow.user_id == user_id, UsedTextRow.key.in_([f"m{n}" for n in chunk])
            )
        )
    # an update that could not be answered keeps its words until somebody looks at it
    for chunk in chunks(await find_seqs(tx.db, forgotten.origins)):
        await tx.db.execute(
            update(InboxRow).where(InboxRow.seq.in_(chunk), InboxRow.state == "dead").values(raw=None)
        )
    left = select(MessageRow.id).where(MessageRow.import_id == ImportRow.id).exists()
    for chunk in chunks(forgotten.imports):
        await tx.db.execute(
            delete(ImportRow).where(ImportRow.user_id == user_id, ImportRow.id.in_(chunk), ~left)
        )
