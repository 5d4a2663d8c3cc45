"""Moments without a clock time: 午休, 送完孩子, after work. A cue says when it is over on its day."""

# ruff: noqa: E501  # a pattern is read as one piece
from __future__ import annotations

import re
from datetime import time

CUE = re.compile(
    r"早饭[前后]|早餐[前后]|午休(?:时|的时候|间)?|午饭[前后时]|午餐时?|吃完(?:早|午|晚)?饭(?:后|以后|之后)?|晚饭(?:后|前|之前|之后)?|饭后|饭前"
    r"|下班(?:后|路上|之后|以后|前|之前|回家)?|上班(?:前|路上|之前)|放学后|下课后|睡前|睡觉前|临睡前|起床(?:后|以后)|通勤(?:时|路上)?"
    r"|(?:站|周|例|早|晨|组)会(?:后|前|之后|之前)|会[前后]|(?:送完|接完|哄睡|开完|忙完|洗完|跑完|健身完|遛完|收工)(?:孩子|娃|会|步|澡|狗)?(?:后|以后|之后)?"
    r"|大清早|清早|清晨|一大早|一早|早上|早晨|上午|头午|晌午|中午|午后|下午茶(?:时间|时)?|下午|傍晚|黄昏|晚上|晚间|夜里|凌晨|深夜|现在|马上|立刻|稍后|晚点|一会儿|待会儿?|等下"
    r"|\b(?:(?:right )?(?:at|over|during|before|after) (?:my |the |our )?"
    r"(?:lunch(?: break|time)?|work|dinner|supper|breakfast|stand-?up|school(?: drop-?off| run| pick-?up)?|drop-?off|gym|bed(?:time)?"
    r"|coffee|class|call|meeting|shower|run|sunset|sunrise|close of business)"
    r"|(?:after|once|when) (?:the )?(?:kids?|baby|children) (?:are|is|go(?:es)? to) (?:asleep|in bed|bed|sleep)"
    r"|on (?:the|my) (?:commute|train|bus|way (?:home|to work))|lunch(?: ?break|time)?|first thing(?: in the morning)?|dinner ?time|bedtime|wind-?down"
    r"|before (?:I|we) (?:leave|log off|head (?:out|home))(?: work| the office)?|when (?:I|we) get (?:home|in|back)|noonish"
    r"|eod|cob|end of (?:the )?day|right now|straight away|later(?= today|$)"
    r"|(?:in the |at )?(?:early |late |mid-?)?(?:forenoon|(?:morning|afternoon|evening)s?|eve|night|midday))\b",
    re.IGNORECASE,
)

# until when a moment of today can still be meant
_OVER = (
    (re.compile(r"早|起床|上班前|晨|送完孩子|breakfast|morning|first thing|before work|drop-?off|sunrise", re.IGNORECASE), time(11, 30)),
    (re.compile(r"上午", re.IGNORECASE), time(12)),
    (re.compile(r"中午|晌午|午休|午饭|午餐|lunch|midday|noonish", re.IGNORECASE), time(15)),
    (re.compile(r"午后|下午|下班前|afternoon|before work ends|close of business|cob", re.IGNORECASE), time(18, 30)),
)  # fmt: skip


def is_over(cue: str, at: time) -> bool:
    """Whether the moment that a cue names lies before ``at`` on the same day."""
    return any(pattern.search(cue) and at >= end for pattern, end in _OVER)
