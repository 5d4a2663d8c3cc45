"""The four tools behind one door: what opens them, what goes on, and what their buttons do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coaching import profile, proposals, runway, tries, weighing
from coaching.intent import Intent

if TYPE_CHECKING:
    from coaching.model import Dialogue
    from coaching.parts import Draft
    from coaching.thinking import Thinking

NAMES = ("weigh", "tries", "me", "runway")
DIALOGUES = frozenset({weighing.ASKED, weighing.NEW, *tries.DIALOGUES, *profile.DIALOGUES, runway.ASKED})


async def open_tool(thinking: Thinking, name: str, words: str | None = None) -> Draft:
    """A tool's command; what follows it is the turn's text, unless ``words`` are given."""
    words = thinking.turn.text.strip() if words is None else words
    match name:
        case "weigh":
            return await weighing.open_weighing(thinking, words)
        case "tries":
            return await tries.open_tries(thinking, words)
        case "me":
            shown = await profile.open_me(thinking, words)
            return shown if words else await proposals.put_behind(thinking, shown)
    return await runway.open_runway(thinking, words)


async def open_in_words(thinking: Thinking, intent: Intent) -> Draft:
    """The same, asked for in a sentence."""
    match intent:
        case Intent.WEIGH:
            return await weighing.open_in_words(thinking)
        case Intent.TRIES:
            return await tries.open_tries(thinking, "")
        case Intent.ME:
            return await open_tool(thinking, "me", "")
        case Intent.CV:
            return await profile.open_me(thinking, "cv")
    return await runway.open_runway(thinking, "")


async def go_on(thinking: Thinking, dialogue: Dialogue) -> Draft | None:
    """The next turn of a tool's dialogue; None where it is another's, or they speak of something else."""
    match dialogue.kind:
        case weighing.ASKED | weighing.NEW:
            return await weighing.go_on(thinking, dialogue)
        case kind if kind in tries.DIALOGUES:
            return await tries.go_on(thinking, dialogue)
        case kind if kind in profile.DIALOGUES:
            return await profile.go_on(thinking, dialogue)
        case runway.ASKED:
            return await runway.go_on(thinking, dialogue)
    return None


async def answer_tap(thinking: Thinking, name: str, rest: str) -> Draft | None:
    """A button of one of the tools."""
    match name:
        case "weigh":
            return await weighing.answer_tap(thinking, rest)
        case "tries":
            return await tries.answer_tap(thinking, rest)
        case "me" if rest.startswith(("keep:", "drop:")):
            verb, _, origin = rest.partition(":")
            return await proposals.settle(thinking, origin, yes=verb == "keep")
        case "me":
            return await profile.answer_tap(thinking, rest)
    return await runway.answer_tap(thinking, rest)
