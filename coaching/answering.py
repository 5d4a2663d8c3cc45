"""Something on their mind: from intent to a draft, with at most one memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from coaching import checkins, goals, planning, recalling, tools
from coaching.commitments import MOVE, SPLIT
from coaching.effects import EndDialogue, SetDialogue
from coaching.housekeeping import FORGET, open_forget
from coaching.intent import Intent, answers_checkin, read_intent, says
from coaching.offers import answer_offer
from coaching.parts import Choice, Draft, Question, ReplyKind, Said
from coaching.pausing import change_rhythm, pause, resume
from coaching.plan_words import WHICH
from coaching.quoting import is_garbled, list_clauses, measure
from coaching.reading import Reading, read_turn
from coaching.responders.playbook import needs_clarifying
from coaching.wording import word_checkin
from prompts import load_pattern, text
from prompts.texts_data import fill

if TYPE_CHECKING:
    from coaching.thinking import Thinking

SHORT = 30  # characters; a correction is one only when it is nearly all that was said
BARE = 10  # on the scale of quoting.measure: room for "do not ask" and nothing else
QUOTED_LATELY = 10  # replies
ONE_QUESTION = frozenset(
    {goals.DIALOGUE, goals.NEW, MOVE, SPLIT, WHICH, checkins.RESULT, checkins.MISSED, FORGET}
    | tools.DIALOGUES
)

_WANT = load_pattern("reflecting.want")
_NO = load_pattern("recalling.no")


async def answer_message(thinking: Thinking) -> Draft:
    """The reply to an ordinary message; a small question that was left unanswered is over with it."""
    draft = await _answer(thinking)
    dialogue = thinking.scene.dialogue
    if dialogue is not None and dialogue.kind in ONE_QUESTION:
        draft = replace(draft, effects=(EndDialogue(), *draft.effects))
    return draft


async def _answer(thinking: Thinking) -> Draft:
    turn, scene = thinking.turn, thinking.scene
    intent, boundary = read_intent(turn, scene)
    if (draft := await _small_answer(thinking, intent)) is not None:
        return draft
    lens = await thinking.listen(turn.text)
    if intent in (Intent.DONE, Intent.HALF, Intent.MISSED):
        draft = checkins.answer_report(turn, scene, intent, thinking.choose)
        return replace(await word_checkin(thinking, draft), lenses=lens.reported())
    if answers_checkin(turn, scene) and boundary is None:
        draft = checkins.answer_heard(turn, thinking.choose)
        return replace(await word_checkin(thinking, draft), lenses=lens.reported())
    if is_garbled(turn.text):
        return _ask(thinking, "clarify.garbled")
    reading = read_turn(turn, intent, lens, boundary)
    if reading.no_questions and measure(turn.text) <= BARE:
        return _hush(thinking)
    if reading.no_advice and all(says("no_advice", clause.text) for clause in list_clauses(turn.text)):
        return _only_listen(thinking)
    if needs_clarifying(turn, reading):
        return _clarify(thinking, reading)
    return await thinking.team.responder.draft(turn, scene, await _remember(thinking, reading))


async def _small_answer(thinking: Thinking, intent: Intent) -> Draft | None:  # noqa: C901  # one flat table
    """What is answered without coaching, or None."""
    turn, scene = thinking.turn, thinking.scene
    match intent:
        case Intent.RECALL:
            return recalling.answer_recall(turn, await thinking.recall(turn.text))
        case Intent.WHY_KNOW:
            return await _explain(thinking)
        case Intent.TAKE | Intent.SMALLER | Intent.NOT_THIS:
            return await answer_offer(thinking, intent)
        case Intent.THANKS:
            said = Said(thinking.choose.wording("small.thanks"))
            return Draft(ReplyKind.INFO, turn.language, (said,))
        case Intent.INJECTION | Intent.GREETING | Intent.OFF_TOPIC | Intent.WHO_ARE_YOU:
            return _ask(thinking, f"small.{intent}")
        case Intent.PLAN:
            return planning.open_plan(replace(turn, text=""), scene, thinking.choose)
        case Intent.GOAL:
            return _change_goal(thinking)
        case Intent.WEIGH | Intent.TRIES | Intent.ME | Intent.CV | Intent.RUNWAY:
            return await tools.open_in_words(thinking, intent)
        case Intent.PAUSE:
            return pause(turn, scene)
        case Intent.RESUME:
            return resume(turn, scene)
        case Intent.WEEKLY | Intent.AS_IT_IS:
            return change_rhythm(turn, scene, intent)
        case Intent.SNOOZE | Intent.NOT_TONIGHT:
            return checkins.leave_tonight(turn, scene, intent.value)
        case Intent.FORGET:
            return await open_forget(replace(turn, text="last"), thinking)
        case _ if says("correct", turn.text) and len(turn.text) < SHORT:
            return _ask(thinking, "small.correct")
    return None


def _change_goal(thinking: Thinking) -> Draft:
    """The new goal, when the same message names it; otherwise it is asked for. The old one keeps its date."""
    turn, scene = thinking.turn, thinking.scene
    clauses = sorted(list_clauses(turn.text), key=lambda clause: clause.at)
    wanted = [c.text for c in clauses if _WANT.search(c.text) and not _NO.search(c.text)]
    if not wanted:
        return replace(_ask(thinking, "small.goal_changed"), effects=(SetDialogue(goals.NEW, {}),))
    heard = thinking.hear(wanted[-1])
    replaces = scene.goals[0].id if scene.goals else None
    return goals.add_goal(turn, wanted[-1], heard.lenses[0] if heard.lenses else None, replaces=replaces)


def _ask(thinking: Thinking, key: str) -> Draft:
    """One plain question."""
    question = Question(thinking.choose.wording(key), key.rpartition(".")[2])
    return Draft(ReplyKind.CLARIFY, thinking.language, (question,))


def _hush(thinking: Thinking) -> Draft:
    """They only said that they do not want to be asked. A question back would be the very thing."""
    language = thinking.language
    said = Said(f"{thinking.choose.wording('turn.no_questions')}\n{text('turn.hush_evenings', language)}")
    return Draft(
        ReplyKind.LISTEN, language, (said,), choices=(Choice(text("choice.pause", language), "cmd:pause"),)
    )


def _only_listen(thinking: Thinking) -> Draft:
    """They said how they want to be heard, and nothing yet to hear. There is no word in it to give back."""
    words = (thinking.choose.wording(f"turn.{name}") for name in ("no_advice", "only_listening"))
    return Draft(ReplyKind.LISTEN, thinking.language, (Said(" ".join(words)),))


def _clarify(thinking: Thinking, reading: Reading) -> Draft:
    """Nothing was heard clearly: one question, no guess."""
    quote = reading.quote
    if quote is None or len(quote.text) < 2:
        return _ask(thinking, "clarify.plain")
    words = fill(thinking.choose.wording("clarify.quoted"), "clarify", {"q": quote.text})
    return Draft(ReplyKind.CLARIFY, thinking.language, (Question(words, "clarify", (quote,)),))


async def _remember(thinking: Thinking, reading: Reading) -> Reading:
    """At most one memory about the same thing that was not quoted lately, and all that could be one."""
    lately = frozenset(
        int(used.key[1:])
        for used in thinking.scene.used
        if used.kind == "past" and used.turn < QUOTED_LATELY and used.key[1:].isdigit()
    )
    found = await thinking.recall(thinking.turn.text, loosely=True)
    past, conflict = recalling.choose_past(thinking.turn, found, said_lately=lately)
    fit = tuple(
        each for each in found if each.message.id not in lately and recalling.is_past(each, thinking.turn)
    )
    return replace(reading, past=past, conflict=conflict, recalled=fit)


async def _explain(thinking: Thinking) -> Draft:
    """Why do you know this?"""
    turn, scenes = thinking.turn, thinking.team.scenes
    last = await scenes.find_last_quote(turn.user_id)
    message = await scenes.find_message(turn.user_id, last[0]) if last else None
    if message is not None:
        thinking.messages[message.id] = message.text
    return recalling.build_why(turn, message)
