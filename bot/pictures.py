"""The picture of a review as a PNG: one card, readable on a phone in a light and in a dark chat."""

from __future__ import annotations

import io
import logging
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from coaching.figure import say_name
from prompts import text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

    from coaching.figure import Figure

# a font with Chinese in it, by the names under which systems install one
CJK_FONTS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN",
    "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "PingFang SC", "Hiragino Sans GB", "Heiti SC", "STHeiti",
    "Songti SC", "Arial Unicode MS", "Microsoft YaHei", "SimHei", "SimSun", "Droid Sans Fallback",
)  # fmt: skip
SIDE = 1080  # pixels
_DOTS = 150  # an inch
_PAPER, _INK, _FAINT = "#fbfaf6", "#22262e", "#8b8f98"  # its own paper, whatever the chat's colour
_ENDS = {"kept": "#2a7f62", "moved": "#e0a33a", "dropped": "#9aa0aa", "missed": "#e6e2d8"}
_LENSES = ("#2f5d9b", "#c0563b", "#7a5aa6", "#4f9a94")


@cache
def find_cjk_font() -> str | None:
    """The name of an installed font that has Chinese, or None. Blocking at first: it reads the font list."""
    from matplotlib import font_manager

    installed = sorted({font.name for font in font_manager.fontManager.ttflist})
    # some packages add a weight to the family's name
    return next((font for name in CJK_FONTS for font in installed if font.startswith(name)), None)


def draw_png(figure: Figure) -> bytes:
    """The picture, ``SIDE`` pixels square. Blocking: 0.3 s, and a second more for the first one.

    Without a font that has Chinese the labels are English, and ``offramp doctor`` says what to install.
    """
    logging.getLogger("matplotlib").setLevel(logging.WARNING)
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    font = find_cjk_font() if figure.language == "zh" else None
    if figure.language == "zh" and font is None:
        # dates and names alike
        figure = replace(figure, language="en", weeks=tuple(map(_digits, figure.weeks)))
    families = [name for name in (font, "DejaVu Sans") if name]
    with rc_context(
        {"font.family": families, "font.size": 15, "text.color": _INK, "axes.unicode_minus": False}
    ):
        inches = SIDE / _DOTS
        engine = ConstrainedLayoutEngine(w_pad=0.25, h_pad=0.2)  # inches
        canvas = Canvas(figsize=(inches, inches), dpi=_DOTS, facecolor=_PAPER, layout=engine)
        FigureCanvasAgg(canvas)
        panels = canvas.subplots(2 if figure.lenses else 1, 1, squeeze=False)[:, 0]
        _draw(panels[0], "figure.commitments", figure, figure.ends, _ENDS)
        if figure.lenses:
            colours = dict(zip(figure.lenses, _LENSES, strict=False))
            _draw(panels[1], "figure.lenses", figure, figure.lenses, colours)
        page = io.BytesIO()
        canvas.savefig(page, format="png")
    return page.getvalue()


def _digits(week: str) -> str:
    """3月30日 as 3/30."""
    return week.replace("年", "/").replace("月", "/").removesuffix("日")


def _draw(
    axes: Axes,
    title: str,
    figure: Figure,
    table: Mapping[str, tuple[int, ...]],
    colours: Mapping[str, str],
) -> None:
    """One panel of stacked bars with their counts on them, and a key that names only what is there."""
    places = range(len(figure.weeks))
    floor = [0] * len(figure.weeks)
    axes.set_facecolor(_PAPER)
    for name, counts in table.items():
        if not any(counts):
            continue
        label = say_name(name, figure.language)
        bars = axes.bar(places, counts, bottom=floor, width=0.62, color=colours[name], label=label)
        ink = _INK if colours[name] in (_ENDS["missed"], _ENDS["moved"]) else _PAPER
        axes.bar_label(
            bars, [str(count) if count else "" for count in counts], label_type="center", color=ink
        )
        floor = [low + count for low, count in zip(floor, counts, strict=True)]
    axes.set_title(text(title, figure.language), loc="left", fontsize=18, pad=12)
    axes.set_xticks(list(places), figure.weeks)
    axes.set_xlim(-0.6, max(3, len(figure.weeks)) - 0.4)
    axes.set_ylim(0, max(3, *floor) * 1.02)
    axes.set_yticks([])
    axes.tick_params(length=0, colors=_INK)
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_FAINT)
    if any(floor):
        axes.legend(
            loc="upper center",
            bbox_to_anchor=(0.5, -0.1),
            ncols=4,
            frameon=False,
            fontsize=13,
            handlelength=1,
        )
