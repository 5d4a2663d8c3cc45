"""The week as an ``.ics`` file: right in every zone, the same entry when it is imported again."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from bot.calendar_file import build_ics, write_ics
from tests.fakes.turns import promised

NOW = datetime(2026, 3, 27, 9, 0, tzinfo=UTC)
# three days over the start of summer time in Berlin, on 29 March 2026
CALL = promised(
    "给阿斌打电话", date(2026, 3, 28), 1, due_time=time(20, 30), minutes=20, if_then="如果开会，就改天"
)
PAGE = promised("写一页提纲", date(2026, 3, 29), 2, due_time=time(20, 30))
WALK = promised("约她散步", date(2026, 3, 30), 3, cue="午休")


def events(zone: str, now: datetime = NOW) -> list[dict[str, object]]:
    calendar = Calendar.from_ical(build_ics((CALL, PAGE, WALK), ZoneInfo(zone), now))
    return [
        {
            "start": e.decoded("dtstart"),
            "uid": str(e["uid"]),
            "what": str(e["summary"]),
            "alarms": e.subcomponents,
        }
        for e in calendar.walk("VEVENT")
    ]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Shanghai", "America/New_York", "Asia/Kathmandu"])
def test_a_clock_time_is_the_same_moment_as_on_their_own_clock(zone: str) -> None:
    for event, item in zip(events(zone), (CALL, PAGE), strict=False):
        start = event["start"]
        assert isinstance(start, datetime)
        assert start == datetime.combine(item.due_on, time(20, 30), ZoneInfo(zone))


def test_a_cue_without_a_clock_time_lasts_all_day_and_is_named() -> None:
    walk = events("Europe/Berlin")[2]
    assert (walk["start"], walk["what"]) == (date(2026, 3, 30), "约她散步 (午休)")


def test_the_same_commitment_keeps_its_uid_and_rings_no_bell() -> None:
    first, again = events("Europe/Berlin"), events("Asia/Tokyo", NOW + timedelta(days=1))
    assert [e["uid"] for e in first] == [e["uid"] for e in again]
    assert len({str(e["uid"]) for e in first}) == 3
    assert not any(e["alarms"] for e in first)


def test_the_rules_of_the_zone_come_with_it() -> None:
    assert b"BEGIN:VTIMEZONE" in build_ics((CALL,), ZoneInfo("Europe/Berlin"), NOW)


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = write_ics(tmp_path / "exports", (CALL,), ZoneInfo("Europe/Berlin"), NOW)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.suffix == ".ics"
