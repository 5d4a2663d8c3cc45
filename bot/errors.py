"""Turns what is foreseen into one sentence: what happened, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click


@contextmanager
def explained(failure: type[click.ClickException]) -> Iterator[None]:
    """Raises ``failure`` with a sentence for errors a person can do something about; others pass."""
    try:
        yield
    except Exception as error:  # the program ends here; what has no sentence is raised as it is
        sentence = find_sentence(error)
        if sentence is None:
            raise
        raise failure(sentence) from None


def find_sentence(error: BaseException) -> str | None:
    """What happened and what to do, or None for an error nobody foresaw."""
    from sqlalchemy.exc import DBAPIError

    from bot.home import HomeUnusable, explain
    from bot.settings import WrongSettings
    from memory.errors import StorageError
    from memory.importing import ImportProblem

    match error:
        case BaseExceptionGroup():  # a task group wraps what went wrong in it
            return next(filter(None, map(find_sentence, error.exceptions)), None)
        case HomeUnusable() | WrongSettings() | StorageError():
            return str(error)
        case ImportProblem():
            return f"{error.name}: {error}"
        case DBAPIError():
            return database_sentence(error)
        case OSError():
            return f"The system refused: {explain(error)}."
    return None


def database_sentence(error: Exception) -> str:
    """What a database error means; its own text may quote a statement's values, so it is never shown."""
    cause = str(getattr(error, "orig", ""))
    if "disk is full" in cause or "disk I/O error" in cause:
        return "The disk is full or failing: free some space and start again. What was answered is stored."
    if "readonly" in cause:
        return "The database cannot be written: the disk or the file is read-only. Nothing was changed."
    if "locked" in cause:
        return "Another process holds the database for too long: stop it and try again. Nothing was changed."
    if "not a database" in cause or "malformed" in cause:
        return "The database file is damaged: put it aside and restore a backup. Nothing was changed."
    return (
        f"The database does not answer ({type(getattr(error, 'orig', error)).__name__}): run offramp doctor."
    )
