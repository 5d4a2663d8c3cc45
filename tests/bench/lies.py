"""How many of a thousand lying answers reach a person: ``python -m tests.bench.lies [FILE]``.

The lies go the whole way: a server that tells them, the real client, the chain with its one repair (the model
insists), the fallback. An answer that is not the playbook's has reached a person, and the lie with it. Beside
it: how many honest answers, written in the way of a good model, are turned away by mistake.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from typing import Any

from coaching.intent import Intent
from coaching.lenses import LensReader
from coaching.model import Scene, Turn, User
from coaching.parts import Draft
from coaching.reading import Reading, read_turn
from coaching.responders.chain import ChainResponder, open_model
from coaching.responders.fallback import FallbackResponder
from coaching.responders.playbook import PlaybookResponder
from tests.bench.lying import Lie, list_lies
from tests.conftest import FrozenClock
from tests.fakes.openai import Answer, FakeOpenAI
from tests.fakes.openai.budget import NoLimit
from tests.fakes.openai.honest import fill_parts, first_clause
from tests.fakes.turns import WEDNESDAY

AT_ONCE = 4


class Counting:
    """A playbook that counts what it is asked for."""

    def __init__(self) -> None:
        self.playbook = PlaybookResponder()
        self.answered = 0

    async def draft(self, turn: Turn, scene: Scene, reading: Reading) -> Draft:
        self.answered += 1
        return await self.playbook.draft(turn, scene, reading)


async def reaches(lie: Lie, fake: FakeOpenAI, model: Any, lenses: LensReader) -> str | None:  # noqa: ANN401
    """What a person reads of a lying answer, or None when the playbook spoke."""
    fake.says = lambda _: Answer(arguments=lie.parts)
    playbook = Counting()
    responder = FallbackResponder(
        ChainResponder(model, NoLimit()), playbook, FrozenClock(WEDNESDAY), deadline=20
    )
    heard = lenses.read(lie.turn.text, lie.turn.language)
    reading = read_turn(lie.turn, Intent.COACH, heard)
    # the time they have is not what this is about
    reading = Reading(**{n: getattr(reading, n) for n in reading.__slots__} | {"recalled": (lie.memory,)})
    draft = await responder.draft(lie.turn, Scene(User(1)), reading)
    told = repr(draft)  # also what a later tap brings out
    return None if playbook.answered or repr(_place(lie))[1:-1] not in told else draft.text


async def count(name: str) -> int:
    """Prints the figures by class.

    Returns:
        How many reached a person.
    """
    lenses = LensReader()
    told, reached = Counter[str](), Counter[str]()
    missed: dict[tuple[str, str], str] = {}
    async with FakeOpenAI() as fake:
        model = open_model("openai:fake", base_url=fake.base_url)
        for lie in list_lies(name):
            told[lie.kind] += 1
            read = await reaches(lie, fake, model, lenses)
            if read is not None:
                reached[lie.kind] += 1
                told_as = _place(lie).replace(first_clause(lie.turn.text), "…")
                missed.setdefault((lie.kind, told_as), told_as)
    print(f"{'class of lie':32} {'told':>6} {'reached':>8}")
    for kind, times in told.items():
        print(f"{kind:32} {times:6} {reached[kind]:8}")
    print(f"{'all':32} {told.total():6} {reached.total():8}\n")
    for (kind, _), words in missed.items():
        print(f"  {kind}: {words}")
    return reached.total()


def _place(lie: Lie) -> str:
    """The part that is not the honest one's."""
    honest = fill_parts(lie.turn.text)
    flat = {**lie.parts, **(lie.parts["step"] or {})}
    plain = {**honest, **honest["step"]}
    return next((str(value) for name, value in flat.items() if name != "step" and value != plain[name]), "?")


if __name__ == "__main__":
    asyncio.run(count(*(sys.argv[1:] or ["lies.toml"])))
