"""Days in Chinese: 下下周三, 礼拜五, 6月3号, 月底前, 后天一早."""

# a pattern is read as one piece
from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from coaching.moments.almanac import (
    build_date,
    build_edge,
    build_of_month,
    build_week,
    build_weekday,
    build_weekend,
)
from coaching.moments.found import HAN, Day, Kind, Part, number

if TYPE_CHECKING:
    from coaching.moments.found import Reader

_AHEAD_ZH = {"大": 3, "后": 2, "明": 1, "次": 1, "隔": 1}
_REL_ZH = re.compile(
    r"(?P<day>大后[天日]|后[天日儿]|明[天日儿]|次日|隔天|今[天日儿]|明(?=[早晚])|今(?=[早晚夜])|后(?=晚))(?P<part>[早晚夜](?![点些饭餐会操班课]|一点))?"
)
_PAST_ZH = re.compile(
    rf"大前天|前天|昨[天晚儿日夜]?|前几天|刚才|上个?(?:周|星期|礼拜)(?P<wd>[一二三四五六日天末])?|上个?月|{HAN}\s*(?:天|周|个星期|个月)(?:之|以)?前"
)
_WEEK_ZH = re.compile(
    r"(?P<which>下下个?|下个?|这个?|本)?(?:周|星期|礼拜)(?P<wd>六日|[一二三四五六日天末]|[1-7](?!\d|[天周个]))(?P<before>之?前)?"
)
_BARE_WEEK_ZH = re.compile(
    r"(?P<which>下下个?|下个?|这个?|本)(?:(?P<month>月)|(?:周|星期|礼拜)(?P<where>初|中)?)(?:内|之内|里)?"
)
_DATE_ZH = re.compile(
    r"(?:(?P<y>20\d\d|明|今)\s*年\s*)?(?<!\d)(?P<m>1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])\s*月\s*"
    r"(?P<d>[12]\d|3[01]|0?[1-9]|二?十[一二三四五六七八九]?|三十一?|[一二三四五六七八九])\s*[日号]?"
    r"(?![\d次个篇条天场遍页本轮十])"
)
_MONTH_DAY_ZH = re.compile(
    r"(?P<which>下个?月|本月|这个?月)?(?:的)?(?<!\d)(?P<d>[12]\d|3[01]|0?[1-9]|二?十[一二三四五六七八九]?|三十一?|[一二三四五六七八九])\s*[号](?![线楼店码位桌房门馆])"
    r"|(?P<which2>下个?月|本月|这个?月)(?P<d2>[12]\d|3[01]|[1-9]|二?十[一二三四五六七八九]?)\s*日"
)
_END_ZH = re.compile(
    r"(?P<which>下个?|本|这个?)?(?P<unit>月底|月末|月中|月初|年底|年末|月(?:的)?最后一天)(?:之?前)?"
)


def _rel_zh(match: re.Match[str], today: date) -> Day:
    on = today + timedelta(days=_AHEAD_ZH.get(match["day"][0], 0))
    part = match["part"] or ""
    cue = {"早": "早上", "晚": "晚上", "夜": "晚上"}.get(part, "")
    meant = {"早": Part.MORNING, "晚": Part.EVENING, "夜": Part.EVENING}.get(part, Part.NONE)
    return Day(on, match.span(), cue=cue, part=meant)


def _past_zh(match: re.Match[str], today: date) -> Day:
    words = match.group(0)
    ahead = -2 if words.startswith("前天") else -3 if words.startswith("大") else -1
    if match["wd"]:
        wanted = "一二三四五六日".find(match["wd"].replace("天", "日").replace("末", "六"))
        return replace(build_weekday(wanted, today, match.span(), weeks=-1), past=True)
    return Day(today + timedelta(days=ahead), match.span(), past=True)


def _week_zh(match: re.Match[str], today: date) -> Day:
    which = match["which"] or ""
    weeks = 2 if which.startswith("下下") else 1 if which.startswith("下") else 0 if which else None
    word = match["wd"]
    if word in ("末", "六日"):
        if match["before"]:
            return build_weekday(4, today, match.span(), weeks=weeks or 0)
        return build_weekend(today, weeks or 0, match.span())
    wanted = int(word) - 1 if word.isdigit() else "一二三四五六日".find(word.replace("天", "日"))
    return build_weekday(wanted, today, match.span(), weeks=weeks)


def _bare_week_zh(match: re.Match[str], today: date) -> Day:
    which = match["which"]
    if match["month"]:
        return Day(None, match.span(), Kind.RANGE, ambiguous=True)
    weeks = 2 if which.startswith("下下") else 1 if which.startswith("下") else 0
    if match["where"]:
        return build_weekday(0 if match["where"] == "初" else 2, today, match.span(), weeks=weeks)
    return build_week(weeks, today, match.span())


def _date_zh(match: re.Match[str], today: date) -> Day | None:
    year = match["y"]
    named = None if year is None else today.year + (year == "明") if not year.isdigit() else int(year)
    return build_date(named, number(match["m"]), number(match["d"]), today, match.span())


def _month_day_zh(match: re.Match[str], today: date) -> Day | None:
    return build_of_month(
        number(match["d"] or match["d2"]), match["which"] or match["which2"] or "", today, match.span()
    )


def _end_zh(match: re.Match[str], today: date) -> Day:
    which, unit = match["which"] or "", match["unit"]
    if unit.startswith("年"):
        return Day(date(today.year, 12, 31), match.span())
    edge = {"初": "start", "中": "middle"}.get(unit[1], "end")
    return build_edge(edge, today, match.span(), following=which.startswith("下"))


READERS: tuple[Reader, ...] = (
    (_PAST_ZH, _past_zh),
    (_DATE_ZH, _date_zh),
    (_MONTH_DAY_ZH, _month_day_zh),
    (_END_ZH, _end_zh),
    (_REL_ZH, _rel_zh),
    (_WEEK_ZH, _week_zh),
    (_BARE_WEEK_ZH, _bare_week_zh),
)
