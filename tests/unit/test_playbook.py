"""The playbook's own rules, checked on every entry."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator

import pytest

from prompts import Frame, Playbook, PlaybookQuestion, PlaybookStep, load_playbook
from prompts.playbook_data import STAGES, THEMES, Entry

HAN = re.compile(r"[一-鿿]")


@pytest.fixture(scope="module")
def playbook() -> Playbook:
    return load_playbook()


def entries(playbook: Playbook) -> Iterator[Entry]:
    for theme in playbook.themes.values():
        yield from theme.frames
        yield from theme.questions
        yield from theme.steps


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


@pytest.mark.parametrize("name", THEMES)
def test_every_theme_has_frames_questions_and_steps_to_last(playbook: Playbook, name: str) -> None:
    theme = playbook.themes[name]
    assert len(theme.frames) >= 10
    assert sum(not (f.cues_zh or f.cues_en) for f in theme.frames) >= 3, "some frames must fit anything"
    assert len(theme.questions) >= 12
    for stage in STAGES:
        assert sum(step.stage == stage for step in theme.steps) >= 3, f"too few {stage} steps"


def test_no_key_and_no_text_stands_twice(playbook: Playbook) -> None:
    every = list(entries(playbook))
    for values in ([e.key for e in every], [e.zh for e in every], [e.en for e in every]):
        assert len(values) == len(set(values))


def test_each_language_holds_its_own_words(playbook: Playbook) -> None:
    for entry in entries(playbook):
        assert HAN.search(entry.zh), entry.key
        assert not HAN.search(entry.en), entry.key


def test_a_frame_quotes_once_in_the_marks_of_its_language_and_asks_nothing(playbook: Playbook) -> None:
    for frame in (e for e in entries(playbook) if isinstance(e, Frame)):
        assert frame.zh.count("「{q}」") == 1, frame.key
        assert frame.en.count("“{q}”") == 1, frame.key
        assert fields(frame.zh) == fields(frame.en) == {"q"}
        assert not re.search(r"[?？]", frame.zh + frame.en), frame.key
        # quote marks are for the person's words only
        assert not re.search(
            r"[「」“”\"『』]", frame.zh.replace("「{q}」", "") + frame.en.replace("“{q}”", "")
        )


def test_a_question_is_one_open_question(playbook: Playbook) -> None:
    wh_zh = re.compile(r"什么|怎么|如何|哪|谁|多少|几(?!乎)|何时|啥|怎样|多[大小久远]|说说|讲讲")
    wh_en = re.compile(r"\b(what|how|which|where|when|who|whom|whose)\b", re.IGNORECASE)
    for question in (e for e in entries(playbook) if isinstance(e, PlaybookQuestion)):
        assert re.findall(r"[?？]", question.zh) == ["？"], question.key
        assert question.en.count("?") == 1, question.key
        assert (question.zh[-1], question.en[-1]) == ("？", "?"), question.key
        assert wh_zh.search(question.zh), question.key
        assert wh_en.search(question.en), question.key
        assert not re.search(r"为什么|还是|是不是|有没有|吗？", question.zh), question.key
        assert not re.search(r"\bwhy\b", question.en, re.IGNORECASE), question.key
        assert not fields(question.zh) | fields(question.en), question.key


def test_a_step_says_when_how_long_and_what_will_be_there(playbook: Playbook) -> None:
    allowed = {"when", "minutes", "thing", "person"}
    for step in (e for e in entries(playbook) if isinstance(e, PlaybookStep)):
        assert step.stage in STAGES, step.key
        assert 5 <= step.minutes <= 25, step.key
        for language in ("zh", "en"):
            for body in (step.says(language), step.word("smaller", language)):
                assert {"when", "minutes"} <= fields(body) <= allowed, (step.key, body)
                assert not re.search(r"[?？「」“”\"]", re.sub(r"‹[^›]*›", "", body)), (step.key, body)
            assert "{minutes}分钟" in step.zh, step.key
            assert "{minutes} minutes" in step.en, step.key
            for name in ("done", "if_then", "smaller"):
                assert step.word(name, language), (step.key, name)
        assert re.match(r"(如果|要是|一旦|万一).+就", step.if_then_zh), step.key
        assert re.match(r"(If|When|Once) .+, then ", step.if_then_en), step.key
        assert not re.search(r"[。.]$", step.done_zh + step.done_en), step.key


def test_no_entry_praises_pushes_or_lists(playbook: Playbook) -> None:
    banned = re.compile(
        r"你(?:就)?(?:应该|必须|一定要|不该)|加油|太棒|首先|其次|打卡|说好的|又没"
        r"|\byou (?:should|must|need to|have to|ought to)\b|\bstreak\b|well done|first,.*second,",
        re.IGNORECASE,
    )
    for entry in entries(playbook):
        assert not banned.search(entry.zh + " " + entry.en), entry.key
