"""When an evening comes: somebody's hour as a moment in UTC, whatever the clocks of their zone do.

Local times are read with ``zoneinfo`` and ``fold=0``; all arithmetic is done in UTC. There is one moment for
each local date, and it lies inside that date.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coaching.model import User

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
DAY_MINUTES = 24 * 60

LEAD_MINUTES = 15  # before quiet hours begin: what waits behind a wave of other check-ins still gets out
FARTHEST_DAYS = 15  # one day a week, and that day once skipped by its zone (Samoa had no 30 December 2011)
SNOOZE_MINUTES = (60, 45, 30, 15)  # an hour, or less where quiet hours are near


@dataclass(frozen=True, slots=True)
class Evening:
    """The moment to ask: ``at`` in UTC, ``on`` the local date it belongs to and is counted under."""

    at: datetime
    on: date


def in_quiet(clock: time, user: User) -> bool:
    """Whether a local time lies in this person's quiet hours, which may cross midnight.

    They begin with ``quiet_from`` and are over at ``quiet_to``; where both are the same there are none.
    """
    start, end = user.quiet_from, user.quiet_to
    if start <= end:
        return start <= clock < end
    return clock >= start or clock < end


def is_quiet(now: datetime, user: User) -> bool:
    """Whether this person does not want to be written to now."""
    return in_quiet(now.astimezone(user.tz).time(), user)


def choose_hour(user: User) -> time:
    """The local time at which this person is asked: their hour, with quiet hours moved out of the way.

    An hour inside quiet hours goes to the nearer end of them, because that is the closest to what was
    chosen: 23:00 with quiet hours from 22:30 becomes 22:15, and the question stays on the evening it is
    about; 06:00 with quiet hours to 08:00 becomes 08:00. Half way, the evening wins.
    """
    wanted = user.evening
    if not in_quiet(wanted, user):
        return wanted
    before = _clock(_minute(user.quiet_from) - LEAD_MINUTES)
    since_start = (_minute(wanted) - _minute(user.quiet_from)) % DAY_MINUTES
    until_end = (_minute(user.quiet_to) - _minute(wanted)) % DAY_MINUTES
    if since_start <= until_end and not in_quiet(before, user):
        return before
    return user.quiet_to


def find_moved_hour(user: User) -> time | None:
    """When the question will come instead of the chosen hour, to be said when it is chosen.

    None where the chosen hour stands.
    """
    chosen = choose_hour(user)
    return None if chosen == user.evening else chosen


def find_evening(user: User, on: date) -> Evening | None:
    """The one moment of a local date.

    A time that comes twice is taken the first time. One that the clocks jump over moves forward to the first
    minute there is; where that would be the next date (Nuuk jumps from Saturday 23:00 to Sunday 00:00) or a
    quiet one, to the nearest minute of the date that is neither.

    Returns:
        None for a date that does not exist in the zone, or has no minute outside quiet hours.
    """
    local = datetime.combine(on, choose_hour(user), user.tz)
    at = local.astimezone(UTC)
    if at.astimezone(user.tz).replace(tzinfo=None) == local.replace(tzinfo=None):
        return Evening(at, on)
    jump = _find_jump(local)
    for away in range(DAY_MINUTES):
        for near in (jump + away * MINUTE, jump - (away + 1) * MINUTE):
            shown = near.astimezone(user.tz)
            if shown.date() == on and not in_quiet(shown.time(), user):
                return Evening(near, on)
    return None


def next_evening(user: User, after: datetime, *, past: date | None = None) -> Evening | None:
    """The first moment later than ``after`` on one of the days this person chose.

    Args:
        user: The person, with zone, hour, days and quiet hours.
        after: An aware moment.
        past: The local date that was settled last: a traveller meets a date twice and is asked once.

    Returns:
        None when no day is chosen.
    """
    first = after.astimezone(user.tz).date()
    if past is not None:
        first = max(first, past + DAY)
    for ahead in range(FARTHEST_DAYS):
        on = first + ahead * DAY
        if on.isoweekday() not in user.days:
            continue
        evening = find_evening(user, on)
        if evening is not None and evening.at > after:
            return evening
    return None


def find_snooze(user: User, now: datetime) -> datetime | None:
    """When to ask once more: in an hour, sooner where quiet hours are near, None where they have begun."""
    moments = (now + minutes * MINUTE for minutes in SNOOZE_MINUTES)
    return next((at for at in moments if not is_quiet(now, user) and not is_quiet(at, user)), None)


def _find_jump(local: datetime) -> datetime:
    """The moment in UTC at which the clocks jump over ``local``, to the minute."""
    # the offset before the jump reads a skipped time as later than it, the offset after as earlier
    early, late = local.replace(fold=1).astimezone(UTC), local.astimezone(UTC)
    jumped = late.astimezone(local.tzinfo).utcoffset()
    while late - early > MINUTE:
        middle = early + (late - early) // MINUTE // 2 * MINUTE
        if middle.astimezone(local.tzinfo).utcoffset() == jumped:
            late = middle
        else:
            early = middle
    return late


def _minute(clock: time) -> int:
    return clock.hour * 60 + clock.minute


def _clock(minute: int) -> time:
    return time(minute // 60 % 24, minute % 60)
