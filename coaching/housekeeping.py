"""Settings, privacy, export and forgetting: the commands that are about the tool, not the person."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

from coaching.effects import (
    ChangeSettings,
    Effect,
    EndDialogue,
    ForgetMessages,
    SendExport,
    SetDialogue,
    UndoImport,
)
from coaching.hours import find_moved_hour
from coaching.parts import Choice, Draft, Part, Quote, ReplyKind, Said
from coaching.recalling import whole_or_best
from coaching.when import read_moment
from prompts import load_pattern, load_toml, text

if TYPE_CHECKING:
    from coaching.model import Dialogue, Scene, Turn, User
    from coaching.ports import SceneReader
    from coaching.thinking import Thinking

FORGET = "forget"
SHORT = 12  # characters: a longer line is no answer to "shall it go?"
ALL = load_pattern("housekeeping.all")
LAST = load_pattern("housekeeping.last")
YES = load_pattern("housekeeping.yes")


@dataclass(frozen=True, slots=True)
class About:
    """What this installation can say of itself."""

    home: str = "~"
    model: str = ""
    door: str = "terminal"
    country: str | None = None


def info(turn: Turn, key: str, *effects: Effect, **values: object) -> Draft:
    """A plain answer."""
    return Draft(ReplyKind.INFO, turn.language, (Said(text(key, turn.language, **values)),), effects=effects)


def show_privacy(turn: Turn, scene: Scene, about: About) -> Draft:
    """What is stored where, in a dozen lines."""
    on = bool(about.model) and scene.user.model_on
    model = (
        text("privacy.model_on", turn.language, model=about.model)
        if on
        else text("privacy.model_off", turn.language)
    )
    return info(turn, "privacy.body", home=about.home, model=model)


def open_settings(turn: Turn, scene: Scene, *, model: str = "") -> Draft:
    """``/settings`` alone shows them; ``/settings NAME VALUE`` changes one."""
    words = turn.text.split(maxsplit=1)
    if len(words) < 2:
        return _show(turn, scene.user, model) if not words else info(turn, "settings.unknown", name=words[0])
    name, value = words[0].lower(), words[1].strip()
    match name:
        case "zone" | "时区":
            return _zone(turn, value)
        case "evening" | "晚上":
            return _evening(turn, scene.user, value)
        case "days" | "哪几天":
            days = "".join(sorted(set(value)))
            if not re.fullmatch(r"[1-7]+", days):
                return info(turn, "settings.wrong_days", value=value)
            return _changed(turn, name, days, days=days)
        case "quiet" | "安静":
            return _quiet(turn, scene.user, value)
        case "language" | "语言":
            wanted = {"中文": "zh", "chinese": "zh", "英文": "en", "english": "en"}.get(
                value.lower(), value.lower()
            )
            if wanted not in ("zh", "en"):
                return info(turn, "settings.wrong_language")
            return _changed(turn, name, wanted, language=wanted)
        case "model" | "模型":
            on = value.lower() in ("on", "开", "yes")
            return _changed(turn, name, text(f"settings.{'on' if on else 'off'}", turn.language), model_on=on)
        case "country" | "国家":
            return _changed(turn, name, value.upper()[:2], country=value.upper()[:2])
    return info(turn, "settings.unknown", name=name)


def _changed(turn: Turn, name: str, shown: str, **values: object) -> Draft:
    return info(turn, "settings.changed", ChangeSettings(values), name=name, value=shown)


def _zone(turn: Turn, value: str) -> Draft:
    known = {zone.lower(): zone for zone in available_timezones()}
    cities = {
        zone.rpartition("/")[2].lower().replace("_", " "): zone
        for zone in available_timezones()
        if "/" in zone
    }
    named = load_toml("playbook/cities.toml")["zones"]
    low = value.lower()
    zone = known.get(low) or named.get(low) or cities.get(low)
    if zone is None:
        return info(turn, "settings.wrong_zone", value=value)
    ZoneInfo(zone)
    return _changed(turn, "zone", zone, zone=zone)


def _evening(turn: Turn, user: User, value: str) -> Draft:
    wanted = read_time(value, turn)
    if wanted is None:
        return info(turn, "settings.wrong_time", value=value)
    changed = _changed(turn, "evening", wanted.strftime("%H:%M"), evening=wanted)
    return _say_moved(turn, changed, replace(user, evening=wanted))


def _say_moved(turn: Turn, changed: Draft, user: User) -> Draft:
    """An hour inside quiet hours is moved out of them, and that is said when either is chosen."""
    moved = find_moved_hour(user)
    if moved is None:
        return changed
    note = text(
        "settings.in_quiet",
        turn.language,
        evening=f"{user.evening:%H:%M}",
        quiet=f"{user.quiet_from:%H:%M}-{user.quiet_to:%H:%M}",
        moved=f"{moved:%H:%M}",
    )
    return replace(changed, parts=(*changed.parts, Said(note)))


def read_time(value: str, turn: Turn) -> time | None:
    """A clock time as people write it: 21:30, 9pm, 晚上九点半."""
    if re.fullmatch(r"\d{1,2}", value) and int(value) < 24:
        return time(int(value))
    return read_moment(value, turn.now).at


def _quiet(turn: Turn, user: User, value: str) -> Draft:
    ends = [read_time(end.strip(), turn) for end in re.split(r"\s*(?:-|–|—|~|到|至|to)\s*", value)]
    if len(ends) != 2 or ends[0] is None or ends[1] is None:
        return info(turn, "settings.wrong_quiet", value=value)
    shown = f"{ends[0]:%H:%M}-{ends[1]:%H:%M}"
    changed = _changed(turn, "quiet", shown, quiet_from=ends[0], quiet_to=ends[1])
    return _say_moved(turn, changed, replace(user, quiet_from=ends[0], quiet_to=ends[1]))


def _show(turn: Turn, user: User, model: str) -> Draft:
    language = turn.language
    paused = user.paused_until is not None and user.paused_until > turn.now
    days = (
        text("settings.all_days", language)
        if len(user.days) == 7
        else "".join(str(day) for day in sorted(user.days))
    )
    return info(
        turn,
        "settings.show",
        language=user.language,
        zone=user.zone,
        evening=user.evening.strftime("%H:%M"),
        days=days,
        quiet=f"{user.quiet_from:%H:%M}-{user.quiet_to:%H:%M}",
        reminders=text(f"settings.{'off' if paused else 'on'}", language),
        model=model or text("settings.model_none", language),
    )


def export(turn: Turn) -> Draft:
    """Everything, as a file; the door adds where it is."""
    return Draft(ReplyKind.INFO, turn.language, (), effects=(SendExport(),))


async def open_forget(turn: Turn, thinking: Thinking) -> Draft:
    """``/forget WHAT``: says what would go and asks once."""
    words = turn.text.strip()
    language = turn.language
    reader = thinking.team.scenes
    if not words:
        return info(turn, "forget.usage")
    if ALL.match(words):
        count = await reader.count_messages(turn.user_id)
        return _confirm(turn, {"all": True}, Said(text("forget.confirm_all", language, count=count)))
    if words.lower() == "import":
        return _confirm(turn, {"import": True}, Said(text("forget.confirm_import", language)))
    if days := re.findall(r"\d{4}-\d{2}-\d{2}", words):
        return await _span(turn, reader, days[0], days[-1])
    if LAST.match(words):
        message = await reader.find_last_said(turn.user_id)
    elif re.fullmatch(r"#?\d+", words):
        message = await reader.find_message(turn.user_id, int(words.lstrip("#")))
    else:
        return info(turn, "forget.wrong")
    if message is None:
        return info(turn, "forget.not_found", id=words.lstrip("#"))
    thinking.messages[message.id] = message.text
    quote = whole_or_best(message.text, "", message.id)
    part = Said(
        text("forget.confirm_one", language, q=quote.text),
        "",
        (Quote(quote.text, message.id, message.said_on),),
    )
    return _confirm(turn, {"ids": [message.id]}, part)


async def _span(turn: Turn, reader: SceneReader, first: str, last: str) -> Draft:
    try:
        since, until = sorted((date.fromisoformat(first), date.fromisoformat(last)))
    except ValueError:
        return info(turn, "forget.wrong")
    count = len(await reader.list_messages(turn.user_id, since=since, until=until, limit=100_000))
    said = Said(text("forget.confirm_span", turn.language, since=since, until=until, count=count))
    return _confirm(turn, {"since": since.isoformat(), "until": until.isoformat()}, said)


def _confirm(turn: Turn, state: dict[str, object], part: Part) -> Draft:
    choices = tuple(
        Choice(text(f"choice.{name}", turn.language), f"forget:{name[7:]}")
        for name in ("forget_yes", "forget_no")
    )
    return Draft(
        ReplyKind.INFO, turn.language, (part,), choices=choices, effects=(SetDialogue(FORGET, state),)
    )


def answer_forget(turn: Turn, dialogue: Dialogue) -> Draft | None:
    """Yes erases; anything else leaves everything as it is; what is no answer is answered itself."""
    if turn.tap != "forget:yes" and not YES.match(turn.text.strip()):
        return info(turn, "forget.kept", EndDialogue()) if len(turn.text) <= SHORT else None
    state = dialogue.state
    effect: Effect
    if state.get("import"):
        effect = UndoImport()
    elif state.get("all"):
        effect = ForgetMessages(all_of_it=True)
    elif "ids" in state:
        effect = ForgetMessages(ids=tuple(state["ids"]))
    else:
        effect = ForgetMessages(
            since=date.fromisoformat(state["since"]), until=date.fromisoformat(state["until"])
        )
    return Draft(ReplyKind.INFO, turn.language, (), effects=(EndDialogue(), effect))
