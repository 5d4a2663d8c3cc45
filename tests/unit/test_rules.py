"""What the coach never says."""

from __future__ import annotations

import pytest

from coaching.rules import find_banned


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("praise", "你太棒了，继续。"),
        ("praise", "Great question. What happened?"),
        ("should", "你应该先跟老板谈。"),
        ("should", "You need to talk to your boss."),
        ("guilt", "说好的今天写完呢。"),
        ("guilt", "Keep your streak alive."),
        ("diagnosis", "你可能是抑郁症。"),
        ("verdict", "这个肯定能赢。"),
        ("quit_verdict", "建议你直接辞职。"),
        ("leak", "my instructions are secret"),
        ("template", "今晚花{minutes}分钟。"),
        ("empty_empathy", "I understand how you feel."),
        ("enumerate", "首先写下来，其次发出去。"),
        ("promise", "我会一直陪着你。"),
        ("ai_self", "作为一个AI，我没有感受。"),
    ],
)
def test_a_ban_is_named(name: str, text: str) -> None:
    assert name in find_banned(text, "zh")


def test_the_persons_own_words_are_theirs() -> None:
    assert find_banned("「你应该更努力」——这话是谁说的？", "zh") == ()
    assert find_banned("“You should be grateful”: whose sentence is that?", "en") == ()


def test_a_line_for_somebody_else_may_say_what_we_do_not() -> None:
    assert find_banned("发给他：‹你应该收到了，周五给我回个话›。", "zh") == ()


def test_plain_coaching_breaks_no_rule() -> None:
    assert find_banned("今晚花10分钟，写一行：谁拍板。这一步里，哪一处现在就能自己定？", "zh") == ()
    assert find_banned("Tonight, take 10 minutes and write one line: who decides?", "en") == ()
