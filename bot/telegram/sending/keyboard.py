"""Inline keyboards: short labels side by side, long ones alone."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.telegram.sending.units import columns, shortened, without_surrogates

log = logging.getLogger(__name__)

LONGEST_DATA = 64  # bytes, Telegram's own bound
WIDEST_LABEL = 56  # columns; a phone cuts what is longer
WIDEST_ROW = 34  # columns that the labels of one row share on a narrow phone
MOST_IN_ROW = 3


def build_keyboard(choices: Iterable[tuple[str, str]]) -> InlineKeyboardMarkup | None:
    """Buttons from ``(label, data)``, in order, at most three in a row; None without any."""
    rows: list[list[InlineKeyboardButton]] = []
    for label, data in choices:
        if not label.strip() or not data or len(data.encode("utf-8", "replace")) > LONGEST_DATA:
            # one button less is better than a message that is refused
            log.warning("a button was left out: its data has %s characters", len(data))
            continue
        button = InlineKeyboardButton(
            shortened(without_surrogates(label.strip()), WIDEST_LABEL), callback_data=data
        )
        if rows and _has_room(rows[-1], button):
            rows[-1].append(button)
        else:
            rows.append([button])
    return InlineKeyboardMarkup(rows) if rows else None


def _has_room(row: list[InlineKeyboardButton], button: InlineKeyboardButton) -> bool:
    """Telegram gives all buttons of a row the same width."""
    widest = max(columns(other.text) for other in (*row, button))
    return len(row) < MOST_IN_ROW and widest * (len(row) + 1) <= WIDEST_ROW
