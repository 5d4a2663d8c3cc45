"""What the bot says about itself: name, description and command menu, by scope and language."""

import json
import re
from collections.abc import Callable
from functools import partial
from typing import Any

from tests.fakes.telegram.errors import bad_request
from tests.fakes.telegram.params import Params
from tests.fakes.telegram.world import World

MAX_COMMANDS = 100
_LIMITS = {"name": 64, "description": 512, "short_description": 120}
_SCOPES = frozenset({"default", "all_private_chats", "all_group_chats", "all_chat_administrators"})
_CHAT_SCOPES = frozenset({"chat", "chat_administrators", "chat_member"})

Command = dict[str, str]


class Profile:
    """The methods that describe the bot."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._commands: dict[tuple[str, str], list[Command]] = {}
        self._texts: dict[tuple[str, str], str] = {}

    def methods(self) -> dict[str, Callable[[Params], Any]]:
        found: dict[str, Callable[[Params], Any]] = {
            "getMe": self.get_me,
            "setMyCommands": self.set_commands,
            "getMyCommands": self.get_commands,
            "deleteMyCommands": self.delete_commands,
        }
        for field, method in {
            "name": "Name",
            "description": "Description",
            "short_description": "ShortDescription",
        }.items():
            found[f"setMy{method}"] = partial(self._set_text, field)
            found[f"getMy{method}"] = partial(self._get_text, field)
        return found

    def commands(self, scope: str = "default", language_code: str = "") -> tuple[Command, ...]:
        """The command menu that was set for a scope (``"all_private_chats"``) and language."""
        return tuple(self._commands.get((f'{{"type": "{scope}"}}', language_code), ()))

    def text(self, field: str, language_code: str = "") -> str:
        """``name``, ``description`` or ``short_description``, as it was set for a language."""
        return self._texts.get((field, language_code), "")

    def get_me(self, params: Params) -> dict[str, Any]:
        return {
            **self._world.bot.as_json(),
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
            "can_connect_to_business": False,
            "has_main_web_app": False,
        }

    def set_commands(self, params: Params) -> bool:
        wished = params.decoded("commands")
        if not isinstance(wished, list):
            raise bad_request("Expected an Array of BotCommand")
        commands = [_checked_command(command) for command in wished]
        if len(commands) > MAX_COMMANDS:
            raise bad_request("BOT_COMMANDS_TOO_MUCH")
        self._commands[self._scope(params), _language(params)] = commands
        return True

    def get_commands(self, params: Params) -> list[Command]:
        return self._commands.get((self._scope(params), _language(params)), [])

    def delete_commands(self, params: Params) -> bool:
        self._commands.pop((self._scope(params), _language(params)), None)
        return True

    def _scope(self, params: Params) -> str:
        scope = params.decoded("scope") or {"type": "default"}
        if not isinstance(scope, dict):
            raise bad_request("Can't parse BotCommandScope: BotCommandScope must be an Object")
        if scope.get("type") in _CHAT_SCOPES:
            self._world.readable_chat(str(scope.get("chat_id", "")))
        elif scope.get("type") not in _SCOPES:
            raise bad_request("Can't parse BotCommandScope: Unsupported type specified")
        return json.dumps(scope, sort_keys=True)

    def _set_text(self, field: str, params: Params) -> bool:
        text = params.text(field)
        if len(text) > _LIMITS[field]:
            raise bad_request(f"bot {field.replace('_', ' ')} is too long")
        self._texts[field, _language(params)] = text
        return True

    def _get_text(self, field: str, params: Params) -> dict[str, str]:
        # What is not set for a language is answered from the one for all.
        default = self._texts.get((field, ""), self._world.bot.first_name if field == "name" else "")
        return {field: self._texts.get((field, _language(params))) or default}


def _language(params: Params) -> str:
    code = params.text("language_code")
    if code and not re.fullmatch("[a-z]{2}", code):
        raise bad_request("Invalid language code specified")
    return code


def _checked_command(source: object) -> Command:
    if not isinstance(source, dict):
        raise bad_request("Can't parse BotCommand: expected an Object")
    command = str(source.get("command", "")).strip().removeprefix("/")
    description = str(source.get("description", "")).strip()
    if not command:
        raise bad_request("Command must be non-empty")
    if len(command) > 32:
        raise bad_request("Command length must not exceed 32")
    if not re.fullmatch("[a-z0-9_]+", command):
        raise bad_request("BOT_COMMAND_INVALID")
    if not description:
        raise bad_request("Command description must be non-empty")
    if len(description) > 256:
        raise bad_request("Command description length must not exceed 256")
    return {"command": command, "description": description}
