"""``python -m bot`` is ``offramp``."""

from bot.cli import main

main()
