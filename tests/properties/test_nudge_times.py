"""One evening for each local date, whatever the zone does with its clocks.

The suite takes a sample; ``python -m tests.bench.nudges`` walks every zone through five years.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coaching.hours import Evening, choose_hour, in_quiet, next_evening
from coaching.model import User

HOURS = (time(0, 0), time(2, 30), time(21, 0), time(23, 59))
QUIET = (time(22, 30), time(8, 0))
NO_QUIET = (time(0), time(0))
ZONES = sorted(available_timezones())
# whose clocks do what others' do not: jump over midnight, by half an hour, in Ramadan, back to yesterday
ODD_ZONES = (
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/Havana",
    "America/Nuuk",
    "America/Scoresbysund",
    "Antarctica/Troll",
    "Asia/Beirut",
    "Asia/Gaza",
    "Australia/Lord_Howe",
    "Europe/Dublin",
    "Pacific/Apia",
    "Pacific/Chatham",
)


def walk(user: User, first: date, days: int) -> Iterator[Evening]:
    """The evenings of so many local dates, each asked for from the one before."""
    after = datetime.combine(first, time(0), user.tz).astimezone(UTC) - timedelta(seconds=1)
    last = first + timedelta(days=days)
    evening = next_evening(user, after)
    while evening is not None and evening.on < last:
        yield evening
        evening = next_evening(user, evening.at)


def check_every_date(user: User, first: date, days: int) -> int:
    """Asserts that each local date has one evening, inside itself and outside quiet hours; counts them."""
    wanted = choose_hour(user)
    on = first
    seen = 0
    before = datetime.min.replace(tzinfo=UTC)
    for evening in walk(user, first, days):
        assert evening.on == on, f"{user.zone} {wanted}: {on} is asked on {evening.on}"
        local = evening.at.astimezone(user.tz)
        assert local.date() == on, f"{user.zone} {wanted}: {on} is asked at {local}"
        assert not in_quiet(local.time(), user), f"{user.zone} {wanted}: {local} is quiet"
        assert evening.at > before
        if local.time() != wanted:
            naive = datetime.combine(on, wanted, user.tz)
            there = naive.astimezone(UTC).astimezone(user.tz)
            assert there.replace(tzinfo=None) != naive.replace(tzinfo=None), f"{user.zone}: {naive} exists"
        before = evening.at
        on += timedelta(days=1)
        seen += 1
    assert seen == days
    return seen


def somebody(zone: str, evening: time, quiet: tuple[time, time]) -> User:
    return User(id=1, zone=zone, evening=evening, quiet_from=quiet[0], quiet_to=quiet[1])


@given(
    zone=st.sampled_from(ZONES),
    hour=st.sampled_from(HOURS),
    quiet=st.sampled_from((QUIET, NO_QUIET)),
    first=st.dates(date(2024, 1, 1), date(2030, 1, 1)),
)
def test_each_local_date_has_one_evening(
    zone: str, hour: time, quiet: tuple[time, time], first: date
) -> None:
    check_every_date(somebody(zone, hour, quiet), first, days=200)


@pytest.mark.parametrize("zone", ODD_ZONES)
@pytest.mark.parametrize("hour", [*HOURS, time(0, 30), time(1, 30), time(23, 30)])
def test_odd_clocks_have_one_evening_too(zone: str, hour: time) -> None:
    check_every_date(somebody(zone, hour, NO_QUIET), date(2026, 1, 1), days=365)


@given(
    hour=st.times().map(lambda clock: clock.replace(second=0, microsecond=0)),
    start=st.integers(0, 24 * 4 - 1),
    length=st.integers(0, 24 * 4 - 2),
    zone=st.sampled_from(ODD_ZONES),
)
def test_no_quiet_hours_are_entered_however_they_lie(hour: time, start: int, length: int, zone: str) -> None:
    begin, end = (time(q // 4 % 24, q % 4 * 15) for q in (start, start + length))
    user = somebody(zone, hour, (begin, end))
    for evening in walk(user, date(2026, 3, 1), days=60):
        assert not in_quiet(evening.at.astimezone(user.tz).time(), user)


@given(
    trip=st.lists(
        st.tuples(st.sampled_from(ZONES), st.timedeltas(timedelta(hours=1), timedelta(days=3))),
        min_size=1,
        max_size=12,
    ),
    hour=st.sampled_from(HOURS),
)
def test_a_traveller_is_asked_once_for_each_date_they_meet(
    trip: list[tuple[str, timedelta]], hour: time
) -> None:
    """Flying west repeats a date and flying east skips one; none is asked about twice."""
    now = datetime(2026, 3, 27, 12, tzinfo=UTC)
    asked: list[Evening] = []
    for zone, stay in trip:
        leaves = now + stay
        while True:
            past = asked[-1].on if asked else None
            evening = next_evening(somebody(zone, hour, QUIET), now, past=past)
            assert evening is not None
            if evening.at > leaves:
                break
            asked.append(evening)
            now = evening.at
        now = leaves
    dates = [evening.on for evening in asked]
    assert dates == sorted(set(dates))


def test_the_zones_are_the_worlds() -> None:
    assert len(ZONES) > 400
    assert all(ZoneInfo(zone) for zone in ODD_ZONES)
