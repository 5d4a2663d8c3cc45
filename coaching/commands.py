"""Commands, taps and dialogues under way: what somebody asks for by name."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from coaching import (
    checkins,
    commitments,
    goals,
    housekeeping,
    pausing,
    plan_answers,
    plan_lines,
    plan_words,
    planning,
    recalling,
    review,
    tools,
    tries,
    wording,
)  # fmt: skip
from coaching.effects import EndDialogue
from coaching.figure import WEEKS, build_figure
from coaching.housekeeping import info
from coaching.intent import Intent, says
from coaching.model import Event
from coaching.offers import TAPS, answer_offer
from coaching.parts import Draft, Question, Quote, ReplyKind
from coaching.quoting import measure
from coaching.reading import read_turn
from coaching.reflecting import SHORTEST, build_reflection
from prompts import load_pattern, text

if TYPE_CHECKING:
    from coaching.model import Dialogue, Lens
    from coaching.thinking import Thinking

_CALENDAR = load_pattern("plan_words.calendar")
_CALENDAR_WORDS = load_pattern("plan_words.calendar_words")
_POST = load_pattern("review.post")
_FORWARD = load_pattern("review.forward")
REFLECT_DAYS = 7
MOST_SEEN = 1000  # messages looked at for a picture of six weeks
PATTERN_DAYS = 31
SHORT = 40  # characters; a request is one only when it is nearly all that was said
DIALOGUE_LASTS = timedelta(hours=12)  # what was asked yesterday is not answered by today's first line
LENS_CHARACTERS = 2000  # of a long text, as much as it takes to hear what it is about


async def answer_event(thinking: Thinking, event: Event) -> Draft:
    """The coach speaks first."""
    if event is Event.WEEKLY_REVIEW:
        return await _review(thinking)
    if event is Event.EVENING_CHECKIN and not checkins.is_due(thinking.scene, thinking.turn):
        dialogue = thinking.scene.dialogue
        idle = dialogue is None or thinking.turn.now - dialogue.since > DIALOGUE_LASTS
        if idle and (asked := await tries.ask_tonight(thinking)):
            return asked
    return checkins.build_checkin(thinking.turn, thinking.scene, thinking.choose)


async def answer_command(thinking: Thinking, name: str) -> Draft:  # noqa: C901  # one flat table of commands
    """One command. What follows its name is the turn's text."""
    turn, scene = thinking.turn, thinking.scene
    match name:
        case "start":
            words = "\n".join(text(f"welcome.{key}", turn.language) for key in ("hello", "stored", "ask"))
            return Draft(ReplyKind.INFO, turn.language, (Question(words),))
        case "plan" if _CALENDAR.search(turn.text):
            # "ics" is no language
            return commitments.send_calendar(replace(turn, language=scene.user.language), scene)
        case "plan":
            lines = await wording.read_plan(thinking)
            return planning.open_plan(turn, scene, thinking.choose, _hear(thinking), lines)
        case "review":
            return await _review(thinking)
        case "reflect":
            return await _reflect(thinking)
        case "recall" if turn.text:
            return recalling.list_recalled(turn, await thinking.recall(turn.text, limit=5))
        case "recall":
            return info(turn, "recall.usage")
        case "goals":
            history = await thinking.know_goals() if not turn.text else ()
            return goals.open_goals(turn, scene, _lens_of(thinking), history)
        case _ if name in tools.NAMES:
            return await tools.open_tool(thinking, name)
        case "settings":
            return housekeeping.open_settings(turn, scene, model=await _model_line(thinking))
        case "privacy":
            return housekeeping.show_privacy(turn, scene, thinking.team.about)
        case "export":
            return housekeeping.export(turn)
        case "forget":
            return await housekeeping.open_forget(turn, thinking)
        case "pause":
            return pausing.pause(turn, scene)
        case "resume":
            return pausing.resume(turn, scene)
        case "help":
            return info(turn, "help.body")
        case "import":
            return info(turn, "help.import_terminal")
        case "link":
            return info(turn, "help.link_terminal")
        case "cancel":
            return _cancel(thinking)
    return info(turn, "help.unknown", name=name)


async def _model_line(thinking: Thinking) -> str:
    """Which language model answers and what it cost today, or that there is none."""
    team, turn = thinking.team, thinking.turn
    if not team.about.model:
        return text("settings.model_none", turn.language)
    used = await team.budget.count_used(turn.user_id) if team.budget else 0
    name = "model_on" if thinking.scene.user.model_on else "model_off"
    return text(f"settings.{name}", turn.language, model=team.about.model, used=used)


def _cancel(thinking: Thinking) -> Draft:
    """Leaves a dialogue; a plan in the making stays as a draft, everything else is over."""
    turn, dialogue = thinking.turn, thinking.scene.dialogue
    if dialogue is None:
        return info(turn, "step.none")
    if dialogue.kind == plan_lines.DIALOGUE and dialogue.state["items"]:
        return planning.keep_draft(turn, dialogue)
    left = "tools.left" if dialogue.kind in tools.DIALOGUES else "plan.not_saved"
    return info(turn, left, EndDialogue())


async def answer_tap(thinking: Thinking, data: str) -> Draft:
    """A button. An old keyboard says what happened since."""
    turn, scene = thinking.turn, thinking.scene
    name, _, rest = data.partition(":")
    if name == "step":
        return await answer_offer(thinking, TAPS.get(rest, Intent.NOT_THIS))
    if name == "plan" and ":" in rest:
        verb, _, wanted = rest.partition(":")
        if verb in ("snooze", "not_tonight"):
            return checkins.leave_tonight(turn, scene, verb, wanted)
        return commitments.mark(turn, scene, verb, wanted)
    if name == "cmd":
        return await answer_command(thinking, rest)
    if name == "review":
        if rest == "post":
            return review.build_post(turn, scene, thinking.choose)
        return review.build_forward(turn, scene)
    if name in tools.NAMES and (draft := await tools.answer_tap(thinking, name, rest)):
        return draft
    if name == "rhythm":
        return pausing.change_rhythm(turn, scene, rest)
    return await answer_dialogue(thinking) or info(turn, "step.none")


async def answer_dialogue(thinking: Thinking) -> Draft | None:
    """The next turn of a conversation under way, or None when what was said is about something else."""
    turn, scene = thinking.turn, thinking.scene
    if any(says(name, turn.text) for name in ("recall", "why_know")):
        return None
    open_ended = _is_open_ended(thinking)
    if asked := await _asked_for_others(thinking):
        return asked
    if changed := plan_words.answer_words(turn, scene, amid=not open_ended):
        return changed
    if scene.dialogue is None or turn.now - scene.dialogue.since > DIALOGUE_LASTS:
        return None
    if draft := await tools.go_on(thinking, scene.dialogue):
        return draft
    return await _go_on(thinking, scene.dialogue) or (
        None if open_ended else plan_words.answer_words(turn, scene)
    )


async def _asked_for_others(thinking: Thinking) -> Draft | None:
    """A calendar file, a line to post or a text to forward, asked for in words."""
    words = thinking.turn.text
    if words and len(words) <= SHORT and _CALENDAR_WORDS.search(words):
        return commitments.send_calendar(thinking.turn, thinking.scene)
    if words and len(words) <= SHORT and (_POST.search(words) or _FORWARD.search(words)):
        return await _review(thinking)
    return None


def _is_open_ended(thinking: Thinking) -> bool:
    """Whether nothing specific was asked, so that words about a line of the plan go first."""
    dialogue = thinking.scene.dialogue
    return dialogue is None or (dialogue.kind == plan_lines.DIALOGUE and dialogue.state["stage"] == "what")


async def _go_on(thinking: Thinking, dialogue: Dialogue) -> Draft | None:  # one flat table
    turn, scene = thinking.turn, thinking.scene
    match dialogue.kind:
        case plan_lines.DIALOGUE:
            lines = await wording.read_plan(thinking) if dialogue.state["stage"] == "what" else ()
            return plan_answers.go_on(turn, scene, dialogue, thinking.choose, _hear(thinking), lines)
        case commitments.MOVE:
            return commitments.move_to(turn, scene, dialogue.state)
        case commitments.SPLIT if turn.text:
            return commitments.split_off(turn, scene, dialogue.state["id"])
        case plan_words.WHICH:
            return plan_words.answer_which(turn, scene, dialogue)
        case checkins.MISSED if turn.text:
            return checkins.take_choice(turn, scene, dialogue.state["id"])
        case checkins.RESULT:
            return checkins.take_result(turn, scene, dialogue.state["id"], thinking.choose)
        case goals.DIALOGUE if turn.text and goals.is_line(turn.text):
            return goals.take_success(turn, scene, dialogue)
        case goals.HORIZON if turn.tap or goals.is_line(turn.text):
            return goals.take_horizon(turn, scene, dialogue)
        case goals.QUIET:
            return goals.answer_quiet(turn, scene, dialogue, _lens_of(thinking))
        case goals.NEW if turn.text and goals.is_line(turn.text):
            return goals.add_goal(turn, turn.text, _lens_of(thinking))
        case housekeeping.FORGET:
            return housekeeping.answer_forget(turn, dialogue)
    return None


def _hear(thinking: Thinking) -> planning.Hear:
    def lens_of(words: str) -> Lens | None:
        heard = thinking.hear(words)
        return heard.lenses[0] if heard.lenses else None

    return lens_of


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
        turn = replace(turn, showing=None)  # whose words are quoted is known only in the end
    lens = await thinking.listen(words[:LENS_CHARACTERS])
    reading = read_turn(replace(turn, text=words), Intent.COACH, lens)
    draft = None
    if thinking.team.reflector and measure(words) >= SHORTEST:
        draft = await thinking.team.reflector.reflect(replace(turn, text=words), thinking.scene, reading)
    if draft is None:
        draft = await asyncio.to_thread(build_reflection, turn, thinking.scene, words, reading, thinking.hear)
        if turn.showing is not None:
            draft = turn.showing.settle_for(draft, thinking.sources)
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
    turn, scenes = thinking.turn, thinking.team.scenes
    if turn.text and turn.event is None:
        if _POST.search(turn.text):
            return review.build_post(turn, thinking.scene, thinking.choose)
        if _FORWARD.search(turn.text):
            return review.build_forward(turn, thinking.scene)
    begin = turn.today - timedelta(weeks=WEEKS)
    seen = await scenes.list_messages(turn.user_id, since=begin, until=turn.today, limit=MOST_SEEN)
    plan = await scenes.list_commitments(turn.user_id, since=begin, until=turn.today + timedelta(days=6))
    heard = await scenes.lenses_of(tuple(message.id for message in seen))
    said = [m for m in seen if m.said_on >= turn.today - timedelta(days=PATTERN_DAYS)]
    thinking.messages |= {message.id: message.text for message in said}
    told = review.build_review(
        turn,
        thinking.scene,
        said,
        thinking.choose,
        figure=build_figure(plan, seen, heard, turn.today, turn.language),
        quiet=goals.find_quiet(thinking.scene, plan, turn.today),
    )
    return await wording.word_review(thinking, told, said)
