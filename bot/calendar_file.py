"""The week's commitments as an ``.ics`` file that any calendar opens."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from coaching.model import CommitmentStatus

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from icalendar import Event

    from coaching.model import Commitment

DEFAULT_MINUTES = 30


def build_ics(items: Sequence[Commitment], zone: ZoneInfo, now: datetime) -> bytes:
    """A calendar of these commitments.

    A clock time stands in the person's own zone, whose rules come with it; one with only a cue lasts all day
    and names it. A commitment keeps its UID, so that importing the file again changes an entry and adds none.
    There are no alarms: whoever asks in the evening is the coach.

    Args:
        items: What was promised.
        zone: The person's zone.
        now: When the file is made.
    """
    from icalendar import Calendar  # half a second that only a calendar file needs

    calendar = Calendar()
    calendar.add("prodid", "-//Offramp//Plan//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    for item in items:
        calendar.add_component(_build_event(item, zone, now))
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


def _build_event(item: Commitment, zone: ZoneInfo, now: datetime) -> Event:
    from icalendar import Event

    event = Event()
    event.add("uid", f"commitment-{item.id}@offramp.local")
    event.add("dtstamp", now)
    event.add("summary", item.text if item.due_time or not item.cue else f"{item.text} ({item.cue})")
    event.add("description", "\n".join(filter(None, (item.visible_end, item.if_then))))
    if item.due_time is None:
        event.add("dtstart", item.due_on)
        event.add("dtend", item.due_on + timedelta(days=1))
        event.add("transp", "TRANSPARENT")
    else:
        event.add("dtstart", datetime.combine(item.due_on, item.due_time, zone))
        event.add("duration", timedelta(minutes=item.minutes or DEFAULT_MINUTES))
    event.add("status", "CONFIRMED" if item.status is CommitmentStatus.OPEN else "TENTATIVE")
    return event


def write_ics(folder: Path, items: Sequence[Commitment], zone: ZoneInfo, now: datetime) -> Path:
    """The file, readable by its owner alone. Blocking."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"plan-{now:%Y%m%d-%H%M%S}.ics"
    path.touch(mode=0o600)
    path.write_bytes(build_ics(items, zone, now))
    return path
