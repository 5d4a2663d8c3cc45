"""The coach: one turn in, one checked reply out.

The order is fixed: safety → boundaries → intent → lens → loaded quote → reflection → at most one past →
one step → one question → check. Nothing is written here; what a reply changes are its effects.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from coaching import checkins, commitments, goals, housekeeping, recalling, review
from coaching.effects import AddCommitment, ChangeSettings, DeclineStep, NoteCrisis, SetDialogue
from coaching.errors import DraftRejected
from coaching.housekeeping import About, info
from coaching.intent import Intent, answers_checkin, read_intent, says
from coaching.model import Channel, Event, Lens, Safety
from coaching.parts import (
    Draft,
    NextStep,
    Question,
    Quote,
    Reply,
    ReplyKind,
    Said,
    Sources,
    check_draft,
)
from coaching.quoting import GARBLED, list_clauses
from coaching.reading import Reading, read_turn
from coaching.reflecting import SHORTEST, build_reflection
from coaching.responders.choosing import Chooser
from coaching.responders.playbook import build_step, needs_clarifying, step_choices
from coaching.safety import build_crisis_text
from prompts import load_playbook, text
from prompts.texts_data import fill

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from coaching.lenses import LensReader, LensReading
    from coaching.model import Recalled, Scene, Turn
    from coaching.ports import Encoder, Recall, Responder, SceneReader
    from coaching.safety import SafetyCheck

log = logging.getLogger(__name__)

REFLECT_DAYS = 7
PATTERN_DAYS = 31
RECALL_LIMIT = 8


@dataclass(frozen=True, slots=True)
class Answer:
    """A checked reply, with what was heard in the message it answers."""

    reply: Reply
    safety: Safety = Safety.NONE
    lenses: tuple[tuple[Lens, float], ...] = ()


class Coach:
    """Everything handed in: where scenes come from, who recalls, who drafts, who listens."""

    def __init__(
        self,
        *,
        scenes: SceneReader,
        recall: Recall,
        responder: Responder,
        lenses: LensReader,
        safety: SafetyCheck,
        encoder: Encoder,
        about: About | None = None,
    ) -> None:
        self._scenes = scenes
        self._recall = recall
        self._responder = responder
        self._lenses = lenses
        self._safety = safety
        self._encoder = encoder
        self._about = about or About()

    async def reply_to(self, turn: Turn) -> Answer:
        """Thinks about one turn, outside any transaction, and answers it."""
        scene = await self._scenes.load_scene(turn.user_id, turn.now)
        vector = await self._encode(turn.text) if turn.text and turn.tap is None else None
        hearing = _Hearing(self, turn, scene, vector)
        if turn.text and turn.tap is None:
            crisis = await hearing.safety()
            if crisis is not None:
                return crisis
        draft = await hearing.draft()
        if hearing.relieved:
            draft = replace(
                draft,
                parts=(Said(text("crisis_return.after_no", turn.language)), *draft.parts),
                effects=(*draft.effects, NoteCrisis(Safety.NONE)),
            )
        reply = hearing.check(draft)
        heard = hearing.lens
        weights = tuple((lens, heard.scores[lens]) for lens in heard.lenses) if heard else ()
        return Answer(reply, Safety.NONE, weights)

    async def _encode(self, words: str) -> NDArray[np.float32] | None:
        made = await asyncio.to_thread(self._encoder.encode, [words])
        return None if made is None else made[0]


class _Hearing:
    """One turn being thought about."""

    def __init__(
        self, coach: Coach, turn: Turn, scene: Scene, vector: NDArray[np.float32] | None
    ) -> None:
        self.coach, self.turn, self.scene, self.vector = coach, turn, scene, vector
        self.lens: LensReading | None = None
        self.relieved = False
        self.found: tuple[Recalled, ...] = ()
        self.messages: dict[int, str] = {m.id: m.text for m in scene.recent}
        self.choose = Chooser(scene, turn.text, turn.language)

    # --- safety first -------------------------------------------------------------------------------------

    async def safety(self) -> Answer | None:
        """The crisis reply, if there is anything to hear; closes an earlier one after a clear no."""
        turn, user = self.turn, self.scene.user
        check = self.coach._safety  # noqa: SLF001  # two halves of one coach
        verdict = await asyncio.to_thread(check.assess, turn.text, turn.language, self.vector)
        if verdict.level is Safety.NONE and user.crisis is not Safety.NONE and turn.command is None:
            level = check.assess_answer(turn.text, turn.language, user.crisis)
            if level is Safety.NONE:
                self.relieved = True
                return None
            verdict = replace(verdict, level=level)
        if verdict.level is Safety.NONE:
            return None
        words = build_crisis_text(verdict, turn.language, user.country)
        quotes = (Quote(verdict.words),) if verdict.words else ()
        draft = Draft(
            ReplyKind.CRISIS, turn.language, (Said(words, "", quotes),), effects=(NoteCrisis(verdict.level),)
        )
        return Answer(Reply(draft), verdict.level)

    # --- what is wanted -----------------------------------------------------------------------------------

    async def draft(self) -> Draft:
        """Routes the turn: an event, a tap, a command, a dialogue under way, or something on their mind."""
        turn = self.turn
        if turn.event in (Event.EVENING_CHECKIN, Event.EVENING_CHECKIN_UNANSWERED_4):
            return checkins.build_checkin(turn, self.scene, self.choose)
        if turn.event is Event.WEEKLY_REVIEW:
            return await self._review()
        if turn.tap is not None:
            return await self._tap(turn.tap)
        if turn.command is not None:
            return await self._command(turn.command)
        if self.scene.dialogue is not None and (going_on := await self._dialogue(self.scene.dialogue.kind)):
            return going_on
        return await self._message()

    async def _tap(self, data: str) -> Draft:
        name, _, rest = data.partition(":")
        if name == "step":
            return self._on_step({"do": Intent.TAKE, "smaller": Intent.SMALLER}.get(rest, Intent.NOT_THIS))
        if name == "plan" and ":" in rest:
            verb, _, wanted = rest.partition(":")
            if verb == "snooze":
                return info(self.turn, "checkin.snoozed")
            if verb == "not_tonight":
                return info(self.turn, "checkin.not_tonight")
            return commitments.mark(self.turn, self.scene, verb, wanted)
        if name == "cmd":
            return await self._command(rest)
        if name == "rhythm":
            return self._rhythm(rest)
        if self.scene.dialogue is not None and (going_on := await self._dialogue(self.scene.dialogue.kind)):
            return going_on
        return info(self.turn, "step.none")

    def _rhythm(self, wanted: str) -> Draft:
        if wanted == "pause":
            return self._pause()
        if wanted == "weekly":
            return info(self.turn, "settings.changed", ChangeSettings({"days": "7"}), name="days", value="7")
        return info(self.turn, "settings.changed", name="days", value=text("settings.all_days", self.turn.language))

    def _pause(self) -> Draft:
        until = self.turn.now + timedelta(days=3650)
        return info(self.turn, "small.pause", ChangeSettings({"paused_until": until}))

    async def _command(self, name: str) -> Draft:  # noqa: C901  # one flat table of commands
        turn, scene = self.turn, self.scene
        match name:
            case "start":
                words = "\n".join(text(f"welcome.{key}", turn.language) for key in ("hello", "stored", "ask"))
                return Draft(ReplyKind.INFO, turn.language, (Question(words),))
            case "plan":
                return commitments.open_plan(turn, scene, self.choose)
            case "review":
                return await self._review()
            case "reflect":
                return await self._reflect()
            case "recall":
                return await self._recall_command()
            case "goals":
                heard = self._hear(turn.text) if turn.text else None
                return goals.open_goals(turn, scene, heard.lenses[0] if heard and heard.lenses else None)
            case "settings":
                return housekeeping.open_settings(turn, scene)
            case "privacy":
                return housekeeping.show_privacy(turn, scene, self.coach._about)  # noqa: SLF001  # as above
            case "export":
                return housekeeping.export(turn)
            case "forget":
                return await self._forget(turn)
            case "pause":
                return self._pause()
            case "resume":
                evening = scene.user.evening.strftime("%H:%M")
                return info(turn, "small.resume", ChangeSettings({"paused_until": None}), evening=evening)
            case "help":
                return info(turn, "help.body")
            case "import":
                return info(turn, "help.import_terminal")
            case "cancel":
                return info(turn, "plan.not_saved") if scene.dialogue else info(turn, "step.none")
        return info(turn, "help.unknown", name=name)

    async def _forget(self, turn: Turn) -> Draft:
        draft = await housekeeping.open_forget(turn, self.coach._scenes)  # noqa: SLF001  # as above
        for quote in draft.quotes:
            if quote.message_id is not None:
                found = await self.coach._scenes.find_message(turn.user_id, quote.message_id)  # noqa: SLF001
                self.messages[quote.message_id] = found.text if found else ""
        return draft

    async def _dialogue(self, kind: str) -> Draft | None:
        turn, scene = self.turn, self.scene
        match kind:
            case commitments.DIALOGUE:
                return commitments.go_on(turn, scene, self.choose)
            case "move":
                assert scene.dialogue is not None
                return commitments.move_to(turn, scene, scene.dialogue.state["id"])
            case goals.DIALOGUE if turn.text:
                return goals.take_success(turn, scene)
            case "new_goal" if turn.text:
                heard = self._hear(turn.text)
                return goals.add_goal(turn, turn.text, heard.lenses[0] if heard.lenses else None)
            case housekeeping.FORGET:
                return housekeeping.answer_forget(turn, scene)
        return None

    # --- something on their mind --------------------------------------------------------------------------

    def _hear(self, words: str) -> LensReading:
        vector = self.vector if words == self.turn.text else None
        return self.coach._lenses.read(words, self.turn.language, vector)  # noqa: SLF001  # as above

    async def _message(self) -> Draft:
        turn, scene = self.turn, self.scene
        intent, boundary = read_intent(turn, scene)
        if (draft := await self._small(intent)) is not None:
            return draft
        self.lens = await asyncio.to_thread(self._hear, turn.text)
        if intent in (Intent.DONE, Intent.HALF, Intent.MISSED):
            draft = checkins.answer_report(turn, scene, intent, self.choose)
            return replace(draft, lenses=self.lens.reported())
        if answers_checkin(turn, scene) and boundary is None:
            return replace(checkins.answer_heard(turn, scene, self.choose), lenses=self.lens.reported())
        if turn.channel is Channel.VOICE and GARBLED.search(turn.text) and not list_clauses(turn.text):
            return Draft(
                ReplyKind.CLARIFY, turn.language, (Question(self.choose.wording("clarify.garbled"), "garbled"),)
            )
        reading = read_turn(turn, scene, intent, self.lens, boundary)
        if needs_clarifying(turn, reading):
            return self._clarify(reading)
        past, conflict = await self._past()
        reading = replace(reading, past=past, conflict=conflict)
        return await self.coach._responder.draft(turn, scene, reading)  # noqa: SLF001  # as above

    async def _small(self, intent: Intent) -> Draft | None:  # noqa: C901  # one flat table of intents
        turn, scene = self.turn, self.scene
        match intent:
            case Intent.RECALL:
                return await self._recall_question()
            case Intent.WHY_KNOW:
                return await self._why()
            case Intent.INJECTION:
                return _plain(turn, "small.injection")
            case Intent.TAKE | Intent.SMALLER | Intent.NOT_THIS:
                return self._on_step(intent)
            case Intent.THANKS:
                return Draft(ReplyKind.INFO, turn.language, (Said(self.choose.wording("small.thanks")),))
            case Intent.GREETING:
                return _plain(turn, "small.greeting")
            case Intent.OFF_TOPIC:
                return _plain(turn, "small.off_topic")
            case Intent.PLAN:
                return commitments.open_plan(replace(turn, text=""), scene, self.choose)
            case Intent.GOAL:
                asked = Question(text("small.goal_changed", turn.language))
                effects = (SetDialogue("new_goal", {}),)
                return Draft(ReplyKind.CLARIFY, turn.language, (asked,), effects=effects)
            case Intent.PAUSE:
                return self._pause()
            case Intent.FORGET:
                return await self._forget(replace(turn, text="last"))
            case _:
                if says("correct", turn.text) and len(turn.text) < 30:
                    return _plain(turn, "small.correct")
                return None

    def _clarify(self, reading: Reading) -> Draft:
        language = self.turn.language
        quote = reading.quote
        if quote is not None and len(quote.text) >= 2:
            words = fill(self.choose.wording("clarify.quoted"), "clarify", {"q": quote.text})
            return Draft(ReplyKind.CLARIFY, language, (Question(words, "clarify", (quote,)),))
        return Draft(ReplyKind.CLARIFY, language, (Question(self.choose.wording("clarify.plain"), "clarify"),))

    def _on_step(self, intent: Intent) -> Draft:
        """Yes, smaller or no to the step that was offered last."""
        turn, scene, offered = self.turn, self.scene, self.scene.offered
        if offered is None:
            return info(turn, "step.none")
        if intent is Intent.NOT_THIS:
            return self._another()
        if intent is Intent.SMALLER:
            return self._smaller()
        opened = commitments.list_open(scene, turn.today)
        if len(opened) >= commitments.MOST:
            item = commitments.Item(offered.text, offered.due_on, None, offered.cue, offered.minutes, "", offered.if_then)
            return commitments.ask_room(turn, scene, item)
        words = text(
            "step.taken",
            turn.language,
            text=offered.text,
            day="",
            cue=offered.cue,
            minutes=offered.minutes,
            if_then=offered.if_then,
        )
        add = AddCommitment(
            text=offered.text,
            due_on=offered.due_on,
            cue=offered.cue,
            minutes=offered.minutes,
            visible_end=offered.visible_end,
            if_then=offered.if_then,
            lens=offered.lens,
            step_key=offered.key,
            origin=f"step:{offered.reply_id}",
        )
        quote = Quote(offered.text, commitment_id=0)
        return Draft(ReplyKind.PLAN, turn.language, (Said(words, "", (quote,)),), effects=(add,))

    def _smaller(self) -> Draft:
        turn, offered = self.turn, self.scene.offered
        assert offered is not None
        if not offered.smaller:
            return info(turn, "step.smallest")
        minutes = min(5, offered.minutes)
        words = text("step.shrunk", turn.language, when=offered.cue, body=offered.smaller, minutes=minutes)
        step = NextStep(
            text=words[:1].upper() + words[1:],
            key=offered.key,
            body=offered.smaller,
            minutes=minutes,
            when=offered.cue,
            due_on=offered.due_on,
            done=offered.visible_end,
            if_then=offered.if_then,
            lens=offered.lens,
        )
        return Draft(ReplyKind.CHECKIN_REPLY, turn.language, (step,), choices=step_choices(turn.language))

    def _another(self) -> Draft:
        turn, offered = self.turn, self.scene.offered
        assert offered is not None
        refused = replace(self.scene, declined=self.scene.declined | {offered.key})
        choose = Chooser(refused, turn.text, turn.language)
        reading = read_turn(turn, refused, Intent.COACH, self._hear(offered.text))
        theme = load_playbook().themes[offered.lens or reading.theme]
        found = choose.step([theme.steps], reading.stage)
        decline = DeclineStep(offered.key)
        if found is None:
            return Draft(
                ReplyKind.CLARIFY, turn.language, (Question(text("step.declined", turn.language)),), effects=(decline,)
            )
        step = build_step(found, turn, reading, choose, lens=offered.lens, turns=self.scene.turns)
        return Draft(
            ReplyKind.CHECKIN_REPLY, turn.language, (step,), choices=step_choices(turn.language), effects=(decline,)
        )

    # --- memory -------------------------------------------------------------------------------------------

    async def _recalled(self, query: str, *, limit: int = RECALL_LIMIT) -> tuple[Recalled, ...]:
        lenses = self.lens.lenses if self.lens else ()
        vector = self.vector if query == self.turn.text else None
        found = await self.coach._recall.recall(  # noqa: SLF001  # as above
            self.turn.user_id, query, limit=limit, only_user=True, lenses=lenses, vector=vector
        )
        self.messages |= {r.message.id: r.message.text for r in found}
        return found

    async def _past(self) -> tuple[Recalled | None, bool]:
        lately = frozenset(
            int(used.key[1:]) for used in self.scene.used if used.kind == "past" and used.turn < 10 and used.key[1:].isdigit()
        )
        return recalling.choose_past(self.turn, await self._recalled(self.turn.text), said_lately=lately)

    async def _recall_question(self) -> Draft:
        asked = recalling.what_is_asked(self.turn.text)
        return recalling.answer_recall(self.turn, await self._recalled(asked))

    async def _recall_command(self) -> Draft:
        if not self.turn.text:
            return info(self.turn, "recall.usage")
        return recalling.list_recalled(self.turn, await self._recalled(self.turn.text, limit=5))

    async def _why(self) -> Draft:
        turn = self.turn
        last = await self.coach._scenes.find_last_quote(turn.user_id)  # noqa: SLF001  # as above
        message = await self.coach._scenes.find_message(turn.user_id, last[0]) if last else None  # noqa: SLF001
        if message is None:
            return info(turn, "recall.why_none")
        self.messages[message.id] = message.text
        return recalling.build_why(turn, Quote("", message.id, message.said_on), message.text)

    async def _reflect(self) -> Draft:
        turn = self.turn
        source: Quote | None = None
        words = turn.text
        if not words:
            since = turn.today - timedelta(days=REFLECT_DAYS - 1)
            said = await self.coach._scenes.list_messages(turn.user_id, since=since, until=turn.today)  # noqa: SLF001
            said = tuple(m for m in said if not m.text.startswith("/"))
            if not said:
                return Draft(ReplyKind.CLARIFY, turn.language, (Question(text("reflect.nothing", turn.language)),))
            words = "\n".join(m.text for m in said)
            self.messages |= {m.id: m.text for m in said}
        self.lens = await asyncio.to_thread(self._hear, words[:2000])
        reading = read_turn(replace(turn, text=words), self.scene, Intent.COACH, self.lens)
        draft = await asyncio.to_thread(build_reflection, turn, self.scene, words, reading, self._hear, source)
        return _located(draft, self.messages) if not turn.text else draft

    async def _review(self) -> Draft:
        turn = self.turn
        since = turn.today - timedelta(days=PATTERN_DAYS)
        said = await self.coach._scenes.list_messages(turn.user_id, since=since, until=turn.today)  # noqa: SLF001
        self.messages |= {m.id: m.text for m in said}
        return review.build_review(turn, self.scene, said, self.choose)

    # --- the check ----------------------------------------------------------------------------------------

    def check(self, draft: Draft) -> Reply:
        """The checked reply; a draft that breaks a rule is replaced by one plain question."""
        if not draft.parts:  # the door says it: an export, a receipt
            return Reply(draft)
        try:
            return check_draft(draft, self._sources())
        except DraftRejected as error:
            # the rules broken are named; the person's words are not
            log.warning("draft rejected: %s (%s)", error, draft.kind)
            language = self.turn.language
            return Reply(
                Draft(
                    ReplyKind.CLARIFY,
                    language,
                    (Question(text("turn.fallback", language)),),
                    lenses=draft.lenses,
                    effects=draft.effects,
                )
            )

    def _sources(self) -> Sources:
        scene = self.scene
        planned = {c.id: c.text for c in scene.plan} | {-g.id: f"{g.text}\n{g.success}" for g in scene.goals}
        drafting = "\n".join(raw["text"] for raw in (scene.dialogue.state.get("items", ()) if scene.dialogue else ()))
        planned[0] = f"{drafting}\n{scene.offered.text if scene.offered else ''}"
        return Sources(self.turn.text, self.messages, planned)


def _plain(turn: Turn, key: str) -> Draft:
    return Draft(ReplyKind.CLARIFY, turn.language, (Question(text(key, turn.language)),))


def _located(draft: Draft, messages: dict[int, str]) -> Draft:
    """Names the stored message each quote of a several-days reflection stands in."""

    def locate(quote: Quote) -> Quote:
        home = next((i for i, words in messages.items() if quote.text in words), None)
        return replace(quote, message_id=home)

    parts = tuple(replace(p, quotes=tuple(locate(q) for q in p.quotes)) for p in draft.parts)
    return replace(draft, parts=parts)
