"""The bot comes, goes, is blocked: the update that tells it and the line in the log."""

from typing import Any

from tests.fakes.telegram.records import Happened, User
from tests.fakes.telegram.updates import UpdateQueue
from tests.fakes.telegram.world import ChatState, World


def record_bot_membership(
    world: World, queue: UpdateQueue, chat: ChatState, who: User, before: str, after: str
) -> None:
    """Tells the bot, by ``my_chat_member``, that `who` changed where it stands in a chat."""
    body = {
        "chat": chat.as_json(),
        "from": who.as_json(),
        "date": int(world.clock()),
        "old_chat_member": _member(world.bot, before),
        "new_chat_member": _member(world.bot, after),
    }
    world.record(Happened.MEMBERSHIP, chat.id, who.first_name, after)
    queue.push("my_chat_member", body, lane=f"membership {chat.id}")


def _member(bot: User, status: str) -> dict[str, Any]:
    return {"user": bot.as_json(), "status": status, **({"until_date": 0} if status == "kicked" else {})}
