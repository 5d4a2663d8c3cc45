"""The errors of the coach. A class's docstring is the sentence a person reads."""


class CoachingError(Exception):
    """Something about the coaching is not possible."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (self.__doc__ or "").strip())


class UnknownUser(CoachingError):
    """There is no such person in this journal."""


class DraftRejected(CoachingError):
    """A reply broke a rule of the house."""


class ModelFailed(CoachingError):
    """The language model gave nothing that can be used."""


class BudgetSpent(CoachingError):
    """The tokens of this day are used up."""
