"""What the coach needs from the outside, said by the inside. ``memory`` and ``bot`` provide it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from coaching.model import (
        Commitment,
        EarlierOffer,
        Goal,
        Lens,
        Message,
        Recalled,
        Record,
        Safety,
        Scene,
        Turn,
    )
    from coaching.parts import Draft
    from coaching.reading import Reading
    from coaching.responders.task import P, T, Task


class Clock(Protocol):
    """Tells the time, so that tests can stop it."""

    def now(self) -> datetime:
        """This moment, aware, in UTC."""
        ...


class Encoder(Protocol):
    """Turns text into vectors, once it is loaded."""

    def encode(self, texts: list[str]) -> NDArray[np.float32] | None:
        """Unit vectors, one row a text, or None while the model is loading. Blocking: call off the loop."""
        ...


class Recall(Protocol):
    """Finds what one person said before. The user id is always an argument and never comes from text."""

    async def prepare(self, user_id: int) -> None:
        """Brings to hand what this person said, so that asking within the next moment takes less."""
        ...

    async def recall(
        self,
        user_id: int,
        query: str,
        *,
        limit: int = 6,
        since: date | None = None,
        until: date | None = None,
        only_user: bool = False,
        lenses: Sequence[Lens] = (),
        vector: NDArray[np.float32] | None = None,
        floor: float = 0.38,
    ) -> tuple[Recalled, ...]:
        """The memories that fit the query, best first; empty when nothing fits. Never a crisis message.

        ``vector`` is the query's own, where it was computed before: a turn costs one embedding. ``floor`` is
        the fit below which nothing comes back; the default is calibrated for questions.
        """
        ...


class SceneReader(Protocol):
    """Reads from the journal what a reply needs."""

    async def load_scene(self, user_id: int, now: datetime) -> Scene:
        """Everything the coach knows about this person at ``now``."""
        ...

    async def list_messages(
        self, user_id: int, *, since: date, until: date, limit: int = 200
    ) -> tuple[Message, ...]:
        """Their own words between two local dates, oldest first, crisis messages left out."""
        ...

    async def list_commitments(self, user_id: int, *, since: date, until: date) -> tuple[Commitment, ...]:
        """What was promised for the days between two local dates, both included."""
        ...

    async def lenses_of(self, message_ids: tuple[int, ...]) -> dict[int, tuple[Lens, ...]]:
        """The lenses heard in each message, strongest first."""
        ...

    async def list_goals(self, user_id: int, *, ended: bool = False) -> tuple[Goal, ...]:
        """Goals, oldest first; with ``ended`` the history as well."""
        ...

    async def list_records(self, user_id: int, *kinds: str) -> tuple[Record, ...]:
        """What the tools of these kinds keep, oldest first, ended ones included."""
        ...

    async def list_said(self, user_id: int, message_ids: tuple[int, ...]) -> tuple[Message, ...]:
        """Those of these messages that are theirs and may be quoted, oldest first."""
        ...

    async def find_message(self, user_id: int, message_id: int) -> Message | None:
        """One of their own stored lines, or None."""
        ...

    async def find_last_said(self, user_id: int) -> Message | None:
        """The last thing they said that was not a command."""
        ...

    async def find_last_quote(self, user_id: int) -> tuple[int, str] | None:
        """The id and text of the stored message that the coach's last reply quoted from the past."""
        ...

    async def find_offer(self, user_id: int, reply_id: int) -> EarlierOffer | None:
        """The step that one of the coach's replies offered and what became of it; None without a step."""
        ...

    async def count_messages(self, user_id: int | None = None) -> int:
        """How many lines are stored, of one person or of all."""
        ...


class Show(Protocol):
    """Shows a reply while the rest of it is still being made."""

    def __call__(self, so_far: Draft, /) -> None:
        """The whole, checked parts until now. Each call begins with all that the last one held."""
        ...


class Responder(Protocol):
    """Makes the draft of an ordinary reply. Playbook and language model stand behind the same door."""

    async def draft(self, turn: Turn, scene: Scene, reading: Reading) -> Draft:
        """Unchecked parts for one turn."""
        ...


class Reflector(Protocol):
    """Makes the long form with a language model."""

    async def reflect(self, turn: Turn, scene: Scene, reading: Reading) -> Draft | None:
        """Unchecked parts for a long text, or None when nobody could: then the playbook's stands."""
        ...


class Scribe(Protocol):
    """Words or reads something small with a language model."""

    async def do(self, task: Task[P, T], turn: Turn, scene: Scene) -> T | None:
        """What came of it, or None when nobody could: then what the program has stands."""
        ...


class SecondListener(Protocol):
    """Listens once more for a life in danger, with a language model."""

    async def listen(self, turn: Turn, scene: Scene) -> Safety | None:
        """What it heard, or None when nobody could be asked. It never raises: the offline verdict stands."""
        ...


class Budget(Protocol):
    """What a language model may cost in a day, counted in tokens."""

    async def reserve(self, user_id: int, tokens: int) -> bool:
        """Takes tokens out of this person's day and out of everybody's; False when they are not there."""
        ...

    async def count_used(self, user_id: int | None = None) -> int:
        """Tokens of today, of one person or of all."""
        ...

    async def settle(self, user_id: int, *, reserved: int, used: int) -> None:
        """Puts what was really used in place of what was reserved."""
        ...
