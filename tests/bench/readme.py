"""The demo's output for the README, made by the program: ``python -m tests.bench.readme`` writes it there."""

from __future__ import annotations

import asyncio
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

from bot.commands.demo import play

if TYPE_CHECKING:
    from coaching.model import Language

README = Path(__file__).parents[2] / "README.md"


async def render_demo(language: Language) -> str:
    """What ``offramp demo`` prints."""
    page = io.StringIO()
    await play(language, out=page)
    return page.getvalue().strip()


def find_block(readme: str, language: Language) -> re.Match[str]:
    """The place of a demo between its markers.

    Raises:
        ValueError: The markers are gone.
    """
    pattern = rf"(?<=<!-- demo {language} -->\n```text\n).*?(?=\n```\n<!-- demo end -->)"
    match = re.search(pattern, readme, re.DOTALL)
    if match is None:
        raise ValueError(f"README.md has no markers for the demo in {language}")
    return match


def main() -> None:
    """Writes both."""
    readme = README.read_text("utf-8")
    languages: tuple[Language, ...] = ("zh", "en")
    for language in languages:
        block = find_block(readme, language)
        readme = readme[: block.start()] + asyncio.run(render_demo(language)) + readme[block.end() :]
    README.write_text(readme, "utf-8")


if __name__ == "__main__":
    main()
