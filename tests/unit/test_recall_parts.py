"""The small parts of recall: windows, words, pieces, shelves, settling."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coaching.model import Lens, Message, Role
from memory.recall.asking import read_question
from memory.recall.embedder import HASH, HashModel, load_model
from memory.recall.encoding import EncodeQueue, QueueClosed
from memory.recall.fitting import FLOOR
from memory.recall.fusion import Hit, search
from memory.recall.lexical import Postings
from memory.recall.packaged import check_packaged
from memory.recall.pieces import PIECE, cut_pieces
from memory.recall.prefixes import prefixes_for
from memory.recall.settling import settle
from memory.recall.shelf import Entry, Shelf
from memory.recall.tokens import cut, heading_words
from memory.recall.windows import lay_out

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TODAY = datetime(2026, 6, 1, tzinfo=UTC).date()


def entry(number: int, text: str, *, at: datetime = MONDAY, group: int = 0, mine: bool = True) -> Entry:
    made = cut(text)
    return Entry(
        message_id=number,
        said_at=at,
        said_on=at.date(),
        group=group,
        mine=mine,
        digest=text,
        words=made.words,
        asks=made.asks,
        vectors=HashModel().encode([text], query=False),
    )


def shelf_of(*texts: str, apart: timedelta = timedelta(days=1)) -> Shelf:
    shelf = Shelf(embedder="hash:256")
    for number, text in enumerate(texts):
        shelf.put(entry(number + 1, text, at=MONDAY + number * apart))
    return shelf


def find(shelf: Shelf, query: str, *, sense: bool = False, lenses: tuple[Lens, ...] = ()) -> list[Hit]:
    question = read_question(query, today=TODAY, lenses=lenses)
    if sense:
        question = replace(question, vector=HashModel().encode([query], query=True)[0], reads=1.0)
    allowed = np.ones(len(shelf), dtype=np.bool_)
    return search(shelf, question, None, allowed=allowed, limit=20)


def ids(hits: list[Hit], floor: float = FLOOR) -> list[int]:
    return [hit.message_id for hit in hits if hit.fit >= floor]


# --- windows ------------------------------------------------------------------------------------------------


def test_a_session_ends_after_hours_of_silence_and_at_another_import() -> None:
    hour = 3_600_000_000
    said_at = np.array([0, 1, 8, 9, 9], dtype=np.int64) * hour
    groups = np.array([0, 0, 0, 0, 7], dtype=np.int64)
    timeline = lay_out(said_at, np.arange(5), groups, np.ones(5, dtype=np.bool_))
    assert timeline.session.tolist() == [0, 0, 1, 1, 2]


def test_messages_that_arrive_late_are_put_in_their_place() -> None:
    timeline = lay_out(
        np.array([30, 10, 20], dtype=np.int64),
        np.array([1, 2, 3], dtype=np.int64),
        np.zeros(3, dtype=np.int64),
        np.array([True, True, False]),
    )
    assert timeline.rows.tolist() == [1, 0]
    assert timeline.place.tolist() == [1, 0, -1]


def test_what_a_neighbour_said_helps_to_find_a_message() -> None:
    shelf = shelf_of("How did the interview at the bakery go?", "Badly, they wanted weekends.", apart=MINUTE)
    shelf.put(entry(9, "Badly, they wanted weekends off the grid.", at=MONDAY + timedelta(days=9)))
    assert ids(find(shelf, "bakery interview"))[0] == 2  # the answer, not the question


def test_a_long_reply_that_ends_in_a_question_makes_no_answer_of_what_comes_next() -> None:
    reply = "The bakery interview, you said: " + " ".join(f"word{number}" for number in range(30))
    shelf = shelf_of(
        "The bakery wants an interview.", f"{reply}. Which day is free?", "My boss decides.", apart=MINUTE
    )
    assert ids(find(shelf, "bakery interview")) == [1, 2]


def test_the_window_follows_when_the_neighbour_goes() -> None:
    shelf = shelf_of("How did the bakery interview go?", "Badly, they wanted weekends.", apart=timedelta(0))
    shelf.take(1)
    assert ids(find(shelf, "bakery interview")) == []


# --- the shelf ----------------------------------------------------------------------------------------------


def test_putting_a_message_twice_changes_nothing() -> None:
    shelf = shelf_of("the prototype works")
    shelf.put(entry(1, "the prototype works"))
    assert (len(shelf), shelf.gone, shelf.count_vectors()) == (1, 0, 1)


def test_an_edited_message_is_found_by_its_new_words_only() -> None:
    shelf = shelf_of("I like the old office", "something else entirely")
    shelf.put(entry(1, "I like the new kitchen"))
    assert ids(find(shelf, "kitchen")) == [1]
    assert ids(find(shelf, "office")) == []
    assert shelf.count_vectors() == 2


def test_a_message_without_vector_is_found_by_its_words() -> None:
    shelf = shelf_of("the prototype works")
    made = cut("我想升职")
    shelf.put(
        Entry(
            message_id=2,
            said_at=MONDAY,
            said_on=MONDAY.date(),
            group=0,
            mine=True,
            digest="x",
            words=made.words,
            asks=0,
            vectors=np.empty((0, 0), dtype=np.float32),
        )
    )
    assert ids(find(shelf, "升职", sense=True))[0] == 2


@given(st.lists(st.tuples(st.integers(1, 6), st.sampled_from(["cat", "dog", "elephant", None])), max_size=30))
def test_whatever_was_put_and_taken_a_fresh_shelf_says_the_same(
    changes: list[tuple[int, str | None]],
) -> None:
    lived, last = Shelf(), dict[int, str]()
    for number, word in changes:
        if word is None:
            lived.take(number)
            last.pop(number, None)
        else:
            lived.put(entry(number, word, at=MONDAY + timedelta(days=number)))
            last[number] = word
    fresh = Shelf()
    for number, word in last.items():
        fresh.put(entry(number, word, at=MONDAY + timedelta(days=number)))
    for word in ("cat", "dog", "elephant"):
        one, other = find(lived, word, sense=True), find(fresh, word, sense=True)
        assert [(hit.message_id, round(hit.score, 4)) for hit in one] == [
            (hit.message_id, round(hit.score, 4)) for hit in other
        ]


def test_postings_count_what_they_hold() -> None:
    postings = Postings()
    assert postings.add(0, ["a", "b", "a", "=subject", "@m3"]) == 3
    assert postings.nbytes > 0


# --- searching ----------------------------------------------------------------------------------------------


def test_nothing_fits_when_nothing_was_said_about_it() -> None:
    shelf = shelf_of("the rent went up", "我今天跟老板谈了升职", "lunch with Anna")
    assert ids(find(shelf, "我的猫叫什么名字")) == []
    assert ids(find(shelf, "what is my dog called")) == []


def test_one_language_finds_the_other_by_subject() -> None:
    shelf = shelf_of("我今天跟老板谈了升职的事", "the rent went up", "周末去爬山了")
    hits = find(shelf, "promotion")
    assert ids(hits) == [1]
    assert hits[0].why == {"subject"}


def test_a_date_alone_finds_what_was_said_then() -> None:
    shelf = shelf_of("one", "two", "three", apart=timedelta(days=31))
    hits = find(shelf, "四月份我说了什么")
    assert ids(hits) == [2]
    assert hits[0].why == {"date"}


def test_a_lens_lifts_what_was_heard_through_it() -> None:
    shelf = shelf_of("the project is late", "the project is late again")
    shelf.take(1)
    made = entry(1, "the project is late")
    shelf.put(
        Entry(**{**{name: getattr(made, name) for name in Entry.__slots__}, "lenses": ((Lens.ENERGY, 1.0),)})
    )
    assert next(hit.message_id for hit in find(shelf, "project late", lenses=(Lens.ENERGY,))) == 1


def test_a_question_that_names_a_speaker_looks_at_what_they_said() -> None:
    shelf = Shelf()
    for number, speaker in enumerate(("Ann Lee", "Ben Ray", ""), 1):
        said = replace(
            entry(number, "The rent went up again."), heading=heading_words(f"chat.json > {speaker}")
        )
        shelf.put(said)
    headed = {
        hit.message_id: hit.legs["heading"] for hit in find(shelf, "What did Ben Ray and Ann say of the rent")
    }
    assert headed[2] > headed[1] > headed[3] == 0
    assert find(shelf, "the rent, said Ann Lee")[0].message_id == 1


def test_a_session_that_was_about_it_lifts_all_that_was_said_in_it() -> None:
    shelf = shelf_of(
        "The lighthouse lamp is lit.", *["And so on and on."] * 6, "We walked home.", apart=MINUTE
    )
    shelf.put(entry(20, "We walked home.", at=MONDAY + timedelta(days=9)))
    found = [hit.message_id for hit in find(shelf, "lighthouse walked")]
    assert found.index(8) < found.index(20)


def test_the_newest_counts_only_when_the_question_asks_for_now() -> None:
    shelf = shelf_of("my boss is Zhou", "my boss is He")
    assert next(hit.message_id for hit in find(shelf, "who is my boss now")) == 2
    assert "newest" not in find(shelf, "who was my boss")[0].legs


def test_the_coachs_words_stand_behind_the_persons() -> None:
    shelf = shelf_of("the treadmill feeling again")
    shelf.put(entry(2, "the treadmill feeling again", at=MONDAY + timedelta(days=3), mine=False))
    assert next(hit.message_id for hit in find(shelf, "treadmill")) == 1


# --- settling -----------------------------------------------------------------------------------------------


def message(number: int, text: str, *, days: int = 0, dated: bool = True) -> Message:
    at = MONDAY + timedelta(days=days)
    return Message(number, 1, Role.USER, text, "en", at, at.date(), dated=dated)


def hit(number: int, *, score: float = 1.0, fit: float = 0.9) -> Hit:
    return Hit(number, score, fit, 0.0, {}, frozenset())


def test_the_same_thing_said_twice_comes_once_and_is_the_newer() -> None:
    messages = {1: message(1, "I want to leave."), 2: message(2, "i want to leave", days=3)}
    assert [a.message.id for a in settle([hit(1), hit(2)], messages, limit=5)] == [2]


def test_a_not_or_a_number_makes_it_another_thing() -> None:
    said = ["I will quit", "I will not quit", "I saved 10", "I saved 20"]
    messages = {number: message(number, text) for number, text in enumerate(said)}
    hits = [hit(number, score=1.0 - number / 10) for number in messages]
    assert len(settle(hits, messages, limit=9)) == 4


def test_an_update_comes_before_what_it_updates() -> None:
    messages = {1: message(1, "my savings are 10000"), 2: message(2, "my savings are 15000 now", days=40)}
    found = settle([hit(1), hit(2, score=0.9)], messages, limit=5)
    assert [answer.message.id for answer in found] == [2, 1]


def test_an_undated_note_is_no_update() -> None:
    messages = {
        1: message(1, "my savings are 10000"),
        2: message(2, "my savings are 15000", days=40, dated=False),
    }
    found = settle([hit(1), hit(2, score=0.9)], messages, limit=5)
    assert [answer.message.id for answer in found] == [1, 2]


def test_what_may_not_be_shown_is_left_out() -> None:
    assert settle([hit(1), hit(2)], {}, limit=5) == []


# --- encoding -----------------------------------------------------------------------------------------------


def test_a_long_message_is_cut_at_its_sentences_and_loses_nothing() -> None:
    text = " ".join(f"Sentence number {number} is here." for number in range(100))
    pieces = cut_pieces(text, "Diary")
    assert len(pieces) > 1
    assert all(piece.startswith("Diary: ") and len(piece) <= PIECE + 10 for piece in pieces)
    assert " ".join(piece.removeprefix("Diary: ") for piece in pieces) == text


def test_a_chinese_character_takes_the_room_of_three_letters() -> None:
    assert len(cut_pieces("我今天很累。" * 60)) == 2


def test_an_empty_text_has_no_piece() -> None:
    assert cut_pieces("  \n") == ()


@given(st.text(max_size=3000))
def test_any_text_can_be_cut_into_pieces(text: str) -> None:
    assert all(piece.strip() for piece in cut_pieces(text))


@pytest.mark.parametrize(
    ("name", "query", "stored"),
    [
        ("intfloat/multilingual-e5-small", "query: ", "passage: "),
        ("BAAI/bge-m3", "", ""),
        ("BAAI/bge-small-en-v1.5", "Represent this sentence for searching relevant passages: ", ""),
        ("sentence-transformers/all-MiniLM-L6-v2", "", ""),
    ],
)
def test_a_model_gets_the_prefixes_its_card_asks_for(name: str, query: str, stored: str) -> None:
    assert (prefixes_for(name).query, prefixes_for(name).stored) == (query, stored)


def test_qwen_gets_an_instruction() -> None:
    assert prefixes_for("Qwen/Qwen3-Embedding-0.6B").query.startswith("Instruct: ")


def test_the_packaged_weights_are_the_published_ones() -> None:
    assert check_packaged() is None


def test_several_callers_share_a_batch_and_get_their_own_vectors() -> None:
    queue = EncodeQueue(load_model(HASH).model)
    waiting = [queue.submit([f"text {number}"], query=True) for number in range(50)]
    alone = HashModel()
    for number, coming in enumerate(waiting):
        expected = alone.encode([f"text {number}"], query=True)
        assert np.allclose(coming.result(), expected)
    queue.close()


def test_an_error_of_the_model_reaches_the_caller_and_not_the_next_one() -> None:
    class Moody(HashModel):
        def encode(self, texts: object, *, query: bool) -> object:  # type: ignore[override]
            if "boom" in texts:  # type: ignore[operator]
                raise ValueError("boom")
            return super().encode(texts, query=query)  # type: ignore[arg-type]

    queue = EncodeQueue(Moody())  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="boom"):
        queue.submit(["boom"], query=True).result()
    assert queue.submit(["fine"], query=True).result().shape == (1, 256)
    queue.close()


def test_what_comes_after_the_model_has_been_let_go_is_told_so() -> None:
    queue = EncodeQueue(HashModel())
    accepted = queue.submit(["one"], query=True)
    queue.close()
    assert accepted.result(timeout=5).shape == (1, 256)
    with pytest.raises(QueueClosed):
        queue.submit(["two"], query=True).result(timeout=5)


@pytest.mark.parametrize(
    ("asked", "looked_for"),
    [
        ("what did I say I wanted to move into?", {"move"}),
        ("what did I plan to read?", {"read"}),
        ("does Ann want to move?", {"ann", "want", "move"}),
    ],
)
def test_that_i_wanted_it_is_part_of_the_asking(asked: str, looked_for: set[str]) -> None:
    words = read_question(asked, today=TODAY).terms.weights
    assert {word for word in words if not word.startswith("=")} == looked_for
