"""Forgotten words are in no byte of a SQLite home, and redaction holds for whatever a person may write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from coaching.effects import (
    AddCommitment,
    AddGoal,
    AddRecord,
    ChangeRecord,
    ForgetMessages,
    MarkCommitment,
    SetDialogue,
)
from coaching.model import CommitmentStatus, Lens, Piece, Safety
from coaching.parts import QUOTED, Choice, Draft, NextStep, Past, Quote, Reflection, ReplyKind
from memory.erase import forget_messages, scrub
from memory.erasing.redaction import GONE, Kept, Redaction, Traces
from memory.erasing.words import locate_units, plain, read_units
from memory.sql.apply import apply
from memory.sql.inbox import list_pending, mark_failed
from memory.sql.journal import Journal
from memory.sql.outbox import Outgoing, queue
from memory.sql.rows import parts_json
from memory.sql.tables import CommitmentRow, TokensRow
from tests.conftest import FrozenClock
from tests.fakes.diarist import Diarist

CANARIES = ("鹦鹉螺鲲鹏", "Zarquonix", "😼квокка")


def forms(word: str) -> dict[str, bytes]:
    """A word as it may stand in a file."""
    escaped = json.dumps(word).strip('"')
    return {
        "UTF-8": word.encode(),
        "UTF-16 little-endian": word.encode("utf-16-le"),
        "UTF-16 big-endian": word.encode("utf-16-be"),
        "JSON-escaped": escaped.encode(),
        "JSON-escaped, capitals": escaped.upper().replace("\\U", "\\u").encode(),
        "in lower case": word.lower().encode(),
    }


def find_words(home: Path) -> list[str]:
    """Where in a home a canary is still alive."""
    found = []
    for path in sorted(home.rglob("*")):
        if path.is_file():
            raw = path.read_bytes()
            for word in CANARIES:
                found += [
                    f"{word} in {path.name}, {name}" for name, form in forms(word).items() if form in raw
                ]
    return found


class Canary:
    """A person who said a telling thing that went everywhere a word can go."""

    def __init__(self, journal: Journal, mei: Diarist) -> None:
        self.journal = journal
        self.mei = mei
        self.ids: list[int] = []

    async def sing(self, word: str, clock: FrozenClock) -> None:
        mei, today = self.mei, clock.now().date()
        words = f"周四中午找{word}聊报价，我怕{word} 又说不行。" + f"{word}是谁不重要。" * 400  # pages of it
        said = await mei.says(words, lenses=((Lens.RISK, 0.9),))
        self.ids.append(said)
        quote = f"周四中午找{word}聊报价"
        step = NextStep(
            text=f"今天午休，给{word}发一句话。", key="ask-1", body=f"给{word}发一句话", minutes=10,
            when="今天午休", cue="午休", due_on=today, done="发出去的那一条",
            if_then=f"如果{word} 又说不行，就写一行", smaller=f"给{word}写一行",
        )  # fmt: skip
        parts = (Reflection(f"「{quote}」——听着像一半已经走了。", (Quote(quote),)), step)
        reply = await mei.hears(*parts, to=said)
        await self._apply(
            AddCommitment(f"找{word}聊报价", today, cue=f"见{word}之后", if_then=step.if_then),
            AddCommitment(f"给{word}发一句话", today, origin=f"step:{reply}"),
            AddGoal(f"找{word}聊报价", success=f"我怕{word}"),
            AddRecord("try", f"try:{said}", {"what": Piece(quote, today, said)}),
            AddRecord("me", f"me:{said}", {"what": Piece(f"找{word}聊报价", today, commitment_id=1)}),
            SetDialogue("plan", {"stage": "when", "items": [{"text": f"找{word}聊报价"}], "queue": [word]}),
        )
        done = await self.mei.says(f"聊了，{word} 又说不行")
        self.ids.append(done)
        await self._apply(
            ChangeRecord(f"try:{said}", {"result": Piece(f"聊了，{word} 又说不行", today, done)}, ends=True)
        )
        async with self.journal.read() as db:
            rows = await db.scalars(CommitmentRow.__table__.select().with_only_columns(CommitmentRow.id))
        await self._apply(*(MarkCommitment(n, CommitmentStatus.DONE, f"聊了，{word} 又说不行") for n in rows))
        later = await mei.says("今天还行")
        past = Past(
            f"4月1日你写过「我怕{word} 又说不行」。",
            (Quote(f"我怕{word} 又说不行", said, today),),
            f"m{said}",
        )
        reply = await mei.hears(Reflection("「今天还行」，收到了。", (Quote("今天还行"),)), past, to=later)
        async with self.journal.begin() as tx:
            tx.db.add(TokensRow(message_id=reply, user_id=mei.user_id, digest="d", asks=0, words=word))
            tx.db.add(TokensRow(message_id=said, user_id=mei.user_id, digest="d", asks=0, words=word * 900))
            nudge = {
                "text": f"今天定的是「找{word}聊报价」。",
                "choices": [{"label": f"1. 找{word}", "data": "x"}],
            }
            await queue(
                tx, Outgoing(f"nudge:{said}", "terminal", 0, mei.user_id, "checkin", nudge, mei.user_id)
            )
            await tx.commit()
        await self._die(word)

    async def _apply(self, *effects: Any) -> None:  # noqa: ANN401  # effects
        async with self.journal.begin() as tx:
            for effect in effects:
                await apply(tx, self.mei.turn(), effect)
            await tx.commit()

    async def _die(self, word: str) -> None:
        """An update that failed three times: its raw JSON is kept, and the message stored."""
        number = await self.mei.sends(f"{word}？")
        (pending,) = await list_pending(self.journal, 0, self.mei.user_id)
        async with self.journal.begin() as tx:
            await mark_failed(tx, pending.seq, why="ValueError", tries=1)
            said = await tx.record_said(
                self.mei.turn(f"{word}？"), origin=f"u0:{number}", safety=Safety.UNSURE
            )
            await tx.commit()
        assert said is not None
        self.ids.append(said)


@pytest.fixture
async def canary(sqlite_engine: AsyncEngine, clock: FrozenClock, tmp_path: Path) -> Canary:
    journal = Journal(sqlite_engine, clock)
    canary = Canary(journal, await Diarist.welcome(journal))
    await canary.mei.says("这一句留着")
    for word in CANARIES:
        await canary.sing(word, clock)
    await canary.mei.says("这一句也留着")
    assert len({line.split(" in ")[0] for line in find_words(tmp_path)}) == len(CANARIES)
    return canary


async def test_after_forgetting_messages_one_by_one_no_byte_of_the_home_holds_their_words(
    canary: Canary, tmp_path: Path
) -> None:
    for message_id in canary.ids:
        async with canary.journal.begin() as tx:
            await forget_messages(tx, canary.mei.user_id, ids=[message_id])
            await tx.commit()
    assert await scrub(canary.journal.engine)
    assert find_words(tmp_path) == []
    left = [
        m.text
        for m in (await canary.journal.load_scene(canary.mei.user_id, canary.journal.clock.now())).recent
    ]
    assert "这一句也留着" in left
    await canary.journal.engine.dispose()
    assert find_words(tmp_path) == []


async def test_after_forgetting_a_day_no_byte_of_the_home_holds_its_words(
    canary: Canary, clock: FrozenClock, tmp_path: Path
) -> None:
    today = canary.mei.turn().today
    async with canary.journal.begin() as tx:
        await apply(tx, canary.mei.turn(), ForgetMessages(since=today, until=today))
        await tx.commit()
    assert await scrub(canary.journal.engine)
    assert find_words(tmp_path) == []


async def test_after_forgetting_a_person_no_byte_of_the_home_holds_their_words(
    canary: Canary, tmp_path: Path
) -> None:
    other = await Diarist.welcome(canary.journal, "other")
    await other.says("这一句是别人的")
    async with canary.journal.begin() as tx:
        await apply(tx, canary.mei.turn(), ForgetMessages(all_of_it=True))
        await tx.commit()
    assert await scrub(canary.journal.engine)
    assert find_words(tmp_path) == []
    assert (tmp_path / "offramp.db-wal").stat().st_size == 0
    assert "这一句是别人的".encode() in (tmp_path / "offramp.db").read_bytes()


# --- redaction, whatever is written -----------------------------------------------------------------------

# What a regex would trip over, both scripts, emoji, spacing; the house's quote marks never stand in a quote.
LETTERS = st.one_of(
    st.sampled_from(".*+?^${}()|[]\\/'\"&<>%_ \t0123456789abcABCßİΣé鹦鹉螺我有点怕的周报…，。😼"),
    st.characters(exclude_categories=["Cs"], exclude_characters="「」“”"),
)
WORDS = st.text(LETTERS, min_size=1, max_size=40).filter(plain)
# what the house says around a quote
AROUND = "——听着像一半已经走了。今天先碰哪一小块？"


def marked(words: str) -> list[str]:
    return [one or two for one, two in QUOTED.findall(words)]


@given(words=st.text(LETTERS, max_size=80))
def test_units_are_found_where_they_stand(words: str) -> None:
    units = read_units(words)
    spans = list(locate_units(words, units))
    assert {" ".join(words[start:end].casefold().split()) for start, end in spans} == units


@given(words=WORDS, before=WORDS, after=WORDS)
def test_a_quote_is_taken_out_whatever_it_is_made_of(words: str, before: str, after: str) -> None:
    source = f"{before}{words}{after}"
    reply = f"「{words}」{AROUND}"
    redaction = Redaction(Traces([source]), phrases=[words])
    redacted = redaction.of_text(reply)
    assert marked(redacted) == [GONE]
    assert redaction.of_text(redacted) == redacted
    assert redaction.of_json({"a": [{"body": words, "message_id": 7}, 1, None]}) == {
        "a": [{"body": GONE, "message_id": 7}, 1, None]
    }


@given(words=WORDS, before=WORDS, after=WORDS)
def test_a_quote_that_nobody_noted_down_is_taken_out_as_well(words: str, before: str, after: str) -> None:
    redaction = Redaction(Traces([f"{before}{words}{after}"]))
    assert marked(redaction.of_text(f"“{words}”{AROUND}")) == [GONE]


@given(words=WORDS, data=st.data())
def test_overlapping_quotes_are_both_taken_out(words: str, data: st.DataObject) -> None:
    ends = st.integers(0, len(words))
    quotes = []
    for _ in range(2):
        start, end = sorted((data.draw(ends), data.draw(ends)))
        assume(plain(words[start:end]))
        quotes.append(words[start:end])
    redaction = Redaction(Traces([words]), phrases=quotes)
    reply = f"「{quotes[0]}」和「{quotes[1]}」{AROUND}"
    assert marked(redaction.of_text(reply)) == [GONE, GONE]


@given(words=WORDS, same=WORDS)
def test_words_that_are_still_said_stay_and_the_known_quote_goes(words: str, same: str) -> None:
    assume(plain(words) not in plain(same) and plain(same) not in plain(words))
    traces = Traces([f"{words}，{same}"])
    kept = Redaction(traces, kept=Kept.of([f"。{same}。"]))
    assert marked(kept.of_text(f"「{same}」{AROUND}")) == [same]
    known = Redaction(traces, kept=Kept.of([f"。{same}。"]), phrases=[same])
    assert marked(known.of_text(f"「{same}」{AROUND}")) == [GONE]


@given(words=WORDS)
def test_what_the_house_says_by_itself_stays(words: str) -> None:
    assume(plain(words) not in plain(AROUND))
    redaction = Redaction(Traces([words]), phrases=[words])
    assert redaction.of_text(f"「{words}」{AROUND}").endswith(AROUND)


@given(words=WORDS, gone=st.integers(1, 9))
def test_redacting_parts_keeps_their_shape(words: str, gone: int) -> None:
    past = Past(f"「{words}」", (Quote(words, gone),), f"m{gone}")
    draft = Draft(
        ReplyKind.TURN, "zh", (past,), lenses=(Lens.RISK,), choices=(Choice("做了", "plan:done:1"),)
    )
    raw = json.loads(json.dumps(parts_json(draft)))
    redacted = Redaction(Traces([words]), phrases=[words], gone=[gone]).of_json(raw)
    (part,) = redacted["parts"]
    assert (part["type"], part["key"], part["text"]) == ("Past", "", f"「{GONE}」")
    assert part["quotes"] == [{"text": GONE, "message_id": None, "said_on": None, "commitment_id": None}]
    assert redacted["lenses"] == ["risk"]
    assert redacted["choices"][0]["data"] == "plan:done:1"


@pytest.mark.parametrize(
    ("words", "reply", "redacted"),
    [
        # a short phrase of everybody's words goes only where it is quoted
        ("好", "「好」——好，先这样。", "「…」——好，先这样。"),
        # and never out of the middle of a longer word
        ("Zarq", "“Zarq”: Zarqon and Zarq", "“…”: Zarqon and …"),
        # as a door may have escaped it
        ("A & B <鹦鹉螺>", "<b>A &amp; B &lt;鹦鹉螺&gt;</b>", "<b>…</b>"),
        # a run is widened to all that stands together in the message
        ("把鹦鹉螺的周报写完", "今晚，花20分钟，鹦鹉螺的周报。", "今晚，花20分钟，…。"),
        (
            "I might be too tired for it",
            "If i might be too tired for it, then 5 minutes.",
            "If …, then 5 minutes.",
        ),
    ],
)
def test_redaction_by_example(words: str, reply: str, redacted: str) -> None:
    assert Redaction(Traces([words]), phrases=[words]).of_text(reply) == redacted
