"""What the picture of a review shows: numbers only, none of the person's words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from coaching.dates import say_date
from coaching.model import CommitmentStatus, Lens
from prompts import text

if TYPE_CHECKING:
    from coaching.model import Commitment, Language, Message

WEEKS = 6
LENSES = 4  # more lines than this nobody can tell apart on a phone
ENDS = ("kept", "moved", "dropped", "missed")


@dataclass(frozen=True, slots=True)
class Figure:
    """Some weeks, oldest first; every tuple of counts has one number a week.

    Attributes:
        language: of the labels.
        weeks: the Monday of each, as the person would say it.
        ends: how commitments ended, by ``kept`` (done or half), ``moved``, ``dropped``, ``missed``.
        lenses: how many messages were about each of the lenses heard most, by the lens's name.
    """

    language: Language
    weeks: tuple[str, ...]
    ends: Mapping[str, tuple[int, ...]]
    lenses: Mapping[str, tuple[int, ...]]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to see yet."""
        return not any(map(sum, self.ends.values())) and not self.lenses

    @property
    def caption(self) -> str:
        """The newest week in words: what the picture says to who cannot see it."""
        return text(
            "figure.caption", self.language, **{name: counts[-1] for name, counts in self.ends.items()}
        )

    def to_json(self) -> dict[str, Any]:
        """As the outbox keeps it."""
        return asdict(self)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Figure:
        """The other way round.

        Raises:
            KeyError, TypeError, ValueError: it was none.
        """

        def counts(table: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
            return {str(name): tuple(int(value) for value in row) for name, row in table.items()}

        language: Language = "zh" if raw["language"] == "zh" else "en"
        return cls(language, tuple(map(str, raw["weeks"])), counts(raw["ends"]), counts(raw["lenses"]))


def build_figure(
    plan: Iterable[Commitment],
    said: Iterable[Message],
    heard: Mapping[int, tuple[Lens, ...]],
    today: date,
    language: Language,
) -> Figure:
    """The weeks up to the one of ``today``, from the first in which there was anything.

    Args:
        plan: commitments of these weeks.
        said: the person's messages of these weeks.
        heard: the lenses of each message, strongest first, by its id.
        today: the person's date.
        language: for the labels.
    """
    monday = today - timedelta(days=today.weekday())
    mondays = [monday - timedelta(weeks=back) for back in range(WEEKS - 1, -1, -1)]
    ends = Counter((_monday(item.due_on), _end(item, today)) for item in plan)
    lenses = Counter(
        (_monday(message.said_on), heard[message.id][0]) for message in said if heard.get(message.id)
    )
    begun = [day for day, _ in ends] + [day for day, _ in lenses]
    mondays = [day for day in mondays if begun and day >= min(begun)] or [monday]
    total = Counter[Lens]()
    for (day, lens), count in lenses.items():
        if day in mondays:
            total[lens] += count
    loudest = [lens for lens, _ in total.most_common(LENSES)]
    return Figure(
        language,
        tuple(say_date(day, today, language) for day in mondays),
        {name: tuple(ends[day, name] for day in mondays) for name in ENDS},
        {lens.value: tuple(lenses[day, lens] for day in mondays) for lens in loudest},
    )


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _end(item: Commitment, today: date) -> str:
    match item.status:
        case CommitmentStatus.DONE | CommitmentStatus.HALF:
            return "kept"
        case CommitmentStatus.MOVED:
            return "moved"
        case CommitmentStatus.DROPPED:
            return "dropped"
    return "missed" if item.missed(today) else "ahead"


def draw_bars(figure: Figure) -> str:
    """The same for a terminal: one line a week, one mark a commitment or message, the key at the end."""
    width = max(len(week) + sum(c >= "\u2e80" for c in week) for week in figure.weeks)

    def rows(table: Mapping[str, tuple[int, ...]], marks: Mapping[str, str]) -> list[str]:
        lines = []
        for number, week in enumerate(figure.weeks):
            pad = " " * (width - len(week) - sum(c >= "\u2e80" for c in week))
            bar = "".join(marks[name] * min(counts[number], 30) for name, counts in table.items())
            lines.append(f"{week}{pad}  {bar or '·'}")
        key = "  ".join(f"{marks[name]} {say_name(name, figure.language)}" for name in table)
        return [*lines, key]

    lines = [text("figure.commitments", figure.language)]
    lines += rows(figure.ends, dict(zip(ENDS, "█▒░·", strict=True)))
    if figure.lenses:
        lines += ["", text("figure.lenses", figure.language)]
        lines += rows(figure.lenses, dict(zip(figure.lenses, "█▓▒░", strict=False)))
    return "\n".join(lines)


def say_name(name: str, language: Language) -> str:
    """The label of an end or of a lens."""
    return text(f"figure.{name}" if name in ENDS else f"figure.lens.{name}", language)
