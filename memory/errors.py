"""The errors of memory. A class's docstring is the sentence a person reads."""

from __future__ import annotations


class StorageError(Exception):
    """Something about the stored data is not possible."""

    def __init__(self, detail: str = "") -> None:
        sentence = (self.__doc__ or "").strip()
        super().__init__(f"{sentence} ({detail})" if detail else sentence)


class NewerDatabase(StorageError):
    """This database was written by a newer Offramp: update the program, nothing was changed."""


class UnknownPerson(StorageError):
    """There is no such person in this home."""


class NotStored(StorageError):
    """There is no such message, it may have been forgotten already."""
