"""When nobody can be reached: all sending rests, longer each time, and no message is to blame."""

from __future__ import annotations

from datetime import datetime, timedelta

_LONGEST = timedelta(seconds=30)


class Outage:
    """Begun by a call that reached nobody, ended by one that did."""

    def __init__(self) -> None:
        self._times = 0
        self._until: datetime | None = None

    def begin(self, now: datetime) -> datetime:
        """When to try again. Calls that were on their way together count once."""
        if self._until is None or now >= self._until:
            self._until = now + backoff(self._times, _LONGEST)
            self._times += 1
        return self._until

    def end(self) -> None:
        """Somebody answered."""
        self._times, self._until = 0, None

    def find_end(self, now: datetime) -> datetime | None:
        """Until when nothing is to be tried; None when something is."""
        return self._until if self._until and now < self._until else None


def backoff(times: int, most: timedelta) -> timedelta:
    """A second, then twice as long each time."""
    return min(timedelta(seconds=2 ** min(times, 16)), most)
