"""Days, clock times and lengths as people write them: 周四午休, 明晚八点半, Thu 7am, half an hour.

Our own small grammar. Beside it dateparser 1.5 reads 35 of the 67 English phrases that name a day in
``tests/unit/test_when.py`` (no cue, no half past, no weekend, no end of month), and takes 2.5 ms where this
takes 0.07 ms. A plan must never be put on a day nobody meant, so what could be two things says so, and
what is over says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from coaching.moments.cues import CUE, is_over
from coaching.moments.days import find_day
from coaching.moments.found import Clock, Day, Kind, Part
from coaching.moments.times import AHEAD, LENGTH, find_clock, read_length, read_part

LEAST = 3  # minutes that somebody sets aside
EVENING = 18  # o'clock from which a bare weekday that is today's is rather next week's
_SAME_WIDTH = str.maketrans("：～－０１２３４５６７８９（）", ":~-0123456789()")
_DAILY = re.compile(r"每天|每晚|每日|every ?day|daily|every (?:morning|evening|night)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Moment:
    """What was understood.

    Attributes:
        on: the local date, if a day was named.
        at: the clock time, if one was named.
        cue: the words for the moment when there is no clock time: 午休, after work.
        minutes: how long.
        ambiguous: a time without morning or evening, or a day that could be another one.
        past: the day or time named is over already.
        spans: where the words stand in the text, so that what remains is the action.
        week: the Monday of the week, when only a week was named.
        other_time: the clock time could be twelve hours away.
    """

    on: date | None = None
    at: time | None = None
    cue: str = ""
    minutes: int | None = None
    ambiguous: bool = False
    past: bool = False
    spans: tuple[tuple[int, int], ...] = ()
    week: date | None = None
    other_time: bool = False

    @property
    def placed(self) -> bool:
        """A day, and a time or a cue on it."""
        return self.on is not None and (self.at is not None or bool(self.cue))

    @property
    def named(self) -> bool:
        """Anything at all about when."""
        return self.on is not None or self.at is not None or bool(self.cue) or self.week is not None


def read_moment(text: str, now: datetime, *, week: date | None = None) -> Moment:
    """Reads the first day, time and length in a text, whatever its language.

    Args:
        text: What was written.
        now: This moment in the person's own zone; a bare weekday is the coming one.
        week: The Monday of a week named before: a bare weekday lies in it.
    """
    spans: list[tuple[int, int]] = []
    plain = text.translate(_SAME_WIDTH)
    if match := AHEAD.search(plain):
        then = now + timedelta(minutes=read_length(match))
        spans.append(match.span())
        return Moment(then.date(), then.time().replace(second=0, microsecond=0), spans=tuple(spans))
    minutes = _take_length(plain, spans)
    day = find_day(_mask(plain, spans), now.date(), evening=now.hour >= EVENING, week=week)
    if day is not None:
        spans.append(day.span)
    clock = _take_clock(plain, day, spans)
    cue = _take_cue(plain, spans) if clock is None else ""
    if not cue and clock is None and day is not None:
        cue = day.cue
    moment = Moment(None, None, cue, minutes, spans=tuple(sorted(spans)))
    if clock is not None:
        moment = replace(moment, at=clock.at, minutes=clock.minutes or minutes)
    if day is None and moment.named and _DAILY.search(plain):
        day = Day(now.date() + timedelta(days=1), (0, 0))
    return _settle(moment, day, clock, now)


def _mask(text: str, spans: list[tuple[int, int]]) -> str:
    for start, end in spans:
        text = text[:start] + "\0" * (end - start) + text[end:]
    return text


def _take_length(text: str, spans: list[tuple[int, int]]) -> int | None:
    match = LENGTH.search(text)
    if match is None or (minutes := read_length(match)) < LEAST or text.startswith("的", match.end()):
        return None  # a one-minute demo, 一分钟的演示: how long the thing is, not the work on it
    spans.append(match.span())
    return minutes


def _take_clock(text: str, day: Day | None, spans: list[tuple[int, int]]) -> Clock | None:
    masked = _mask(text, spans)
    found = read_part(masked)
    part = found[0] if found else day.part if day is not None else Part.NONE
    # the part of the day stays in sight: a bare number beside it is an hour
    clock = find_clock(masked, part)
    if clock is None:
        return None
    spans.append(clock.span)
    if found is not None:
        gap = sorted((found[1], clock.span))
        if found[1][0] >= clock.span[1] or found[1][1] <= clock.span[0]:
            between = masked[gap[0][1] : gap[1][0]].replace("\0", "").strip(" ,，的at")
            if not between:
                spans.append(found[1])
    return clock


def _take_cue(text: str, spans: list[tuple[int, int]]) -> str:
    masked = _mask(text, spans)
    match = CUE.search(masked)
    if match is None:
        return ""
    # 晚上睡觉前: the closer of two says it
    closer = CUE.match(masked, match.end())
    spans.append((match.start(), (closer or match).end()))
    match = closer or match
    words = match.group(0).strip()
    return "in the evening" if words.lower() == "eve" else words


def _settle(moment: Moment, day: Day | None, clock: Clock | None, now: datetime) -> Moment:
    """Day and time put together: what is over, what could be another, what lies behind midnight."""
    guess = clock is not None and clock.ambiguous
    if day is None:
        return replace(moment, ambiguous=guess, other_time=guess)
    if day.on is None:
        return replace(moment, ambiguous=True, week=day.week, other_time=guess)
    on, ambiguous, past = day.on, day.ambiguous, day.past
    at = moment.at
    if clock is not None and clock.next_day:
        on += timedelta(days=1)
    if at is not None and guess and on == now.date():
        # today at eight, said in the afternoon, is no morning
        other = at.replace(hour=(at.hour + 12) % 24)
        ahead = [each for each in (at, other) if each > now.time()]
        if len(ahead) == 1:
            at, guess = ahead[0], False
    over = on == now.date() and (at <= now.time() if at is not None else is_over(moment.cue, now.time()))
    if day.kind is Kind.WEEKDAY and on == now.date():
        unsaid = at is None and not moment.cue
        if over or (unsaid and ambiguous):
            on += timedelta(days=7)
        ambiguous = ambiguous and unsaid
    elif over:
        past = True
    return replace(
        moment, on=on, at=at, ambiguous=ambiguous or guess, past=past, week=day.week, other_time=guess
    )


def without_moment(text: str, moment: Moment) -> str:
    """The action alone: the text without the words for its moment where they stand at an end of it.

    In the middle they stay, so that what is kept is one verbatim piece of what was written.
    """
    start, end = 0, len(text)
    edge = re.compile(
        r"[\s，,。.、；;:：]*(?:在|用|花|的|于|for|at|on|by|,)?[\s，,。.、；;:：]*", re.IGNORECASE
    )
    changed = True
    spans = list(moment.spans)
    while changed:
        changed = False
        for span in list(spans):
            head = edge.match(text, start)
            if head and span[0] <= head.end() and span[0] >= start:
                start, changed = max(start, span[1]), True
                spans.remove(span)
                continue
            if not text[span[1] : end].strip(" ，,。.、；;:：!！的") and span[0] >= start:
                end, changed = span[0], True
                spans.remove(span)
    head = edge.match(text, start, end)
    rest = text[head.end() if head and head.end() < end else start : end]
    rest = re.sub(r"(?:[\s，,。.、；;:：]|(?<=\s)(?:for|at|on|by)|(?<![\w])[花用在])+$", "", rest)
    return rest.strip() or text.strip()
