"""The coach: one turn in, one checked reply out.

The order is fixed: safety → boundaries → intent → lens → loaded quote → reflection → at most one past →
one step → one question → check. Nothing is written here; what a reply changes are its effects.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from coaching.answering import answer_message
from coaching.commands import answer_command, answer_dialogue, answer_event, answer_tap
from coaching.effects import NoteCrisis
from coaching.errors import DraftRejected
from coaching.model import Event, Lens, Safety
from coaching.parts import Draft, Question, Quote, Reply, ReplyKind, Said, check_draft
from coaching.safety import SafetyVerdict, Why, assess_answer, build_cleared_text, build_crisis_text
from coaching.thinking import Team, Thinking
from prompts import text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from coaching.model import Scene, Turn, User
    from coaching.ports import Responder
    from coaching.showing import Showing

log = logging.getLogger(__name__)

# commands whose words are values, ids or search words
DRY_COMMANDS = (
    "start",
    "settings",
    "privacy",
    "export",
    "forget",
    "pause",
    "resume",
    "help",
    "recall",
    "link",
)
SPEAKS_FIRST = (Event.EVENING_CHECKIN, Event.EVENING_CHECKIN_UNANSWERED_4, Event.WEEKLY_REVIEW)


@dataclass(frozen=True, slots=True)
class Answer:
    """A checked reply, with what was heard in the message it answers."""

    reply: Reply
    safety: Safety = Safety.NONE
    lenses: tuple[tuple[Lens, float], ...] = ()


class Coach:
    """Thinks about turns. Everybody it needs is handed in with the ``Team``."""

    def __init__(self, team: Team) -> None:
        self._team = team

    def drafted_by(self, responder: Responder) -> Coach:
        """The same coach with another hand for ordinary replies, and no second listener."""
        return Coach(replace(self._team, responder=responder, scribe=None, second=None))

    async def reply_to(self, turn: Turn) -> Answer:
        """Answers one turn, outside any transaction."""
        spoken = bool(turn.text) and turn.tap is None
        scene, vector = await self._read(turn) if spoken else (await self._load_scene(turn), None)
        thinking = Thinking(self._team, replace(turn, showing=None), scene, vector)
        level = await self._listen_for_danger(thinking) if spoken else None
        if isinstance(level, Answer):
            return level
        if spoken and level is None:
            answer = await self._listen_and_think(thinking, turn.showing)
        else:
            answer = await self._think(thinking)
        if isinstance(answer, Answer):
            return answer
        reply = _check(thinking, answer)
        if level is Safety.NONE:  # an earlier crisis is closed by a clear no
            reply = _after_no(reply, build_cleared_text(turn.language, self._country(scene.user)))
        heard = thinking.lens
        weights = tuple((lens, heard.scores[lens]) for lens in heard.lenses) if heard else ()
        return Answer(reply, Safety.NONE, weights)

    async def _load_scene(self, turn: Turn) -> Scene:
        return await self._team.scenes.load_scene(turn.user_id, turn.now)

    async def _read(self, turn: Turn) -> tuple[Scene, NDArray[np.float32] | None]:
        """The scene and the vector of what was said; memory is brought to hand meanwhile."""
        # gather, for an error keeps its type: the door tells an outage from a failure by it
        scene, vector, _ = await asyncio.gather(
            self._load_scene(turn), self._encode(turn.text), self._team.recall.prepare(turn.user_id)
        )
        return scene, vector

    def _country(self, user: User) -> str | None:
        return user.country or self._team.about.country

    async def _encode(self, words: str) -> NDArray[np.float32] | None:
        made = await asyncio.to_thread(self._team.encoder.encode, [words])
        return None if made is None else made[0]

    async def _listen_for_danger(self, thinking: Thinking) -> Answer | Safety | None:
        """The crisis reply; ``Safety.NONE`` when an earlier crisis is over; None when there was none."""
        turn, user, check = thinking.turn, thinking.scene.user, self._team.safety
        verdict = await asyncio.to_thread(check.assess, turn.text, turn.language, thinking.vector)
        if verdict.level is Safety.NONE:
            if user.crisis is Safety.NONE or turn.command is not None:
                return None
            asked = Why(user.crisis_why) if user.crisis_why else Why.WORDS
            verdict = assess_answer(turn.text, turn.language, user.crisis, why=asked)
            if verdict.level is Safety.NONE:
                return Safety.NONE
        return self._warn(thinking, verdict)

    async def _listen_and_think(self, thinking: Thinking, showing: Showing | None) -> Draft | Answer:
        """The draft, or the crisis reply when a second listener hears what the first did not."""
        thinking.turn = replace(thinking.turn, showing=showing)
        second, turn, scene = self._team.second, thinking.turn, thinking.scene
        if second is None or turn.command in DRY_COMMANDS:
            _open(showing)
            return await self._think(thinking)
        try:
            async with asyncio.TaskGroup() as both:
                draft = both.create_task(self._think(thinking))
                level = await second.listen(turn, scene)
                if level in (Safety.PASSIVE, Safety.UNSURE):  # nothing else is waited for
                    draft.cancel()
                    return self._warn(thinking, SafetyVerdict(level, why=Why.SIGNS))
                _open(showing)
        except ExceptionGroup as failed:  # the door tells an outage from a failure by its type
            raise failed.exceptions[0] from None
        return draft.result()

    def _warn(self, thinking: Thinking, verdict: SafetyVerdict) -> Answer:
        """The fixed text for what was heard."""
        turn = thinking.turn
        words = build_crisis_text(verdict, turn.language, self._country(thinking.scene.user))
        quotes = (Quote(verdict.words),) if verdict.words else ()
        # a fixed text: no lens, no step, no check that could replace it
        draft = Draft(
            ReplyKind.CRISIS,
            turn.language,
            (Said(words, "", quotes),),
            effects=(NoteCrisis(verdict.level, verdict.why),),
        )
        return Answer(Reply(draft), verdict.level)

    async def _think(self, thinking: Thinking) -> Draft:
        """Routes the turn: an event, a tap, a command, a dialogue under way, or something on their mind."""
        turn = thinking.turn
        if turn.event in SPEAKS_FIRST:
            return await answer_event(thinking, turn.event)
        if turn.tap is not None:
            return await answer_tap(thinking, turn.tap)
        if turn.command is not None:
            return await answer_command(thinking, turn.command)
        return await answer_dialogue(thinking) or await answer_message(thinking)


def _open(showing: Showing | None) -> None:
    """What comes may be shown from now on."""
    if showing is not None:
        showing.open()


def _after_no(reply: Reply, words: str) -> Reply:
    """The fixed words after a clear no, in front of a reply that was checked without them."""
    draft = reply.draft
    effects = (*draft.effects, NoteCrisis(Safety.NONE))
    return Reply(replace(draft, parts=(Said(words), *draft.parts), effects=effects))


def _check(thinking: Thinking, draft: Draft) -> Reply:
    """The checked reply; a draft that breaks a rule is replaced by one plain question."""
    if not draft.parts:  # the door says it: an export, a receipt
        return Reply(draft)
    try:
        return check_draft(draft, thinking.sources)
    except DraftRejected as error:
        # the rules broken are named; the person's words are not
        log.warning("draft rejected: %s (%s)", error, draft.kind)
        asked = Question(text("turn.fallback", thinking.language))
        return Reply(replace(draft, kind=ReplyKind.CLARIFY, parts=(asked,), choices=()))
