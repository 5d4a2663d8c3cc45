"""Chooses what enters a prompt: bounded, cut by worth, and every word of a person as data.

A line of data is one JSON object: a line break inside somebody's words cannot open a new one, and ``<`` is
written as an escape, so that no words can close the block they stand in.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from coaching.boundaries import find_injection
from coaching.model import Channel, CommitmentStatus, Role, Safety
from coaching.parts import ReplyKind
from prompts import fill_fact, load_template, load_toml

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from coaching.model import Goal, Language, Message, Recalled, Scene, Turn
    from coaching.reading import Reading
    from coaching.responders.model_parts import Parts

MOST = 6000  # tokens of one prompt; a small local model has room for 8,192 with the answer
MESSAGE_MOST = 2500  # tokens of the message itself; of a longer one both ends are kept
LINE_MOST = 160  # tokens of one earlier line
ANSWER_MOST = 1500  # tokens of an answer, reserved with the prompt

NAMES = {"zh": "Chinese", "en": "English"}


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is sent: ``stable`` is the same in every call of a kind, ``changing`` is not."""

    stable: str
    changing: str

    @property
    def tokens(self) -> int:
        """About how many tokens it costs."""
        return count_tokens(self.stable) + count_tokens(self.changing)


def count_tokens(text: str) -> int:
    """About how many tokens a text costs, rather too many: a Han character one, four other characters one."""
    han = len(re.findall(r"[^\x00-\u2fff]", text))
    return han + (len(text) - han + 3) // 4


def as_data(**fields: object) -> str:
    """One line of data."""
    return json.dumps(fields, ensure_ascii=False, separators=(", ", ": ")).replace("<", "\\u003c")


def cut(text: str, most: int) -> str:
    """Both ends of a text that is longer than ``most`` tokens: what is said last carries most."""
    if count_tokens(text) <= most:
        return text
    size = max(1, len(text) * most // (count_tokens(text) + 1))
    return f"{text[: size // 3]} … {text[-(size - size // 3) :]}"


def build_turn_prompt(turn: Turn, scene: Scene, reading: Reading, name: str = "turn") -> Prompt:
    """The prompt for an ordinary message; ``name`` is another template that is given the same."""
    template = load_template(name)
    message = as_block("message", [as_data(text=cut(turn.text, MESSAGE_MOST))])
    facts = "\n".join(f"- {fact}" for fact in list_facts(reading))
    spare = MOST - count_tokens(template.stable + template.changing + message + facts)
    known = list_known(turn, scene, reading.recalled, spare)
    changing = template.fill(
        known="\n\n".join(known) or "Nothing yet.",
        language=NAMES[turn.language],
        today=f"{turn.today:%A} {turn.today.isoformat()}, {turn.now:%H:%M}",
        facts=facts,
        message=message,
    )
    return Prompt(template.stable, changing)


def build_judge_prompt(turn: Turn, scene: Scene, reading: Reading, first: str, second: str) -> Prompt:
    """The prompt that lets a model compare two replies without knowing whose they are."""
    template = load_template("judge")
    known = list_known(turn, scene, reading.recalled, MOST // 2)
    return Prompt(
        template.stable,
        template.fill(
            known="\n\n".join(known) or "Nothing yet.",
            message=as_block("message", [as_data(text=cut(turn.text, MESSAGE_MOST))]),
            first=as_block("first", [as_data(text=first)]),
            second=as_block("second", [as_data(text=second)]),
        ),
    )


def build_crisis_prompt(turn: Turn, scene: Scene) -> Prompt:
    """The short prompt that asks whether a life is in danger; only with what was said right before."""
    template = load_template("crisis_check")
    said = [m for m in scene.recent if m.role is Role.USER and m.channel is not Channel.IMPORT]
    before = [as_data(text=cut(said[-1].text, LINE_MOST))] if said else []
    return Prompt(
        template.stable,
        template.fill(
            before=as_block("before", before),
            message=as_block("message", [as_data(text=cut(turn.text, MESSAGE_MOST))]),
        ),
    )


def as_block(name: str, lines: Iterable[str]) -> str:
    """Lines of data between delimiters."""
    return "\n".join([f"<{name}>", *lines, f"</{name}>"])


def list_facts(reading: Reading) -> tuple[str, ...]:
    """What the program noticed, as sentences."""
    facts = []
    if not reading.no_advice:
        facts.append(fill_fact("minutes", minutes=reading.minutes))
    names = ("low", "late", "no_questions", "no_advice", "quarrel", "decide", "left")
    facts += [fill_fact(name) for name in names if getattr(reading, name)]
    if reading.lenses:
        facts.append(fill_fact("lens", lenses=" and ".join(reading.lenses)))
    quotes = [quote.text for quote in (reading.quote, reading.other) if quote is not None]
    if quotes:
        facts.append(fill_fact("loaded", words=as_data(words=quotes)))
    return tuple(facts)


def list_known(turn: Turn, scene: Scene, recalled: Sequence[Recalled], spare: int) -> list[str]:
    """Blocks of what is known, slow things first, in at most ``spare`` tokens.

    Goals and the plan come before everything else; then the last exchange, then memories by their score, then
    older lines, newest first.
    """
    blocks: dict[str, list[tuple[int, str]]] = {"goals": [], "plan": [], "earlier_statements": [], "talk": []}
    recent = [m for m in scene.recent if m.safety is Safety.NONE and m.kind != ReplyKind.CRISIS]
    shown = {message.id for message in recent}
    talk = [(position, "talk", _talk_line(m)) for position, m in enumerate(recent)]
    memories = [
        (position, "earlier_statements", _memory_line(each))
        for position, each in enumerate(sorted(recalled, key=lambda each: -each.score))
        if each.message.safety is Safety.NONE and each.message.role is Role.USER
        and not find_injection(each.message.text, turn.language)  # a note that gives orders is no memory
        and (each.message.id not in shown or each.message.said_on < turn.today)
    ]  # fmt: skip
    plan = [c for c in scene.plan if c.status in (CommitmentStatus.OPEN, CommitmentStatus.MOVED)]
    wanted = [(position, "goals", _goal_line(goal)) for position, goal in enumerate(scene.goals)]
    wanted += [
        (position, "plan", as_data(text=cut(c.text, LINE_MOST), day=c.due_on.isoformat()))
        for position, c in enumerate(plan)
    ]
    wanted += [*reversed(talk[-2:]), *memories, *reversed(talk[:-2])]
    for position, name, line in wanted:
        cost = count_tokens(line) + 1
        if cost <= spare:
            spare -= cost
            blocks[name].append((position, line))
    return [as_block(name, (line for _, line in sorted(lines))) for name, lines in blocks.items() if lines]


def _goal_line(goal: Goal) -> str:
    fields = {"goal": cut(goal.text, LINE_MOST)}
    return as_data(**fields, **({"success": cut(goal.success, LINE_MOST)} if goal.success else {}))


def _talk_line(message: Message) -> str:
    who = "coach" if message.role is Role.COACH else "person"
    return as_data(who=who, text=cut(message.text, LINE_MOST))


def _memory_line(recalled: Recalled) -> str:
    message = recalled.message
    fields: dict[str, object] = {"id": message.id, "day": message.said_on.isoformat()}
    if message.channel is Channel.IMPORT:
        fields["from"] = load_toml("templates/facts.toml")["imported"]
    return as_data(**fields, text=cut(message.text, LINE_MOST))


def build_repair(faults: Sequence[str], language: Language, shown: str = "") -> str:
    """What is said to a model whose parts did not hold; ``shown`` is what the person has read of them."""
    reasons = "\n".join(f"- {fault}" for fault in faults)
    begun = fill_fact("shown", words=as_data(text=shown)) if shown else ""
    return load_template("repair").fill(reasons=reasons, language=NAMES[language], shown=begun).strip()


def build_shape(shape: type[Parts]) -> str:
    """How a model without tools is told what to write."""
    return load_template("plain").fill(shape=json.dumps(shape.model_json_schema(), ensure_ascii=False))


@cache
def count_shape(shape: type[Parts]) -> int:
    """About how many tokens it costs to say what is to be filled in, as a tool or in words."""
    return count_tokens(build_shape(shape))
