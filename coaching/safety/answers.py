"""What is said to the plain question that a crisis text asks. By rules alone."""

from __future__ import annotations

from collections.abc import Callable

from coaching.model import Language, Safety
from coaching.safety.hearing import Reading
from coaching.safety.normal import load_lexicon
from coaching.safety.verdict import CALM, SafetyVerdict, Why


def assess_answer(text: str, language: Language, previous: Safety, *, why: Why = Why.WORDS) -> SafetyVerdict:
    """What the person's next message says to the question a crisis text asked. Rules only, no classifier.

    Args:
        text: the answer.
        language: the language it is in.
        previous: the level of the message before; ``NONE`` when nothing was asked.
        why: what that verdict said; ``OTHER`` asked whether somebody else is safe.

    Returns:
        ``NONE`` with ``CLEARED`` after a clear no, and coaching may go on, softly. A yes is ``EXPLICIT``.
        Anything else keeps the crisis text: ``UNCLEAR``. After ``EXPLICIT`` or ``HARM`` a clear taking-back
        leads to the plain question once more, never straight back to coaching.
    """
    if previous is Safety.NONE:
        return CALM
    reading = Reading(text, 0, None)
    heard = reading.by_rules()
    if heard and heard.level in (Safety.EXPLICIT, Safety.HARM):
        return heard
    said = reading.normal.text
    says = _answers(language)
    if why is Why.OTHER:
        safe = says("safe", said) and not says("unclear", said)
        return SafetyVerdict(Safety.NONE, "", Why.CLEARED) if safe else SafetyVerdict(Safety.UNSURE, "", why)
    taken_back = bool(load_lexicon().tiers["denials"].search(said)) or says("back", said)
    refuses = says("no", said) or taken_back
    if heard or says("unclear", said) or not (refuses or says("yes", said)):
        level = Safety.PASSIVE if previous is Safety.UNSURE else previous
        return SafetyVerdict(level, heard.words if heard else "", Why.UNCLEAR)
    if says("yes", said) and not taken_back:
        return SafetyVerdict(Safety.EXPLICIT, "", Why.YES)
    if previous in (Safety.EXPLICIT, Safety.HARM):
        # a no to the question that was put plainly once more is a step down as well, not yet the end of it
        step_down = taken_back or why is Why.UNCLEAR
        return SafetyVerdict(Safety.PASSIVE if step_down else previous, "", Why.UNCLEAR)
    return SafetyVerdict(Safety.NONE, "", Why.CLEARED)


def _answers(language: Language) -> Callable[[str, str], bool]:
    """Answers in Chinese come with English words in them, the other way round they do not."""
    languages = ("zh", "en") if language == "zh" else ("en",)

    def says(name: str, text: str) -> bool:
        return any(load_lexicon().tiers[f"{name}_{language}"].search(text) for language in languages)

    return says
