"""What an update comes to: decided outside any transaction, and written in one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coaching.model import Safety

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from coaching.coach import Answer
    from coaching.effects import Effect
    from coaching.model import Lens, Turn
    from coaching.parts import Choice, Draft
    from memory.sql.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Line:
    """Something the person said, to be stored. ``turn.now`` is when they said it.

    Attributes:
        origin: names the update it came from: ``u{bot_id}:{update_id}``.
        external_id: the door's own number for it.
    """

    turn: Turn
    origin: str
    external_id: int | None = None
    safety: Safety = Safety.NONE
    lenses: tuple[tuple[Lens, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Saying:
    """Something the door says by itself; it is sent, and not remembered as the coach's words.

    Attributes:
        edit: the door's number of an own message that these words replace.
        must: resent when in doubt; a notice may rather be lost than doubled.
        key: what makes it unique where it is not the update: it is said once, whoever triggers it.
    """

    text: str
    choices: tuple[Choice, ...] = ()
    edit: int | None = None
    must: bool = True
    key: str = ""

    @property
    def payload(self) -> dict[str, Any]:
        """As the outbox keeps it."""
        written: dict[str, Any] = {"text": self.text, "choices": write_choices(self.choices)}
        if self.edit is not None:
            written["edit"] = self.edit
        return written


@dataclass(frozen=True, slots=True)
class Thought:
    """Everything that is written when an update, or several in a row, are settled.

    Attributes:
        turn: whose, when and in which language.
        lines: what is stored as said.
        answer: the coach's reply with its effects.
        quote: ``message_id`` (the door's), ``text`` and ``source`` of the earlier message that is quoted.
        before: said before the answer.
        after: said after it.
        effects: what the door itself changes.
        write: anything else, in the same transaction; what it gives is said after the answer.
    """

    turn: Turn
    lines: tuple[Line, ...] = ()
    answer: Answer | None = None
    quote: dict[str, Any] | None = None
    before: tuple[Saying, ...] = ()
    after: tuple[Saying, ...] = ()
    effects: tuple[Effect, ...] = ()
    write: Callable[[Transaction], Awaitable[tuple[Saying, ...]]] | None = None

    @property
    def changes(self) -> bool:
        """Whether a thought that is under way would have to begin again after this one."""
        return bool(self.effects or self.write or (self.answer and self.answer.reply.draft.effects))


def write_payload(draft: Draft) -> dict[str, Any]:
    """A reply as the outbox keeps it."""
    payload: dict[str, Any] = {"text": draft.text, "choices": write_choices(draft.choices)}
    if draft.figure is not None and not draft.figure.is_empty:
        payload["figure"] = draft.figure.to_json()
    return payload


def write_choices(choices: tuple[Choice, ...]) -> list[dict[str, str]]:
    """Buttons as the outbox keeps them."""
    return [{"label": choice.label, "data": choice.data} for choice in choices]
