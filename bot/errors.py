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
    from sqlalchemy.exc import DBAPIError

    from bot.home import HomeUnusable, explain
    from bot.settings import WrongSettings
    from memory.errors import StorageError

    try:
        yield
    except (HomeUnusable, WrongSettings, StorageError) as error:
        raise failure(str(error)) from None
    except BaseExceptionGroup as group:
        # a task group wraps what went wrong in it; one cause is one sentence
        first = group.exceptions[0]
        if isinstance(first, HomeUnusable | WrongSettings | StorageError):
            raise failure(str(first)) from None
        if isinstance(first, DBAPIError):
            raise failure(database_sentence(first)) from None
        raise
    except DBAPIError as error:
        raise failure(database_sentence(error)) from None
    except OSError as error:
        raise failure(f"The system refused: {explain(error)}.") from None


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
