"""Commands, taps and dialogues under way: what somebody asks for by name."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from coaching import checkins, commitments, goals, housekeeping, recalling, review
from coaching.effects import ChangeSettings, EndDialogue
from coaching.housekeeping import info
from coaching.intent import Intent, says
from coaching.model import Event
from coaching.offers import TAPS, answer_offer
from coaching.parts import Draft, Question, Quote, ReplyKind
from coaching.reading import read_turn
from coaching.reflecting import build_reflection
from prompts import text

if TYPE_CHECKING:
    from coaching.model import Lens
    from coaching.thinking import Thinking

REFLECT_DAYS = 7
PATTERN_DAYS = 31
DIALOGUE_LASTS = timedelta(hours=12)  # what was asked yesterday is not answered by today's first line
LENS_CHARACTERS = 2000  # of a long text, as much as it takes to hear what it is about


async def answer_event(thinking: Thinking, event: Event) -> Draft:
    """The coach speaks first."""
    if event is Event.WEEKLY_REVIEW:
        return await _review(thinking)
    return checkins.build_checkin(thinking.turn, thinking.scene, thinking.choose)


async def answer_command(thinking: Thinking, name: str) -> Draft:  # noqa: C901  # one flat table of commands
    """One command. What follows its name is the turn's text."""
    turn, scene = thinking.turn, thinking.scene
    match name:
        case "start":
            words = "\n".join(text(f"welcome.{key}", turn.language) for key in ("hello", "stored", "ask"))
            return Draft(ReplyKind.INFO, turn.language, (Question(words),))
        case "plan":
            return commitments.open_plan(turn, scene, thinking.choose)
        case "review":
            return await _review(thinking)
        case "reflect":
            return await _reflect(thinking)
        case "recall" if turn.text:
            return recalling.list_recalled(turn, await thinking.recall(turn.text, limit=5))
        case "recall":
            return info(turn, "recall.usage")
        case "goals":
            return goals.open_goals(turn, scene, _lens_of(thinking))
        case "settings":
            return housekeeping.open_settings(turn, scene)
        case "privacy":
            return housekeeping.show_privacy(turn, scene, thinking.team.about)
        case "export":
            return housekeeping.export(turn)
        case "forget":
            return await housekeeping.open_forget(turn, thinking)
        case "pause":
            return housekeeping.pause(turn)
        case "resume":
            evening = scene.user.evening.strftime("%H:%M")
            return info(turn, "small.resume", ChangeSettings({"paused_until": None}), evening=evening)
        case "help":
            return info(turn, "help.body")
        case "import":
            return info(turn, "help.import_terminal")
        case "cancel":
            return _cancel(thinking)
    return info(turn, "help.unknown", name=name)


def _cancel(thinking: Thinking) -> Draft:
    """Leaves a dialogue; a plan in the making stays as a draft, everything else is over."""
    turn, dialogue = thinking.turn, thinking.scene.dialogue
    if dialogue is None:
        return info(turn, "step.none")
    if dialogue.kind == commitments.DIALOGUE and dialogue.state["items"]:
        return commitments.keep_draft(turn, dialogue)
    return info(turn, "plan.not_saved", EndDialogue())


async def answer_tap(thinking: Thinking, data: str) -> Draft:
    """A button. An old keyboard says what happened since."""
    turn, scene = thinking.turn, thinking.scene
    name, _, rest = data.partition(":")
    if name == "step":
        return answer_offer(thinking, TAPS.get(rest, Intent.NOT_THIS))
    if name == "plan" and ":" in rest:
        verb, _, wanted = rest.partition(":")
        if verb in ("snooze", "not_tonight"):
            return info(turn, "checkin.snoozed" if verb == "snooze" else "checkin.not_tonight")
        return commitments.mark(turn, scene, verb, wanted)
    if name == "cmd":
        return await answer_command(thinking, rest)
    if name == "rhythm":
        return _rhythm(thinking, rest)
    return await answer_dialogue(thinking) or info(turn, "step.none")


def _rhythm(thinking: Thinking, wanted: str) -> Draft:
    """The answer to the offer of the fourth silent evening."""
    turn = thinking.turn
    if wanted == "pause":
        return housekeeping.pause(turn)
    if wanted == "weekly":
        return info(turn, "settings.weekly", ChangeSettings({"days": "7"}))
    return info(turn, "settings.as_it_is")


async def answer_dialogue(thinking: Thinking) -> Draft | None:
    """The next turn of a conversation under way, or None when what was said is about something else."""
    turn, scene = thinking.turn, thinking.scene
    if scene.dialogue is None or turn.now - scene.dialogue.since > DIALOGUE_LASTS:
        return None
    if any(says(name, turn.text) for name in ("recall", "why_know")):
        return None
    match scene.dialogue.kind:
        case commitments.DIALOGUE:
            return commitments.go_on(turn, scene, scene.dialogue, thinking.choose)
        case "move":
            return commitments.move_to(turn, scene, scene.dialogue.state["id"])
        case goals.DIALOGUE if turn.text and goals.is_line(turn.text):
            return goals.take_success(turn, scene, scene.dialogue)
        case goals.NEW if turn.text and goals.is_line(turn.text):
            return goals.add_goal(turn, turn.text, _lens_of(thinking))
        case housekeeping.FORGET:
            return housekeeping.answer_forget(turn, scene.dialogue)
    return None


def _lens_of(thinking: Thinking) -> Lens | None:
    if not thinking.turn.text:
        return None
    heard = thinking.hear(thinking.turn.text)
    return heard.lenses[0] if heard.lenses else None


async def _reflect(thinking: Thinking) -> Draft:
    """The text after the command, or the last seven days."""
    turn, words = thinking.turn, thinking.turn.text
    if not words:
        since = turn.today - timedelta(days=REFLECT_DAYS - 1)
        week = await thinking.team.scenes.list_messages(turn.user_id, since=since, until=turn.today)
        said = {m.id: m.text for m in week if not m.text.startswith("/")}
        if not said:
            asked = Question(text("reflect.nothing", turn.language))
            return Draft(ReplyKind.CLARIFY, turn.language, (asked,))
        words = "\n".join(said.values())
        thinking.messages |= said
    lens = await thinking.listen(words[:LENS_CHARACTERS])
    reading = read_turn(replace(turn, text=words), Intent.COACH, lens)
    draft = await asyncio.to_thread(build_reflection, turn, thinking.scene, words, reading, thinking.hear)
    return draft if turn.text else _located(draft, thinking.messages)


def _located(draft: Draft, messages: dict[int, str]) -> Draft:
    """Names the stored message that each quote of a several-days reflection stands in."""

    def locate(quote: Quote) -> Quote:
        return replace(
            quote, message_id=next((i for i, words in messages.items() if quote.text in words), None)
        )

    return replace(
        draft, parts=tuple(replace(p, quotes=tuple(locate(q) for q in p.quotes)) for p in draft.parts)
    )


async def _review(thinking: Thinking) -> Draft:
    turn = thinking.turn
    since = turn.today - timedelta(days=PATTERN_DAYS)
    said = await thinking.team.scenes.list_messages(turn.user_id, since=since, until=turn.today)
    thinking.messages |= {message.id: message.text for message in said}
    return review.build_review(turn, thinking.scene, said, thinking.choose)
