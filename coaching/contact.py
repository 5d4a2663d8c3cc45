"""The contact policy: whether the coach may speak first now, and with what.

One policy for everything it starts, asked when a nudge is planned and once more when it is sent.
The numbers of the back-off are product.md's; that one nudge at a chosen hour is the right dose, and that its
wording matters little, is the Drink Less trial's finding (N = 350, evidence.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from coaching.hours import DAY, is_quiet
from coaching.model import Event, Safety

if TYPE_CHECKING:
    from coaching.hours import Evening
    from coaching.model import User

LATE = timedelta(minutes=10)  # planned later than this, the program was off: ticks are 20 to 30 s apart
WAVE = timedelta(hours=1)  # a full hour of check-ins may wait this long for its turn to be sent
WINDOW = timedelta(hours=2)  # later than this an evening is missed
FRESH = timedelta(hours=6)  # a report this close before the hour is about tonight, across midnight too
NOON = 12  # what is reported before noon answers last night's question

SUNDAYS_AFTER = 2  # unanswered nudges
OFFER_AFTER = 3  # the fourth silent evening offers a pause
SILENT_AFTER = 7
FREE_SKIPS = 2  # a week
SUNDAY = 7

REMEMBERED = 14  # newest nudges that are looked at: seven that count, and the skips of their weeks


class Why(StrEnum):
    """Why nothing is sent."""

    BLOCKED = "blocked"  # they closed the chat
    PAUSED = "paused"  # a pause or a holiday
    CRISIS = "crisis"  # after a crisis message the next word is theirs
    TAKEN = "taken"  # this date has had its nudge
    REPORTED = "reported"  # there is nothing left to ask today
    SUNDAYS = "sundays"  # two stayed unanswered
    SILENT = "silent"  # seven stayed unanswered
    OFF = "off"  # too late, because the program or the line was off
    QUIET = "quiet"  # too late, because quiet hours have begun


MISSED = frozenset({Why.OFF, Why.QUIET})  # our doing: said honestly the next day


@dataclass(frozen=True, slots=True)
class Send:
    """Ask now.

    Attributes:
        event: what to ask.
        late: say "late, because I was off".
        missed_on: the first of the evenings that were missed since the last nudge: say so.
    """

    event: Event
    late: bool = False
    missed_on: date | None = None


@dataclass(frozen=True, slots=True)
class Skip:
    """Not this evening."""

    why: Why


@dataclass(frozen=True, slots=True)
class Wait:
    """They have just written: read that first, then decide."""


Contact = Send | Skip | Wait


@dataclass(frozen=True, slots=True)
class Nudged:
    """A nudge that arrived. ``skipped``: they tapped "not tonight" on it."""

    at: datetime
    on: date
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand between the coach and one person.

    Attributes:
        user: the person.
        nudges: the nudges that were sent, newest first, at most ``REMEMBERED``. What was not sent, may not
            have arrived, or was asked for (a snooze) is not among them.
        taken: local dates that have a nudge already, sent or not.
        wrote_at: their newest words.
        present_at: their newest sign of life, words or a tap.
        reported_at: when they last said how a commitment went.
        reviewed_at: when a week was last told back.
        missed_on: the first evening missed since the last nudge.
        unread: something of theirs waits in the inbox.
        blocked: they closed the chat.
    """

    user: User
    nudges: tuple[Nudged, ...] = ()
    taken: frozenset[date] = frozenset()
    wrote_at: datetime | None = None
    present_at: datetime | None = None
    reported_at: datetime | None = None
    reviewed_at: datetime | None = None
    missed_on: date | None = None
    unread: bool = False
    blocked: bool = False


def decide_contact(
    person: Standing, evening: Evening, now: datetime, *, patience: timedelta = LATE, asked_for: bool = False
) -> Contact:
    """What to do about one evening.

    Args:
        person: How things stand.
        evening: The evening it is about: a late nudge keeps its planned date.
        now: This moment.
        patience: What is later than this is called late.
        asked_for: A snooze, which they asked for: not counted, and not held back by earlier silence.
    """
    silence = 0 if asked_for else count_silence(person)
    why = _find_reason(person, evening, now, asked_for=asked_for) or _hold_back(person, evening, silence)
    if why is None and now - evening.at > WINDOW:
        why = Why.OFF
    if why is None and is_quiet(now, person.user):
        why = Why.QUIET
    if why is not None:
        return Skip(why)
    if person.unread:
        return Wait()
    return Send(_choose_event(person, evening, silence), now - evening.at > patience, person.missed_on)


def count_silence(person: Standing) -> int:
    """How many nudges in a row, up to the newest, stayed unanswered.

    Whoever taps is there. The exception is "not tonight": twice a week it is an answer like any other, more
    often it counts as silence, which only words end.
    """
    silent = 0
    for nudge in person.nudges:
        free = nudge.skipped and _count_skips(person, nudge) <= FREE_SKIPS
        answer = person.wrote_at if nudge.skipped else person.present_at
        if free or (answer is not None and answer > nudge.at):
            break
        silent += 1
    return silent


def _count_skips(person: Standing, last: Nudged) -> int:
    """The skips of a week, up to and with one of them."""
    week = last.on.isocalendar()[:2]
    return sum(n.skipped and n.on <= last.on and n.on.isocalendar()[:2] == week for n in person.nudges)


def _find_reason(person: Standing, evening: Evening, now: datetime, *, asked_for: bool) -> Why | None:
    """Why this person is not written to, whatever the hour."""
    user = person.user
    if person.blocked:
        return Why.BLOCKED
    if user.paused_until is not None and now < user.paused_until:
        return Why.PAUSED
    if user.crisis is not Safety.NONE and not _wrote_since(person, user.crisis_at):
        return Why.CRISIS
    if evening.on in person.taken and not asked_for:
        return Why.TAKEN
    return Why.REPORTED if _has_reported(person, evening) else None


def _wrote_since(person: Standing, moment: datetime | None) -> bool:
    return moment is not None and person.wrote_at is not None and person.wrote_at > moment


def _has_reported(person: Standing, evening: Evening) -> bool:
    """Whether they were told their week back today, or said today how it went."""
    tz = person.user.tz
    if person.reviewed_at is not None and person.reviewed_at.astimezone(tz).date() == evening.on:
        return True
    if person.reported_at is None:
        return False
    reported = person.reported_at.astimezone(tz)
    if reported.date() != evening.on:
        return evening.at - person.reported_at < FRESH
    before = next((nudge.on for nudge in person.nudges if nudge.on < evening.on), None)
    return not (before == evening.on - DAY and reported.hour < NOON)


def _hold_back(person: Standing, evening: Evening, silence: int) -> Why | None:
    if silence >= SILENT_AFTER:
        return Why.SILENT
    # somebody who did not choose Sundays is asked on the last day of the week they did choose
    weekly = SUNDAY if SUNDAY in person.user.days else max(person.user.days, default=SUNDAY)
    if silence >= SUNDAYS_AFTER and evening.on.isoweekday() != weekly:
        return Why.SUNDAYS
    return None


def _choose_event(person: Standing, evening: Evening, silence: int) -> Event:
    if silence == OFFER_AFTER:
        return Event.EVENING_CHECKIN_UNANSWERED_4
    if evening.on.isoweekday() == SUNDAY and not _reviewed_this_week(person, evening):
        return Event.WEEKLY_REVIEW
    return Event.EVENING_CHECKIN


def _reviewed_this_week(person: Standing, evening: Evening) -> bool:
    if person.reviewed_at is None:
        return False
    reviewed_on = person.reviewed_at.astimezone(person.user.tz).date()
    return reviewed_on.isocalendar()[:2] == evening.on.isocalendar()[:2]
