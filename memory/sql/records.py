"""What the tools keep: written and read as rows, with the message that each piece of words stands in."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from coaching.model import Piece, Record, Role
from memory.sql.tables import MessageRow, RecordRow

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from coaching.effects import AddRecord, ChangeRecord
    from coaching.model import Turn
    from memory.sql.transaction import Transaction

ONE_TURN = timedelta(minutes=10)  # several messages said in a row are one turn


async def add_record(tx: Transaction, turn: Turn, effect: AddRecord) -> None:
    """Stores a record once: its origin is unique for a person."""
    pieces = await _locate(tx, turn, effect.pieces)
    await tx.db.execute(
        tx.insert_once(RecordRow)
        .values(
            user_id=turn.user_id,
            kind=effect.kind,
            data={"pieces": _as_json(pieces), "facts": dict(effect.facts)},
            said_on=turn.today,
            created_at=tx.now,
            message_id=next((piece.message_id for piece in pieces.values()), None),
            origin=effect.origin,
        )
        .on_conflict_do_nothing()
    )


async def change_record(tx: Transaction, turn: Turn, effect: ChangeRecord) -> None:
    """Adds pieces and facts to a record, and ends it. What is not there any more stays away."""
    row = await tx.db.scalar(
        select(RecordRow).where(RecordRow.user_id == turn.user_id, RecordRow.origin == effect.origin)
    )
    if row is None:
        return
    pieces = _as_json(await _locate(tx, turn, effect.pieces))
    row.data = {
        "pieces": row.data["pieces"] | pieces,
        "facts": row.data["facts"] | effect.facts,
    }
    if effect.ends and row.ended_at is None:
        row.ended_at = tx.now
    await tx.db.flush()


async def _locate(tx: Transaction, turn: Turn, pieces: Mapping[str, Piece]) -> dict[str, Piece]:
    """Names the message that words of this very turn stand in: it is stored by now."""
    if all(piece.message_id or piece.commitment_id for piece in pieces.values()):
        return dict(pieces)
    rows = await tx.db.execute(
        select(MessageRow.id, MessageRow.text)
        .where(
            MessageRow.user_id == turn.user_id,
            MessageRow.role == Role.USER,
            MessageRow.said_at.between(turn.now - ONE_TURN, turn.now),
        )
        .order_by(MessageRow.id.desc())
    )
    said = [(row.id, row.text) for row in rows]

    def locate(piece: Piece) -> Piece:
        if piece.message_id or piece.commitment_id:
            return piece
        return replace(piece, message_id=next((i for i, words in said if piece.text in words), None))

    return {name: locate(piece) for name, piece in pieces.items()}


def _as_json(pieces: Mapping[str, Piece]) -> dict[str, Any]:
    return {name: asdict(piece) | {"said_on": piece.said_on.isoformat()} for name, piece in pieces.items()}


def record_from(row: RecordRow, zone: ZoneInfo) -> Record:
    """A record as the coach knows it."""
    return Record(
        kind=row.kind,
        origin=row.origin,
        said_on=row.said_on,
        pieces={
            name: Piece(**raw | {"said_on": date.fromisoformat(raw["said_on"])})
            for name, raw in row.data["pieces"].items()
        },
        facts=row.data["facts"],
        ended_on=row.ended_at.astimezone(zone).date() if row.ended_at else None,
    )
