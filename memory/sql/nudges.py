"""The nudge plan: when to write to whom, and the one outbox row that each local date may have.

A nudge is queued without words: its payload names the event and the evening. The words are made when it is
sent (``nudge_sending``): a full hour of check-ins takes its time to go out, and what was done, said or erased
meanwhile must show; and planning many thousands at once leaves no time to think about each.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import and_, func, or_, select, update

from coaching.contact import MISSED, WINDOW, Contact, Send, Wait, decide_contact
from coaching.hours import FARTHEST_DAYS, Evening, choose_hour, next_evening
from coaching.model import Event
from memory.sql.rows import user_from
from memory.sql.standing import Addressee, load_standings, nudge_key
from memory.sql.tables import IdentityRow, NudgePlanRow, OutboxRow, UserRow

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from coaching.model import User
    from memory.sql.transaction import Transaction

EVENING = "evening"
RHYTHM = frozenset({"evening", "zone", "days", "quiet_from", "quiet_to"})  # settings the plan is made from
KINDS = {
    Event.EVENING_CHECKIN: "checkin",
    Event.EVENING_CHECKIN_UNANSWERED_4: "pause_offer",
    Event.WEEKLY_REVIEW: "review",
}
TERMINAL_DOOR = "terminal"
MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Post:
    """The door through which nudges leave, and its bot."""

    door: str
    bot_id: int


@dataclass(frozen=True, slots=True)
class Batch:
    """What one batch of due evenings came to. ``last`` is where the next batch begins; None at the end."""

    queued: int = 0
    missed: int = 0
    skipped: int = 0
    waiting: int = 0
    last: tuple[datetime, int] | None = None


# --- the plan -----------------------------------------------------------------------------------------------


async def plan_newcomers(tx: Transaction, *, above: int, limit: int) -> tuple[int, bool]:
    """Gives people with an id above ``above`` a plan, where they have none.

    Returns:
        The id up to which everybody has a plan now, and whether there are more people above it.
    """
    newest = await tx.db.scalar(select(func.max(UserRow.id)))
    planned = select(NudgePlanRow.user_id).where(
        NudgePlanRow.user_id == UserRow.id, NudgePlanRow.kind == EVENING
    )
    rows = await tx.db.scalars(
        select(UserRow).where(UserRow.id > above, ~planned.exists()).order_by(UserRow.id).limit(limit)
    )
    users = [read_person(row) for row in rows]
    if users:
        values = [{"user_id": user.id, "kind": EVENING, **_rhythm(user, tx.now)} for user in users]
        await tx.db.execute(tx.insert_once(NudgePlanRow).on_conflict_do_nothing(), values)
    more = len(users) == limit
    return (users[-1].id if more else newest or above), more


async def has_unplanned(tx: Transaction) -> bool:
    """Whether somebody has no plan: a newcomer, or who erased everything and is met anew under an old id."""
    people = select(func.count()).select_from(UserRow).scalar_subquery()
    plans = select(func.count()).where(NudgePlanRow.kind == EVENING).scalar_subquery()
    return bool(await tx.db.scalar(select(people > plans)))


async def replan(tx: Transaction, user_id: int) -> None:
    """Follows a change of hour, zone, days or quiet hours. What has not changed stays planned as it is."""
    user = read_person(await tx.db.get_one(UserRow, user_id, populate_existing=True))
    wanted = _rhythm(user, tx.now)
    plan = await tx.db.get(NudgePlanRow, (user_id, EVENING), populate_existing=True)
    if plan is None:
        tx.db.add(NudgePlanRow(user_id=user_id, kind=EVENING, **wanted))
    elif (plan.local_time, plan.zone, plan.days) != (wanted["local_time"], wanted["zone"], wanted["days"]):
        for name, value in wanted.items():
            setattr(plan, name, value)
    await tx.db.flush()


async def plan_past(tx: Transaction, user_id: int, on: date) -> None:
    """Plans the first evening after a local date: nothing is asked on it."""
    user = read_person(await tx.db.get_one(UserRow, user_id))
    plan = await tx.db.get(NudgePlanRow, (user_id, EVENING), populate_existing=True)
    if plan is None:
        plan = NudgePlanRow(user_id=user_id, kind=EVENING)
        tx.db.add(plan)
    for name, value in _rhythm(user, tx.now, past=on).items():
        setattr(plan, name, value)
    await tx.db.flush()


async def mend_plan(tx: Transaction) -> None:
    """Brings back evenings that a clock which ran ahead has put years away."""
    farthest = tx.now + timedelta(days=FARTHEST_DAYS)
    await tx.db.execute(
        update(NudgePlanRow)
        .where(NudgePlanRow.next_due_at > farthest)
        .values(next_due_at=tx.now)
        .execution_options(synchronize_session=False)
    )


def _rhythm(user: User, after: datetime, past: date | None = None) -> dict[str, Any]:
    evening = next_evening(user, after, past=past)
    return {
        "local_time": choose_hour(user),
        "zone": user.zone,
        "days": "".join(str(day) for day in sorted(user.days)),
        "next_due_at": evening.at if evening else None,
    }


def read_person(row: UserRow) -> User:
    """The person, in UTC where their zone is none: one wrong name must not hold up everybody's evening."""
    user = user_from(row)
    try:
        ZoneInfo(user.zone)
    except (ZoneInfoNotFoundError, ValueError):
        return replace(user, zone="UTC")
    return user


# --- what is due --------------------------------------------------------------------------------------------


async def plan_due(
    tx: Transaction, post: Post, now: datetime, *, limit: int, after: tuple[datetime, int] | None = None
) -> Batch:
    """Takes a batch of due evenings, queues what is to be sent and moves each to its next evening.

    All of it is one transaction, which the caller commits. Several tickers may do this at once: SQLite lets
    one in at a time, Postgres skips the rows another one holds, and the outbox key has the last word.

    Args:
        tx: The transaction.
        post: The door; people without it are left alone.
        now: This moment.
        limit: Most evenings to take.
        after: Where the batch before ended: an evening that waits is looked at once a tick.
    """
    claimed = await tx.db.execute(
        select(NudgePlanRow.user_id, NudgePlanRow.next_due_at, UserRow, IdentityRow)
        .join(UserRow, UserRow.id == NudgePlanRow.user_id)
        .join(IdentityRow, and_(IdentityRow.user_id == UserRow.id, IdentityRow.door == post.door))
        .where(NudgePlanRow.kind == EVENING, NudgePlanRow.next_due_at <= now, *_beyond(after))
        .order_by(NudgePlanRow.next_due_at, NudgePlanRow.user_id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=NudgePlanRow)
        .execution_options(populate_existing=True)
    )
    due: dict[int, datetime] = {}
    people: dict[int, Addressee] = {}
    for user_id, next_due_at, user, identity in claimed:
        due[user_id] = cast("datetime", next_due_at)  # it is past, so it is not NULL
        people[user_id] = _addressee(user, identity)
    if not due:
        return Batch()
    standings = await load_standings(tx.db, people, bot_id=post.bot_id, now=now)
    batch = _Settling(post, now)
    for user_id, due_at in due.items():
        someone = people[user_id]
        evening = next_evening(someone.user, due_at - MOMENT)
        if evening is None or evening.at > now:  # hour, zone or days have changed, or a clock was mended
            batch.move(someone.user, evening)
        else:
            batch.settle(someone, evening, decide_contact(standings[user_id], evening, now))
    if batch.rows:
        await tx.db.execute(tx.insert_once(OutboxRow).on_conflict_do_nothing(), batch.rows)
    if batch.plans:
        await tx.db.execute(update(NudgePlanRow), batch.plans)
    return Batch(batch.queued, batch.missed, batch.skipped, batch.waiting, (due_at, user_id))


def _beyond(after: tuple[datetime, int] | None) -> tuple[ColumnElement[bool], ...]:
    if after is None:
        return ()
    at, user_id = after
    later = or_(NudgePlanRow.next_due_at > at, NudgePlanRow.user_id > user_id)
    return NudgePlanRow.next_due_at >= at, later  # the first for the index, both together for the pair


def _addressee(user: UserRow, identity: IdentityRow) -> Addressee:
    # the terminal knows a chat by our id, Telegram by its own
    chat_id = user.id if identity.door == TERMINAL_DOOR else int(identity.external_id)
    return Addressee(read_person(user), chat_id, identity.blocked_at is not None)


class _Settling:
    """What a batch writes."""

    def __init__(self, post: Post, now: datetime) -> None:
        self.post, self.now = post, now
        self.rows: list[dict[str, Any]] = []
        self.plans: list[dict[str, Any]] = []
        self.queued = self.missed = self.skipped = self.waiting = 0

    def move(self, user: User, evening: Evening | None) -> None:
        """Plans an evening anew."""
        after = evening.at - MOMENT if evening else self.now
        self.plans.append({"user_id": user.id, "kind": EVENING, **_rhythm(user, after)})

    def settle(self, someone: Addressee, evening: Evening, contact: Contact) -> None:
        """Does what was decided, and goes on to the next evening unless it has to wait."""
        if isinstance(contact, Wait):
            self.waiting += 1
            return
        if isinstance(contact, Send):
            self.queued += 1
            payload = {"event": contact.event.value, "at": evening.at.isoformat(), "late": contact.late}
            self._add(someone, evening, kind=KINDS[contact.event], payload=payload, state="queued", why="")
        elif contact.why in MISSED:
            self.missed += 1
            # the date is taken, and the next nudge knows that it owes a word about this one
            kind, why = KINDS[Event.EVENING_CHECKIN], contact.why.value
            self._add(someone, evening, kind=kind, payload={}, state="dead", why=why)
        else:
            self.skipped += 1
        # tonight may still be inside its window after a week of sleep: it is next, and comes late
        plan = _rhythm(someone.user, self.now - WINDOW, past=evening.on)
        self.plans.append({"user_id": someone.user.id, "kind": EVENING, **plan})

    def _add(self, someone: Addressee, evening: Evening, **values: object) -> None:
        self.rows.append(
            {
                "key": nudge_key(someone.user.id, evening.on),
                "user_id": someone.user.id,
                "door": self.post.door,
                "bot_id": self.post.bot_id,
                "chat_id": someone.chat_id,
                "class_": "may",
                "next_at": self.now,
                "created_at": self.now,
                **values,
            }
        )
