"""Days, clock times and lengths as people write them: 周四午休, 明晚八点半, Thu 7am, half an hour.

Our own small grammar: dateparser reads full dates well, but not 午休, 下班后, a bare weekday meant for the
future, or a moment in the middle of a sentence, and a plan must never be put on a day nobody meant.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

_NUM = {
    "零": 0,
    "一": 1,
    "二": 2,
    "两": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
    "十": 10,
    "日": 7,
    "天": 7,
    "末": 6,
}
_N = r"(?:\d{1,3}|[一二两三四五六七八九十]{1,3})"
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS_EN = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


@dataclass(frozen=True, slots=True)
class Moment:
    """What was understood.

    Attributes:
        on: the local date, if a day was named.
        at: the clock time, if one was named.
        cue: the words for the moment when there is no clock time: 午休, after work.
        minutes: how long.
        ambiguous: a time without morning or evening, or a weekday that could be today or next week.
        past: the day or time named is over already.
        spans: where the words stand in the text, so that what remains is the action.
    """

    on: date | None = None
    at: time | None = None
    cue: str = ""
    minutes: int | None = None
    ambiguous: bool = False
    past: bool = False
    spans: tuple[tuple[int, int], ...] = ()

    @property
    def placed(self) -> bool:
        """A day, and a time or a cue on it."""
        return self.on is not None and (self.at is not None or bool(self.cue))


def _number(words: str) -> int:
    if words.isdigit():
        return int(words)
    if "十" in words:
        tens, _, ones = words.partition("十")
        return (_NUM[tens] if tens else 1) * 10 + (_NUM[ones] if ones else 0)
    return _NUM[words]


# hour at which a part of the day begins, and what it adds to a bare hour
_PARTS = dict.fromkeys(("凌晨", "清早", "早上", "早晨", "上午", "早"), 0) | dict.fromkeys(
    ("中午", "午休", "午饭", "下午", "傍晚", "晚上", "晚", "今晚", "明晚", "后晚", "夜里", "睡前", "晚饭"), 12
)

_DAY_ZH = re.compile(
    r"(?P<rel>大后天|后天|明天|明早|明晚|今天|今晚|今早|今夜|明(?![年日白]))"
    r"|(?P<next>下个?|这个?|本)?(?P<wk>周|星期|礼拜)(?P<wd>[一二三四五六日天末])"
    r"|(?:(?P<y>20\d\d)\s*[年./-]\s*)?(?P<m>\d{1,2})\s*(?:月|[./-])\s*(?P<d>\d{1,2})\s*[日号]?(?!\d|\s*(?:分|小时|%))"
    r"|(?<!\d)(?P<d2>\d{1,2})[号]"
)
_TIME_ZH = re.compile(
    rf"(?P<part>凌晨|清早|早上|早晨|上午|中午|午休|下午|傍晚|晚上|夜里|晚(?=\s*{_N}点)|早(?=\s*{_N}点))?(?:的)?\s*"
    rf"(?P<h>{_N})\s*点(?:钟)?(?:(?P<half>半)|(?P<q>一刻|三刻)|(?P<mi>{_N})分?)?"
    rf"|(?P<part2>凌晨|早上|上午|中午|下午|傍晚|晚上)?\s*(?P<h2>[01]?\d|2[0-3])[:：](?P<m2>[0-5]\d)"
)
_CUE_ZH = re.compile(
    r"午休(?:时|的时候)?|午饭后|吃完(?:午|晚)饭(?:后)?|晚饭(?:后|前)|饭后|下班(?:后|路上|之后)?|上班(?:前|路上|之前)|睡前|起床后|通勤(?:时|路上)?|(?:站|周|例)会(?:后|前)|会前|早上|上午|中午|下午|傍晚|晚上|清早"
)
_LENGTH_ZH = re.compile(
    rf"(?P<n>{_N})\s*(?P<u>分钟|分(?=[，,。\s]|$)|个?(?:小时|钟头))(?P<plus>半)?|(?P<half>半个?(?:小时|钟头))|(?P<odd>一个半(?:小时|钟头))|(?P<ke>{_N})刻钟"
)

_DAY_EN = re.compile(
    r"\b(?:(?P<rel>the day after tomorrow|tomorrow|tmrw|tmr|today|tonight|this (?:evening|afternoon|morning))"
    r"|(?P<next>next|this|on|coming)?\s*(?P<wd>mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)(?=\b(?!'s))"
    r"|(?P<we>(?:this |the |next )?weekend)"
    r"|(?P<mon>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? (?P<d>\d{1,2})(?:st|nd|rd|th)?"
    r"|(?P<d2>\d{1,2})(?:st|nd|rd|th)? (?P<mon2>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
    r"|(?P<y>20\d\d)-(?P<im>\d\d)-(?P<id>\d\d))\b",
    re.IGNORECASE,
)
_TIME_EN = re.compile(
    r"\b(?:at |by |@ ?)?(?P<h>1[0-2]|0?[1-9])(?::(?P<mi>[0-5]\d))?\s*(?P<ap>am|pm|a\.m\.|p\.m\.)(?![a-z])"
    r"|\b(?:at |by |@ ?)?(?P<h2>[01]?\d|2[0-3]):(?P<m2>[0-5]\d)\b"
    r"|\bat (?P<h3>1[0-2]|[1-9])(?: o'?clock)?\b(?!\s*(?:min|hour|%))"
    r"|\b(?:at )?(?P<noon>noon|midday)\b",
    re.IGNORECASE,
)
_CUE_EN = re.compile(
    r"\b(?:(?:at|over|during|before|after) "
    r"(?:lunch|work|dinner|breakfast|the stand-?up|school drop-?off|the gym|bed)"
    r"|on (?:the|my) (?:commute|train|bus)|lunch(?: break|time)?|first thing"
    r"|(?:in the )?(?:morning|afternoon|evening)|night)\b",
    re.IGNORECASE,
)
_LENGTH_EN = re.compile(
    r"\b(?:for )?(?:(?P<n>\d{1,3}(?:\.\d)?)\s*-?\s*(?P<u>min(?:ute)?s?|m|hours?|hrs?|h)"
    r"|(?P<half>half an hour)|(?P<one>an hour(?P<ahalf> and a half)?)"
    r"|(?P<quarter>a quarter of an hour))\b",
    re.IGNORECASE,
)


def read_moment(text: str, now: datetime) -> Moment:
    """Reads the first day, time and length in a text, whatever its language.

    ``now`` is the moment in the person's own zone; a bare weekday is the coming one, today included.
    """
    spans: list[tuple[int, int]] = []
    length = _length(text, spans)
    masked = _mask(text, spans)
    on, evening, day_past, day_ambiguous = _day(masked, now, spans)
    masked = _mask(text, spans)
    at, time_ambiguous = _time(masked, spans, evening=evening)
    cue = ""
    if at is None:
        found = _CUE_ZH.search(masked) or _CUE_EN.search(masked)
        if found:
            cue = found.group(0).strip()
            spans.append(found.span())
        elif evening:
            cue = evening
    if on is None and (at is not None or cue) and re.search(r"每天|every ?day|daily", text, re.IGNORECASE):
        on = now.date() + timedelta(days=1)
    past = day_past
    if on is not None and at is not None and datetime.combine(on, at, now.tzinfo) <= now:
        past = True
    return Moment(on, at, cue, length, day_ambiguous or time_ambiguous, past, tuple(sorted(spans)))


def _mask(text: str, spans: list[tuple[int, int]]) -> str:
    for start, end in spans:
        text = text[:start] + "\0" * (end - start) + text[end:]
    return text


def _length(text: str, spans: list[tuple[int, int]]) -> int | None:
    if match := _LENGTH_ZH.search(text):
        spans.append(match.span())
        if match["half"]:
            return 30
        if match["odd"]:
            return 90
        if match["ke"]:
            return _number(match["ke"]) * 15
        minutes = _number(match["n"]) * (1 if match["u"].startswith("分") else 60)
        return minutes + (30 if match["plus"] and not match["u"].startswith("分") else 0)
    if match := _LENGTH_EN.search(text):
        spans.append(match.span())
        if match["half"]:
            return 30
        if match["quarter"]:
            return 15
        if match["one"]:
            return 90 if match["ahalf"] else 60
        return round(float(match["n"]) * (1 if match["u"][0].lower() == "m" else 60))
    return None


def _day(text: str, now: datetime, spans: list[tuple[int, int]]) -> tuple[date | None, str, bool, bool]:
    """The date, the words for its evening, whether it is over, whether it could be another."""
    if match := _DAY_ZH.search(text):
        spans.append(match.span())
        return _day_zh(match, now)
    if match := _DAY_EN.search(text):
        spans.append(match.span())
        return _day_en(match, now)
    return None, "", False, False


def _weekday(today: date, wanted: int, *, following: bool, this: bool) -> tuple[date, bool]:
    monday = today - timedelta(days=today.isoweekday() - 1)
    if following:
        return monday + timedelta(days=7 + wanted - 1), False
    day = monday + timedelta(days=wanted - 1)
    if day < today:
        # 这周三 on a Friday is over; a bare 周三 means the coming one
        return (day, True) if this else (day + timedelta(days=7), False)
    return day, False


def _calendar(year: int | None, month: int, day: int, today: date) -> tuple[date | None, bool]:
    try:
        found = date(year or today.year, month, day)
        if year is None and found < today - timedelta(days=60):
            found = date(today.year + 1, month, day)
    except ValueError:
        return None, False
    return found, found < today


def _day_zh(match: re.Match[str], now: datetime) -> tuple[date | None, str, bool, bool]:
    today = now.date()
    if rel := match["rel"]:
        ahead = {"大": 3, "后": 2, "明": 1}.get(rel[0], 0)
        evening = "晚上" if "晚" in rel or "夜" in rel else "早上" if "早" in rel else ""
        return today + timedelta(days=ahead), evening, False, False
    if match["wd"]:
        day, past = _weekday(
            today,
            _NUM[match["wd"]],
            following=(match["next"] or "").startswith("下"),
            this=bool(match["next"]) and not (match["next"] or "").startswith("下"),
        )
        return day, "", past, match["wd"] == "末"
    if match["m"]:
        day_on, past = _calendar(
            int(match["y"]) if match["y"] else None, int(match["m"]), int(match["d"]), today
        )
        return day_on, "", past, False
    wanted = int(match["d2"])
    month = today.month + (wanted < today.day)
    day_on, past = _calendar(today.year + month // 13, (month - 1) % 12 + 1, wanted, today)
    return day_on, "", past, False


def _day_en(match: re.Match[str], now: datetime) -> tuple[date | None, str, bool, bool]:
    today = now.date()
    if rel := match["rel"]:
        words = rel.lower()
        ahead = (
            2
            if "after" in words
            else 1
            if words.startswith("t") and "m" in words[:4] and words != "tonight"
            else 0
        )
        part = (
            words.split()[-1] if words.startswith("this") else "in the evening" if words == "tonight" else ""
        )
        return today + timedelta(days=ahead), part, False, False
    if match["we"]:
        day, _ = _weekday(today, 6, following="next" in match["we"].lower(), this=False)
        return day, "", False, True
    if match["wd"]:
        wanted = _DAYS_EN.index(match["wd"][:3].lower()) + 1
        word = (match["next"] or "").lower()
        day, past = _weekday(today, wanted, following=word == "next", this=word == "this")
        return day, "", past, False
    if match["y"]:
        found, past = _calendar(int(match["y"]), int(match["im"]), int(match["id"]), today)
    else:
        month = _MONTHS.index((match["mon"] or match["mon2"]).lower()[:3]) + 1
        found, past = _calendar(None, month, int(match["d"] or match["d2"]), today)
    return found, "", past, False


def _time(text: str, spans: list[tuple[int, int]], *, evening: str) -> tuple[time | None, bool]:
    """The clock time, and whether morning or evening had to be guessed."""
    if match := _TIME_ZH.search(text):
        part = match["part"] or match["part2"] or evening
        hour = _number(match["h"]) if match["h"] else int(match["h2"])
        minute = (
            30 if match["half"]
            else {"一刻": 15, "三刻": 45}[match["q"]] if match["q"]
            else _number(match["mi"]) if match["mi"]
            else int(match["m2"] or 0)
        )  # fmt: skip
        if hour > 24 or minute > 59:
            return None, False
        spans.append(match.span())
        ambiguous = not part and 1 <= hour <= 11 and match["h"] is not None
        if part and _PARTS.get(part, 0) == 12 and hour < 12 and not (part == "中午" and hour == 11):
            hour += 12
        elif ambiguous and hour <= 7:
            hour += 12  # 七点 in a plan is an evening unless it says 早上; it is read back
        return time(hour % 24, minute), ambiguous
    if match := _TIME_EN.search(text):
        spans.append(match.span())
        if match["noon"]:
            return time(12, 0), False
        if match["ap"]:
            hour = int(match["h"]) % 12 + (12 if match["ap"][0].lower() == "p" else 0)
            return time(hour, int(match["mi"] or 0)), False
        if match["h2"]:
            return time(int(match["h2"]), int(match["m2"])), False
        hour = int(match["h3"])
        morning = "morning" in evening
        return time(hour + 12 if hour <= 7 and not morning else hour, 0), not evening
    return None, False


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
