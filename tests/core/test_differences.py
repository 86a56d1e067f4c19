"""What changed between two texts: nothing is lost, long texts end soon."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contest.core.differences import IN, OUT, SAME, Piece, differences, paragraphs, words


def test_words_within_a_sentence():
    assert words("Bà gánh hai thùng nước.", "Bà gánh ba thùng nước đầy.") == (
        Piece(SAME, "Bà gánh"),
        Piece(OUT, " hai"),
        Piece(IN, " ba"),
        Piece(SAME, " thùng nước"),
        Piece(IN, " đầy"),
        Piece(SAME, "."),
    )
    one = "Ông trồng keo trước, rồi mới trồng lim. Đến nay đã phủ xanh 42 héc-ta."
    other = "Ông trồng keo trước. Đến nay đã phủ xanh 46,5 héc-ta."
    assert [piece.text for piece in words(one, other) if piece.kind == OUT] == [", rồi mới trồng lim", " 42"]
    assert words("", "mới") == (Piece(IN, "mới"),)
    assert words("cũ", "") == (Piece(OUT, "cũ"),)


def test_unchanged_paragraphs_are_counted_and_not_shown():
    old = "\n\n".join(f"Đoạn {number}" for number in range(20))
    passages = differences(old, old.replace("Đoạn 10", "Khúc 10"))
    assert [passage.skipped for passage in passages] == [9, 0, 0, 0, 8]
    assert [passage.changed for passage in passages] == [False, False, True, False, False]
    assert differences(old, old)[0].skipped == 20


text = st.text("ab \n", max_size=60)


@given(text, text)
def test_both_texts_can_be_read_out_of_it(old, new):
    passages = differences(old, new, around=1000)
    if paragraphs(old) == paragraphs(new):
        assert sum(passage.skipped for passage in passages) == len(paragraphs(old))
        return
    pieces = [piece for passage in passages for piece in passage.pieces]
    before = "".join(piece.text for piece in pieces if piece.kind != IN)
    after = "".join(piece.text for piece in pieces if piece.kind != OUT)
    assert before == old.replace("\n\n", "")
    assert after == new.replace("\n\n", "")


@pytest.mark.parametrize("kind", ["one word", "one paragraph", "all alike", "shuffled", "nothing alike"])
def test_the_longest_texts_end_soon(kind):
    chance = random.Random(7)
    many = [f"từ{chance.randrange(400)}" for _ in range(20_000)]
    old, new = {
        "one word": ("a " * 60_000, "a " * 59_999 + "b"),
        "one paragraph": (" ".join(many), " ".join([*many[:9000], "x", *many[9000:]])),
        "all alike": ("\n\n".join(["a"] * 20_000), "\n\n".join(["a"] * 19_000)),
        "shuffled": (" ".join(many), " ".join(chance.sample(many, len(many)))),
        "nothing alike": ("\n\n".join(map(str, range(9000))), "\n\n".join(map(str, range(9000, 18000)))),
    }[kind]
    began = time.process_time()
    assert differences(old, new)
    assert time.process_time() - began < 60
