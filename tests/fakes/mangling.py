"""Updates as Telegram shapes them, and what hypothesis makes of them: keys gone, doubled, of a wrong type."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

from tests.fakes.telegram import FakeTelegram

Body = dict[str, Any]

ODD_TEXTS = ("", "\x00", "a\x00b", "\ud800", "😀"[:1] + "\udc00", "‮txet", " \n\t", "/", "/start " + "x" * 300)
ODD_NUMBERS = (0, -1, 2**31, 2**63 - 1, 2**63, -(2**63) - 1, 2**200, 1e308, float("nan"), float("inf"))
ODD_TREES: tuple[Any, ...] = (None, True, [], {}, [[[[[]]]]], {"": {"": {}}}, [None, {"id": []}])


async def collect_real_updates() -> tuple[Body, ...]:
    """One update of each kind a person can cause in a private chat or a group, without its number."""
    async with FakeTelegram() as telegram:
        ann = telegram.person("Ann", language_code="en")
        said = await ann.says("Talked to Bo about the tooling idea")
        await ann.edits(said, "Talked to Bo about the tools")
        await ann.replies_to(said, "/reflect", quote="Talked to Bo")
        await ann.says("/plan@offramp_coach_bot Thursday at noon")
        await ann.sends_document("notes.md", b"Some words", caption="read this")
        await ann.sends_voice()
        await ann.sends_photo(caption="the plan on the wall")
        await ann.sends_location(48.86, 2.35)
        await ann.sends_sticker()
        await ann.sends_poll("Stay?", "yes", "no")
        await ann.blocks_bot()
        await telegram.group("Team").adds_bot(ann)
        bodies = [copy.deepcopy(waiting.body) for waiting in telegram.updates.waiting]
    offer = {key: said_body for key, said_body in bodies[0]["message"].items() if key != "entities"}
    tap = {"id": "4000000001", "from": offer["from"], "message": offer, "chat_instance": "1", "data": "do"}
    return (*bodies, {"callback_query": tap})


def mangled(bodies: tuple[Body, ...]) -> st.SearchStrategy[Body]:
    """One of them with up to four things wrong."""

    @st.composite
    def draw_one(draw: st.DrawFn) -> Body:
        body = copy.deepcopy(draw(st.sampled_from(bodies)))
        for _ in range(draw(st.integers(1, 4))):
            holders = list(_list_holders(body))
            if not holders:
                break
            holder, key = holders[draw(st.integers(0, len(holders) - 1))]
            _spoil(draw, holder, key, bodies)
        body.pop("update_id", None)  # Telegram's own, which no client can touch
        return body

    return draw_one()


def _list_holders(node: Any) -> Any:  # noqa: ANN401  # JSON
    """Every place in a tree: what holds it, and its key there."""
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in list(pairs):
        yield node, key
        yield from _list_holders(value)


def _spoil(draw: st.DrawFn, holder: Any, key: Any, bodies: tuple[Body, ...]) -> None:  # noqa: ANN401  # JSON
    match draw(st.sampled_from(("drop", "text", "number", "tree", "double", "nest", "rename", "other"))):
        case "drop":
            del holder[key]
        case "text":
            holder[key] = draw(st.sampled_from(ODD_TEXTS) | st.text(max_size=12))
        case "number":
            holder[key] = draw(st.sampled_from(ODD_NUMBERS))
        case "tree":
            holder[key] = copy.deepcopy(draw(st.sampled_from(ODD_TREES)))
        case "double":
            holder[key] = [copy.deepcopy(holder[key]), copy.deepcopy(holder[key])]
        case "nest":
            for _ in range(draw(st.sampled_from((1, 40)))):
                holder[key] = {"message": holder[key]}
        case "rename" if isinstance(holder, dict):
            holder[draw(st.sampled_from(("message", "edited_message", "callback_query", "text", "from")))] = (
                holder.pop(key)
            )
        case _:
            holder[key] = copy.deepcopy(draw(st.sampled_from(bodies)))
