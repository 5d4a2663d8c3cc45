"""What the coach never says, held for the playbook and for a language model alike."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from prompts import load_toml

if TYPE_CHECKING:
    from coaching.model import Language

# the person's words are theirs, and a line written for somebody else is not said to them
_NOT_OURS = re.compile(r"「[^「」]*」|『[^『』]*』|“[^“”]*”|«[^«»]*»|\"[^\"\n]*\"|‹[^‹›]*›|`[^`\n]*`")


@cache
def _bans() -> dict[str, re.Pattern[str]]:
    flags = re.IGNORECASE | re.DOTALL
    return {name: re.compile("|".join(signs), flags) for name, signs in load_toml("safety/bans.toml").items()}


def find_banned(text: str, language: Language) -> tuple[str, ...]:
    """The names of the bans that a text of the coach breaks, such as ``praise`` or ``should``.

    Both languages are always looked for: a reply in one may slip into the other. What stands in quote marks
    is left out.
    """
    del language  # every ban holds in every language; the argument is the port's
    own = _NOT_OURS.sub("〃", text)
    return tuple(name for name, pattern in _bans().items() if pattern.search(own))
