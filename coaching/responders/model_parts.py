"""What a language model fills in: parts of a reply, and nothing it could choose people, days or tools by.

Bounds are wide: they keep a huge answer out; what a person may read is decided by the checks.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from coaching.model import Lens

LONGEST = 1200  # characters of one part; the longest reply there is has 1,300


class Parts(BaseModel):
    """Parts of any kind. What else a model writes into them is dropped."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)

    @classmethod
    def blank(cls) -> dict[str, Any]:
        """Values that stand in for the required fields until a model has filled them in."""
        return {}


class ModelPast(Parts):
    """An earlier statement the model wants to give back."""

    id: int = Field(description="The id of the earlier statement.")
    words: str = Field(max_length=LONGEST, description="A piece of it, exactly as it stands there.")
    pulls: Literal["same", "against"] = Field(
        default="same", description="Whether it points the same way as the message, or another way."
    )


class ModelStep(Parts):
    """The one small step."""

    action: str = Field(
        max_length=LONGEST, description="One verb, one object, their own nouns. No day, no hour."
    )
    minutes: int = Field(ge=1, le=60, description="How long it takes.")
    done: str = Field(max_length=LONGEST, description="What will exist afterwards, as a short phrase.")
    if_then: str = Field(default="", max_length=LONGEST, description="If OBSTACLE, then WHAT.")
    smaller: str = Field(default="", max_length=LONGEST, description="The same in five minutes.")


class ModelKept(Parts):
    """Words of the message that may be worth keeping."""

    words: str = Field(max_length=LONGEST, description="A piece of it, exactly as it stands there.")
    place: Literal["me", "goal", "try"] = Field(description="What they are, want, or try out.")


class TurnParts(Parts):
    """The parts of the reply to an ordinary message."""

    reflection: str = Field(
        max_length=LONGEST, description="Their words in quote marks, and a tentative guess."
    )
    past: ModelPast | None = Field(default=None, description="At most one earlier statement, or nothing.")
    step: ModelStep | None = Field(default=None, description="One small step, or nothing.")
    question: str = Field(default="", max_length=LONGEST, description="One open question.")
    lenses: list[Lens] = Field(default_factory=list, max_length=10, description="One or two.")
    keep: ModelKept | None = Field(default=None, description="What is worth keeping, or nothing.")


Points = Annotated[list[Annotated[str, Field(max_length=LONGEST)]], Field(min_length=1, max_length=3)]


class ReflectParts(Parts):
    """The parts of the long form; every point holds a piece of the text in quote marks."""

    want: Points = Field(description="What they want.")
    stuck: Points = Field(description="Where it sticks.")
    why: Points = Field(description="Why it may be so, as a guess.")
    could: Points = Field(description="What is theirs to move.")
    step: ModelStep | None = Field(default=None, description="One small step, or nothing.")
    question: str = Field(max_length=LONGEST, description="One open question.")
    lenses: list[Lens] = Field(default_factory=list, max_length=10, description="One or two.")

    @classmethod
    def blank(cls) -> dict[str, Any]:
        """See ``Parts``."""
        return {"want": ["…"], "stuck": ["…"], "why": ["…"], "could": ["…"], "question": "…"}


class CheckinParts(Parts):
    """The words of the reply to an evening's answer."""

    reflection: str = Field(
        max_length=LONGEST, description="Their words in quote marks, and a tentative guess."
    )
    question: str = Field(max_length=LONGEST, description="One open question.")


class ModelPiece(Parts):
    """A piece of something they said."""

    id: int = Field(description="The id of the statement.")
    words: str = Field(max_length=LONGEST, description="A piece of it, exactly as it stands there.")


class ModelPattern(Parts):
    """Two statements that belong together."""

    first: ModelPiece
    second: ModelPiece
    sentence: str = Field(
        max_length=LONGEST, description="What they have in common, as a guess, with a piece in quote marks."
    )


class ReviewParts(Parts):
    """What is found in a week."""

    pattern: ModelPattern | None = Field(default=None, description="One thread, or nothing.")
    experiment: ModelStep = Field(description="One small try.")


class ModelLine(Parts):
    """One thing they want to do; every field is a piece of the message, exactly as it stands there."""

    what: str = Field(max_length=LONGEST, description="The thing itself.")
    when: str = Field(default="", max_length=LONGEST, description="When, or nothing.")
    obstacle: str = Field(default="", max_length=LONGEST, description="What may get in the way, or nothing.")


class PlanParts(Parts):
    """What somebody wants to do."""

    lines: list[ModelLine] = Field(default_factory=list, max_length=3, description="In their order.")


class CrisisParts(Parts):
    """Whether a life may be in danger."""

    answer: Literal["yes", "unsure", "no"]


class Marks(Parts):
    """What a judge gives one reply, 0 to 4 in each row; the weights are rubric.md's."""

    lens: int = Field(ge=0, le=4)
    reflection: int = Field(ge=0, le=4)
    step: int = Field(ge=0, le=4)
    autonomy: int = Field(ge=0, le=4)
    honesty: int = Field(ge=0, le=4)
    question: int = Field(ge=0, le=4)
    voice: int = Field(ge=0, le=4)


class JudgeParts(Parts):
    """A judge's marks for two replies, in the order in which they were shown."""

    first: Marks
    second: Marks
