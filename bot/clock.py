"""The real clock. Everything else asks it, so that tests can stop time."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """Implements ``coaching.ports.Clock``."""

    def now(self) -> datetime:
        """This moment, in UTC."""
        return datetime.now(UTC)  # noqa: TID251  # the one home of now()
