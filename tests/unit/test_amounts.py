"""Amounts as people write them, in both languages."""

from __future__ import annotations

import pytest

from coaching.amounts import list_amounts, read_amount, say_amount


@pytest.mark.parametrize(
    ("words", "amount"),
    [
        ("3万", 30_000),
        ("30k", 30_000),
        ("12,000", 12_000),
        ("两万五", 25_000),
        ("一万二", 12_000),
        ("1.5万", 15_000),
        ("3万5", 35_000),
        ("三万五千", 35_000),
        ("一百二十万", 1_200_000),
        ("十二万", 120_000),
        ("两千五", 2_500),
        ("一万零五百", 10_500),
        ("一万零五", 10_005),
        ("大概存了 30w 吧", 300_000),
        ("八千左右", 8_000),
        ("一个月八千", 8_000),
        ("１２，０００ 元", 12_000),
        ("about $4,500.50 a month", 4_500.5),
        ("1.2 million", 1_200_000),
        ("twenty five thousand", 25_000),
        ("two thousand five hundred", 2_500),
        ("120 thousand", 120_000),
        ("80K", 80_000),
        ("¥8000", 8_000),
        ("零", 0),
        ("0", 0),
        ("万一出事，我还有五万", 50_000),
    ],
)
def test_an_amount_is_read_as_it_is_written(words: str, amount: float) -> None:
    assert read_amount(words) == amount


@pytest.mark.parametrize("words", ["不知道", "够用", "万一呢", "三个月", "两年", "enough", "6 months", ""])
def test_what_is_no_amount_is_none(words: str) -> None:
    assert read_amount(words) is None


def test_several_amounts_are_kept_apart_and_are_no_single_one() -> None:
    assert list_amounts("30万 1万2 8000") == (300_000, 12_000, 8_000)
    assert list_amounts("existing 80k, 4,000 a month, 3000 would do") == (80_000, 4_000, 3_000)
    assert read_amount("两万到三万") is None


def test_an_amount_is_said_with_its_thousands_and_a_decimal_where_there_is_one() -> None:
    assert [say_amount(value) for value in (300_000.0, 37.5, 25.0)] == ["300,000", "37.5", "25"]
