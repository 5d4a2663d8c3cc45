"""``python -m tests.bench.recall_chinese [FOLDER]``: a large Chinese history by templates, and recall on it.

About 1,300 short everyday messages about forty people and sixty occasions, with chatter between them, and 580
questions, most of them worded otherwise than what was said. Nothing in recall was chosen on it. With a folder
the history stays there as ``chinese.jsonl``, for ``offramp bench recall``.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import tempfile
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from memory.recall.bench import bench_recall

WORDS = Path(__file__).with_suffix(".toml")
NAMED = 0.25  # how often a message and the question about it name a person differently: by name, by relation


class Telling:
    """Tells a history and asks about it, by chance from one seed."""

    def __init__(self, seed: int = 0) -> None:
        self._chance = random.Random(seed)  # a made-up life
        self._words: dict[str, Any] = tomllib.loads(WORDS.read_text("utf-8"))
        self._history: list[dict[str, Any]] = []
        self._questions: list[dict[str, Any]] = []

    def tell(self) -> dict[str, Any]:
        """The person, in the format of ``memory.recall.bench``."""
        told = [*self._people(), *self._occasions()]
        self._chance.shuffle(told)
        at = datetime(2024, 1, 1, 20, tzinfo=UTC)
        chatter = self._chatter()
        for session, topic in enumerate(told, 1):
            for text, key in [*topic, *((next(chatter), "") for _ in range(self._chance.randrange(9)))]:
                self._say(session, at, text, key)
            at += timedelta(hours=self._chance.randrange(8, 20))
        ids = {said["key"]: said["id"] for said in self._history if said["key"]}
        for question in self._questions:
            question["evidence"] = [ids[key] for key in question["evidence"]]
        history = [{name: said[name] for name in said if name != "key"} for said in self._history]
        return {"id": "chinese", "history": history, "questions": self._questions}

    def _say(self, session: int, at: datetime, text: str, key: str) -> None:
        number = len(self._history) + 1
        date = (at + timedelta(minutes=number % 50)).strftime("%Y-%m-%d %H:%M")
        self._history.append(
            {"id": str(number), "session": session, "date": date, "speaker": "", "text": text, "key": key}
        )

    def _ask(self, category: str, question: str, *evidence: str) -> None:
        self._questions.append({"q": question, "evidence": list(evidence), "category": category})

    def _people(self) -> list[list[tuple[str, str]]]:
        topics = []
        facts = self._words["fact"]
        relations = self._chance.sample(self._words["relations"], 40)
        surnames = self._chance.sample(self._words["surnames"], 40)
        for relation, surname in zip(relations, surnames, strict=True):
            name = surname + self._chance.choice(self._words["given"])
            known = self._chance.sample(sorted(facts), 9)
            for start in range(0, 9, 3):
                topic = [(f"我{relation}叫{name}。", f"{name}:name")] if start == 0 else []
                for fact in known[start : start + 3]:
                    who, other = (
                        (f"我{relation}", name) if self._chance.random() < 0.5 else (name, f"我{relation}")
                    )
                    value = self._chance.choice(facts[fact]["values"])
                    said = self._chance.choice(facts[fact]["said"]).format(p=who, v=value)
                    topic.append((said, f"{name}:{fact}"))
                    asked = self._chance.choice(facts[fact]["asked"])
                    if self._chance.random() < NAMED:
                        self._ask("otherwise named", asked.format(p=other), f"{name}:{fact}")
                    else:
                        self._ask("person", asked.format(p=who), f"{name}:{fact}")
                topics.append(topic)
            first, second = known[0], known[4]
            both = "，".join(
                (facts[first]["asked"][0].format(p=name).rstrip("？"), facts[second]["asked"][0].format(p=""))
            )
            self._ask("two at once", both, f"{name}:{first}", f"{name}:{second}")
        return topics

    def _occasions(self) -> list[list[tuple[str, str]]]:
        topics = []
        parts = self._words["part"]
        for number in range(60):
            what = self._words["occasions"][number % len(self._words["occasions"])]
            where = self._chance.choice(self._words["places"])
            topic = []
            for part in self._chance.sample(sorted(parts), 3):
                value = self._chance.choice(parts[part]["values"])
                topic.append((parts[part]["said"].format(e=what, w=where, v=value), f"{number}:{part}"))
                self._ask("occasion", parts[part]["asked"].format(e=what, w=where), f"{number}:{part}")
            topics.append(topic)
        return topics

    def _chatter(self) -> Any:  # noqa: ANN401  # a generator without end
        while True:
            begin, middle, end = (
                self._chance.choice(self._words["chatter"][part]) for part in ("a", "b", "c")
            )
            yield f"{begin}{middle}{end}"


def main(folder: str = "") -> None:
    """Prints the figures."""
    with tempfile.TemporaryDirectory() as own:
        file = Path(folder or own) / "chinese.jsonl"
        file.write_text(json.dumps(Telling().tell(), ensure_ascii=False) + "\n", "utf-8")
        asyncio.run(bench_recall(file, rivals=not folder))


if __name__ == "__main__":
    main(*sys.argv[1:])
