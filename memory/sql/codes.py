"""Codes that are good once: one lets somebody in, one joins two doors of the same person."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Literal

from sqlalchemy import delete, or_, select, update

from memory.sql.tables import CodeRow

if TYPE_CHECKING:
    from datetime import timedelta

    from memory.sql.transaction import Transaction

Kind = Literal["pair", "link"]

_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none that look alike: a link code is typed by hand
_LENGTHS = {"pair": 32, "link": 10}  # 155 bits for a link that is tapped, 49 for ten minutes of typing


async def make_code(
    tx: Transaction, kind: Kind, *, user_id: int | None = None, lasts: timedelta | None = None
) -> str:
    """A new code; an earlier one that nobody used is void from now on. Only its digest is stored."""
    await tx.db.execute(
        delete(CodeRow).where(
            CodeRow.kind == kind, CodeRow.used_at.is_(None), CodeRow.user_id.is_not_distinct_from(user_id)
        )
    )
    code = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTHS[kind]))
    expires_at = tx.now + lasts if lasts else None
    tx.db.add(CodeRow(digest=_digest(code), kind=kind, user_id=user_id, expires_at=expires_at))
    await tx.db.flush()
    return code


async def use_code(tx: Transaction, kind: Kind, code: str, *, used_by: int) -> CodeRow | None:
    """Uses a code up.

    Returns:
        The code's row, or None when it is not known, was used, or is too old.
    """
    return await tx.db.scalar(
        update(CodeRow)
        .where(
            CodeRow.digest == _digest(code.strip().upper()),
            CodeRow.kind == kind,
            CodeRow.used_at.is_(None),
            or_(CodeRow.expires_at.is_(None), CodeRow.expires_at > tx.now),
        )
        .values(used_at=tx.now, used_by=used_by)
        .returning(CodeRow)
    )


async def was_let_in(tx: Transaction, telegram_id: int | None = None) -> bool:
    """Whether this person came in by a pairing code; without an id, whether anybody did."""
    query = select(CodeRow.digest).where(CodeRow.kind == "pair", CodeRow.used_at.is_not(None))
    if telegram_id is not None:
        query = query.where(CodeRow.used_by == telegram_id)
    return await tx.db.scalar(query.limit(1)) is not None


def _digest(code: str) -> str:
    # the codes are long and random: a plain digest cannot be turned back
    return hashlib.sha256(code.encode()).hexdigest()
