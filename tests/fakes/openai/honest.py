"""A model that keeps the rules: it quotes what was said and guesses gently, in its language."""

from __future__ import annotations

import json
import re
from typing import Any

from coaching.language import read_language
from tests.fakes.openai.saying import Answer, tell

_WORDS = {
    "zh": {
        "reflection": "「{q}」：听起来这件事压着的也许不在事情本身，而在它一直没有被谁接过去，"
        "你好像还在等一个说法。",
        "action": "把这件事里归自己管的那一块写成三行",
        "done": "三行写下来的字",
        "if_then": "如果写到一半被叫走，就只留第一行",
        "smaller": "只写第一行",
        "question": "这里面哪一块，你说了就算？",
    },
    "en": {
        "reflection": "“{q}”: it sounds as if the weight is not in the work itself, but in nobody ever "
        "having taken it over from you, and perhaps you are still waiting for a word on that.",
        "action": "write down in three lines the part of this that is yours to settle",
        "done": "three written lines",
        "if_then": "If somebody calls you away, then keep the first line only",
        "smaller": "write the first line only",
        "question": "Which part of this is settled once you have said so?",
    },
}


def read_message(body: dict[str, Any]) -> str:
    """The message in a prompt of ours."""
    prompt = "\n".join(str(m["content"]) for m in body["messages"] if m["role"] == "user")
    found = re.findall(r"<message>\n(.+)\n</message>", prompt)
    return str(json.loads(found[-1])["text"]) if found else ""


def first_clause(message: str) -> str:
    """A piece of the message that is long enough to quote."""
    clauses = [c.strip() for c in re.split(r"[，。！？；,.!?;\n「」“”\"]+", message) if c.strip()]
    return max(clauses, key=len, default=message)[:60]


def fill_parts(message: str) -> dict[str, Any]:
    """The parts of an honest reply."""
    words = _WORDS[read_language(message, fallback="zh")]
    return {
        "reflection": words["reflection"].format(q=first_clause(message)),
        "past": None,
        "step": {"minutes": 10, **{name: words[name] for name in ("action", "done", "if_then", "smaller")}},
        "question": words["question"],
        "lenses": ["ownership"],
    }


_POINTS = {
    "zh": {
        "want": "「{q}」里好像有一件你想要的东西。",
        "stuck": "卡住的地方，听起来就在「{q}」这里。",
        "why": "也许是因为「{q}」，这只是猜。",
        "could": "「{q}」这一块，好像还可以由你来动。",
    },
    "en": {
        "want": "In “{q}” there seems to be something that you want.",
        "stuck": "It seems to stick where you say “{q}”.",
        "why": "Perhaps it is because of “{q}”, which is only a guess.",
        "could": "In “{q}” there seems to be a part that is yours to move.",
    },
}


def fill_reflection(message: str) -> dict[str, Any]:
    """The parts of an honest long form: the four longest pieces, one a section."""
    pieces = [p.strip() for p in re.split(r"[，。！？；,.!?;\n「」“”\"]+", message) if p.strip()]
    chosen = sorted(pieces, key=len)[-4:]
    points = _POINTS[read_language(message, fallback="zh")]
    parts = fill_parts(message)
    said = {name: [points[name].format(q=q)] for name, q in zip(points, chosen, strict=True)}
    return said | {name: parts[name] for name in ("step", "question", "lenses")}


def judge_by_length(body: dict[str, Any]) -> dict[str, Any]:
    """The longer reply has more of everything: a judge whose verdict a test can foresee."""
    prompt = str(body["messages"][-1]["content"])
    sizes = [len(re.findall(rf"<{name}>\n(.+)\n</{name}>", prompt)[-1]) for name in ("first", "second")]
    rows = ("lens", "reflection", "step", "autonomy", "honesty", "question", "voice")
    marks = [dict.fromkeys(rows, 3 if size == max(sizes) else 1) for size in sizes]
    return {"first": marks[0], "second": marks[1]}


def answer_honestly(body: dict[str, Any]) -> Answer:
    """What a good model would fill in."""
    if tell(body) == "CrisisParts":
        return Answer(arguments={"answer": "no"})
    if tell(body) == "ReflectParts":
        return Answer(arguments=fill_reflection(read_message(body)))
    if tell(body) == "JudgeParts":
        return Answer(arguments=judge_by_length(body))
    if tell(body) == "text" and "JSON object" not in str(body["messages"]):
        return Answer(text="That sounds hard. Take a break, talk to your manager, and be kind to yourself.")
    return Answer(arguments=fill_parts(read_message(body)))
