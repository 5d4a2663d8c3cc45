"""The coach with no model: frames, steps and questions of the playbook around the person's own words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from coaching.dates import choose_slot, say_date
from coaching.intent import Intent, says
from coaching.model import Channel, Lens
from coaching.parts import (
    Choice,
    Draft,
    NextStep,
    Part,
    Past,
    Question,
    Quote,
    Reflection,
    ReplyKind,
    Said,
)
from coaching.quoting import measure
from coaching.recalling import quote_memory
from coaching.responders.choosing import MUCH, Chooser
from prompts import load_playbook, text
from prompts.texts_data import fill

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coaching.model import Language, Message, Scene, Turn
    from coaching.reading import Reading
    from prompts import PlaybookStep
    from prompts.playbook_data import Theme

SHORTEST = 5  # minutes: nothing is ever made smaller than this
LIGHT = 10  # minutes: what takes no longer is light enough for a tired evening as it stands
THIN = 8  # on the scale of quoting.measure: five words that no lens is heard in say too little
FOCUS = 60  # on the scale of quoting.measure: a longer message is about more than one thing


class PlaybookResponder:
    """Answers an ordinary turn. Implements ``coaching.ports.Responder``."""

    async def draft(self, turn: Turn, scene: Scene, reading: Reading) -> Draft:
        """Reflection, at most one past, at most one step, at most one question."""
        focus = find_focus(turn.text, [q.text for q in (reading.quote, reading.other) if q])
        choose = Chooser(scene, turn.text, turn.language, focus=focus, left=reading.left)
        step = None if reading.no_advice else self._step(turn, scene, reading, choose)
        parts: list[Part | None] = [
            build_heard(reading, choose, step=step is not None),
            self._reflection(turn, reading, choose),
            Said(reading.boundary.refer(turn.language)) if reading.boundary else None,
            _past(turn, reading, choose),
            step,
            None if reading.no_questions else self._question(turn, reading, choose),
        ]
        kind = ReplyKind.BOUNDARY if reading.boundary else ReplyKind.TURN
        if reading.no_questions:
            kind = ReplyKind.LISTEN
        return Draft(
            kind,
            turn.language,
            tuple(part for part in parts if part is not None),
            lenses=reading.lenses,
            choices=step_choices(turn.language) if step else (),
        )

    def _themes(self, reading: Reading) -> list[Theme]:
        names = [reading.theme, *([reading.second] if reading.second else [])]
        if reading.low and Lens.ENERGY not in names:
            names.append(Lens.ENERGY)
        return [load_playbook().themes[name] for name in names]

    def _reflection(self, turn: Turn, reading: Reading, choose: Chooser) -> Reflection:
        quote = reading.quote or Quote(turn.text.strip()[:20])
        if reading.boundary:
            frame = choose.entry("reflection", [reading.boundary.frames])
            return Reflection(_fill(frame.says(turn.language), q=quote.text), (quote,), frame.key)
        if reading.quarrel or reading.decide:
            name = "quarrel" if reading.quarrel else "decide"
            return Reflection(_fill(choose.wording(f"turn.{name}"), q=quote.text), (quote,), f"{name}")
        pools = [theme.frames for theme in self._themes(reading)]
        frame = choose.entry("reflection", pools if reading.sure else [*pools[:1]])
        special = frame.fits(turn.text)
        if reading.other and not special:
            first, second = sorted((quote, reading.other), key=lambda q: turn.text.find(q.text))
            words = _fill(choose.wording("turn.two_sided"), q=first.text, q2=second.text)
            return Reflection(words, (first, second), "two_sided")
        return Reflection(_fill(frame.says(turn.language), q=quote.text), (quote,), frame.key)

    def _step(self, turn: Turn, scene: Scene, reading: Reading, choose: Chooser) -> NextStep | None:
        if reading.boundary:
            pools: Sequence[Sequence[PlaybookStep]] = [reading.boundary.steps]
        else:
            first = _first_theme(reading)
            themes = sorted(self._themes(reading), key=lambda theme: theme.name != first)
            if themes[0].name != first:
                themes.insert(0, load_playbook().themes[first])
            # whatever else there is, before nothing at all is offered
            others = (t for t in load_playbook().themes.values() if t not in themes)
            pools = [theme.steps for theme in (*themes, *others)]
        found = choose.step(pools, reading.stage, minutes=reading.minutes)
        if found is None:
            return None
        # the step's own theme: after a quarrel it is not the one the message was about
        lens = None if reading.boundary else Lens(found.key.partition("-")[0])
        return build_step(found, turn, reading, choose, lens=lens, turns=scene.turns)

    def _question(self, turn: Turn, reading: Reading, choose: Chooser) -> Question:
        if reading.conflict:
            return Question(choose.wording("past.question"), "conflict")
        if reading.quarrel:
            return Question(choose.wording("turn.quarrel_question"), "quarrel")
        if reading.decide and reading.boundary is None:
            name = "quit" if says("quitting", turn.text) else "decide"
            return Question(choose.wording(f"turn.{name}_question"), name)
        pools = (
            [reading.boundary.questions]
            if reading.boundary
            else [theme.questions for theme in self._themes(reading)]
        )
        found = choose.entry("question", pools)
        return Question(found.zh if choose.language == "zh" else found.en, found.key)


def build_heard(reading: Reading, choose: Chooser, *, step: bool) -> Said | None:
    """A word on what they asked for (no questions, no advice), or on the hour."""
    if reading.no_questions:
        return Said(choose.wording("turn.no_questions"))
    if reading.no_advice:
        return Said(choose.wording("turn.no_advice"))
    if reading.late and step:
        return Said(choose.wording("turn.enough_tonight"))
    return None


def _past(turn: Turn, reading: Reading, choose: Chooser) -> Past | None:
    if reading.past is None:
        return None
    message = reading.past.message
    quote = quote_memory(message.text, turn.text, message.id)
    return build_past(message, quote.text, turn, choose, conflict=reading.conflict)


def build_past(message: Message, words: str, turn: Turn, choose: Chooser, *, conflict: bool) -> Past:
    """``words`` of a stored message, given back with its date."""
    name = "past.conflict" if conflict else "past.same"
    if message.channel is Channel.IMPORT:  # a note may hold somebody else's words, and its day may be a guess
        name = "past.note" if message.dated else "past.undated"
    date = say_date(message.said_on, turn.today, turn.language)
    quote = Quote(words, message.id, message.said_on)
    return Past(_fill(choose.wording(name), q=words, date=date), (quote,), f"m{message.id}")


def _first_theme(reading: Reading) -> Lens:
    """Whose steps come first: the body's when nothing is left, the other side's after a quarrel."""
    if reading.low:
        return Lens.ENERGY
    if reading.quarrel:
        return Lens.STAKEHOLDER
    weighing = (Lens.ESCAPE, Lens.RISK, Lens.MONEY, Lens.SKILLS)
    if reading.decide and reading.theme not in weighing:
        return Lens.RISK
    return reading.theme


def find_focus(message: str, quoted: list[str]) -> str:
    """The sentences around the quoted words; of a short message all of it.

    In a long one a cue far from what is quoted would choose a text about something else.
    """
    if measure(message) <= FOCUS:
        return message
    sentences = re.findall(r"[^。！？!?\n.]+[。！？!?\n.]*", message)
    near = [s for s in sentences if any(q in s for q in quoted)]
    return "".join(near) or message


def _fill(template: str, **values: object) -> str:
    return fill(template, "playbook", values)


def build_step(
    found: PlaybookStep,
    turn: Turn,
    reading: Reading,
    choose: Chooser,
    *,
    lens: Lens | None,
    turns: int,
    smaller: bool = False,
) -> NextStep:
    """A playbook step around this person's nouns, sized to the time they have."""
    language = turn.language
    slot = choose_slot(turn.now, language, low=reading.low, turn=turns, here=reading.now)
    heavy = reading.low and found.minutes > LIGHT
    small = smaller or heavy or reading.minutes * MUCH <= found.minutes
    minutes = min(SHORTEST, reading.minutes) if small else min(found.minutes, reading.minutes)
    values = {
        "minutes": minutes,
        "thing": reading.nouns.thing or found.word("thing", language),
        "person": reading.nouns.person or _default_person(found, reading, language),
    }
    template = found.word("smaller", language) if small else found.says(language)
    sentence = _sentence(_fill(template, when=slot.words, **values), language)
    body = _sentence(re.sub(r"^[\s,，、:：]+", "", _fill(template, when="", **values)), language)
    shrunk = re.sub(
        r"^[\s,，、:：]+",
        "",
        _fill(found.word("smaller", language), when="", **(values | {"minutes": SHORTEST})),
    )
    # the visible end belongs to the whole step; the small one ends where it ends
    name = "turn.offer_small" if small else "turn.offer"
    offer = say_offer(name, sentence, found.word("done", language), choose)
    return NextStep(
        text=offer,
        key=found.key,
        body=body.rstrip("。."),
        minutes=minutes,
        when=slot.words,
        due_on=slot.on,
        cue=slot.cue,
        done=found.word("done", language),
        if_then=found.word("if_then", language),
        smaller="" if small else _sentence(shrunk, language).rstrip("。."),
        lens=lens,
    )


def say_offer(name: str, sentence: str, done: str, choose: Chooser) -> str:
    """A step as an offer with an easy no."""
    template = choose.wording(name)
    if choose.language == "en" and re.search(r"[:,] \{step\}", template):
        sentence = sentence[:1].lower() + sentence[1:]
    return _fill(template, step=sentence, done=done)


def _default_person(found: PlaybookStep, reading: Reading, language: Language) -> str:
    """After a quarrel it is the other side, not whoever decides."""
    return text("turn.other_side", language) if reading.quarrel else found.word("person", language)


def _sentence(words: str, language: Language) -> str:
    words = words.strip()
    stop = "" if words[-1:] in "。.!！›…" else "。" if language == "zh" else "."
    return words + stop if language == "zh" else words[:1].upper() + words[1:] + stop


def step_choices(language: Language, *, smaller: bool = True) -> tuple[Choice, ...]:
    """Yes, smaller, no: in that order, and none of them is a failure."""
    names = ("do", "smaller", "not_this") if smaller else ("do", "not_this")
    return tuple(Choice(text(f"choice.{name}", language), f"step:{name}") for name in names)


def needs_clarifying(turn: Turn, reading: Reading) -> bool:
    """Whether nothing was heard clearly enough to guess at."""
    if reading.intent is Intent.THIN or reading.quote is None:
        return True
    return not reading.sure and not reading.decide and measure(turn.text) < THIN and not reading.nouns.thing
