"""Near-copies: found among many without a false alarm, shown exactly, judged by a person."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from bench.vietnamese import Author, copied
from contest.core.db import db
from contest.core.errors import Refused
from contest.core.text import fold
from contest.entries import services as entries
from contest.screening import findings, near_copies, services
from contest.screening.models import Finding, Fingerprint, NearCopy
from contest.screening.queries import near_copies_of, unchecked
from contest.screening.rules import COMMON_LEAST, KEPT_MOST, SAMPLE_RATE, SHARE_LEAST
from contest.screening.shingles import Index, compare, fingerprint, from_bytes, sample_of, shared, to_bytes
from contest.screening.side_by_side import aligned, marked
from tests.conftest import START, VIETNAM
from tests.factories import make_contest, make_user
from tests.factories.entries import make_submitted, own, secretary_of

QUOTE = "Không có gì quý hơn độc lập, tự do. Đoàn kết, đoàn kết, đại đoàn kết; thành công, thành công, đại thành công."


def disguised(text: str, how: str) -> str:
    """`text` as somebody hides that it is copied."""
    if how == "marks":
        return fold(text)
    if how == "case":
        return text.upper()
    if how == "punctuation":
        return text.replace(".", " –").replace(",", "")
    if how == "order":
        parts = text.split("\n\n")
        random.Random(3).shuffle(parts)
        return "\n\n".join(parts)
    return text


@pytest.mark.parametrize("how", ["", "marks", "case", "punctuation", "order"])
def test_a_copied_third_is_found_however_it_is_disguised(how):
    author = Author(1)
    source, own_words = author.text(1500), author.text(1000)
    third = " ".join(source.split()[:500])
    text = own_words + "\n\n" + disguised(third, how)
    result = compare(source, text)
    assert 300 <= result.share <= 380
    assert shared(fingerprint(source), fingerprint(text)) > 0.25


def test_what_is_shared_is_shown_to_the_letter():
    one = "Sáng nay bà Tư dậy sớm. Con đò nhỏ đưa học trò sang sông mỗi ngày hai lượt, không lấy tiền. Hết."
    other = "Mở đầu khác hẳn.\n\nCON DO NHO ĐƯA HỌC TRÒ SANG SÔNG; mỗi ngày, hai lượt không lấy tiền – chuyện lạ."
    (passage,) = compare(one, other).passages
    assert one[slice(*passage.one)] == "Con đò nhỏ đưa học trò sang sông mỗi ngày hai lượt, không lấy tiền"
    assert other[slice(*passage.other)] == "CON DO NHO ĐƯA HỌC TRÒ SANG SÔNG; mỗi ngày, hai lượt không lấy tiền"
    assert passage.syllables == 15
    kept = [{"one": list(passage.one), "other": list(passage.other)}]
    (first, second) = marked(other, kept, "other")
    assert [(piece.text, piece.passage) for piece in first] == [("Mở đầu khác hẳn.", 0)]
    assert [piece.passage for piece in second] == [1, 0]
    (pair,) = aligned((one, other), kept)
    assert pair.one[1] == one[slice(*passage.one)]
    assert "".join(piece.text for paragraph in marked(one, kept, "one") for piece in paragraph) == one


@pytest.mark.parametrize("text", ["", "một", "một hai ba", "… – !", "a b c d"])
def test_short_texts_do_no_harm(text):
    assert len(fingerprint(text)) in {0, 1}
    assert compare(text, text).passages == ()
    assert shared(fingerprint(text), fingerprint("khác hẳn không giống gì")) == 0
    assert Index([1], [to_bytes(sample_of(fingerprint(text)))]).similar(sample_of(fingerprint(text)), without=1) == []


def test_a_fingerprint_depends_on_the_text_alone():
    text = Author(2).text(400)
    numbers = fingerprint(text)
    assert list(numbers) == sorted(set(map(int, numbers)))
    assert list(from_bytes(to_bytes(numbers))) == list(numbers)
    assert list(fingerprint(fold(text).upper())) == list(numbers)
    assert len(sample_of(numbers)) == pytest.approx(len(numbers) / SAMPLE_RATE, rel=0.6)
    # The same in every process and on every machine: kept fingerprints must stay comparable.
    assert [f"{int(number):016x}" for number in fingerprint("Người tốt việc tốt")] == [PINNED]


PINNED = "89112b4d50ab5407"


def test_among_many_every_copied_third_is_found_and_nothing_else():
    author, rng = Author(7), random.Random(7)
    texts = [author.text(rng.choice((300, 600, 1500)), quote=QUOTE) for _ in range(600)]
    planted = set()
    for number in range(60):
        source = rng.randrange(500)
        texts[500 + number] = copied(texts[source], author, rng)
        planted.add((source, 500 + number))
    prints = [fingerprint(text) for text in texts]
    index = Index(range(len(texts)), [to_bytes(sample_of(each)) for each in prints])
    flagged = set()
    for number, each in enumerate(prints):
        sample = sample_of(each)
        common = index.common(sample)
        for candidate in index.similar(sample, without=number):
            result = compare(texts[number], texts[candidate.owner], common)
            if result.share >= SHARE_LEAST:
                flagged.add((min(number, candidate.owner), max(number, candidate.owner)))
    found = len(planted & flagged) / len(planted)
    assert found >= 0.98
    # Two copies of one source may share with each other too; nothing else may be said.
    sources: dict[int, set[int]] = {}
    for source, copy in planted:
        sources.setdefault(source, set()).add(copy)
    siblings = {(a, b) for group in sources.values() for a in group for b in group if a < b}
    assert flagged <= planted | siblings


def test_what_everybody_quotes_says_nothing_but_a_text_handed_round_does():
    author = Author(9)
    form = author.text(120)
    texts = [f"{form}\n\n{author.text(300)}" for _ in range(COMMON_LEAST + 5)]
    prints = [sample_of(fingerprint(text)) for text in texts]
    index = Index(range(len(texts)), [to_bytes(each) for each in prints])
    for number, each in enumerate(prints):
        for candidate in index.similar(each, without=number):
            assert compare(texts[number], texts[candidate.owner], index.common(each)).share < SHARE_LEAST
    assert compare(texts[0], texts[1], index.common(prints[0])).share < SHARE_LEAST
    assert compare(texts[0], texts[1]).share >= SHARE_LEAST
    handed = [form] * (COMMON_LEAST + 5)
    prints = [sample_of(fingerprint(text)) for text in handed]
    index = Index(range(len(handed)), [to_bytes(each) for each in prints])
    assert index.similar(prints[0], without=0)


# On the database


def check(*found):
    done = services.check_entries(entry_ids=[entry.id for entry in found], now=START)
    db.session.expire_all()
    return done


def pair_of(contest, earlier=None):
    author = Author(11)
    source = author.text(700)
    one = make_submitted(earlier or contest, make_user("Lê Thị Gốc"), title="Bản gốc", body=source, **_when(earlier))
    other = make_submitted(contest, make_user("Trần Văn Chép"), title="Bản chép", body=_copy(source, author))
    return one, other


def _copy(source, author):
    return author.text(400) + "\n\n" + fold(" ".join(source.split()[200:450]))


def _when(earlier):
    return {} if earlier is None else {"now": datetime(2027, 6, 1, 9, tzinfo=VIETNAM)}


def kinds(entry):
    return [
        (each.kind, each.other_id)
        for each in db.session.scalars(select(Finding).where(Finding.entry_id == entry.id, Finding.kind == "near_copy"))
    ]


@pytest.mark.parametrize("order", ["together", "one by one", "backwards"])
def test_both_sides_are_told_whichever_is_looked_at_first(app, order):
    one, other = pair_of(make_contest())
    if order == "together":
        assert check(one, other) == 2
    else:
        for entry in (one, other) if order == "one by one" else (other, one):
            assert check(entry) == 1
    (pair,) = near_copies_of(one.id)
    assert (pair.one_id, pair.other_id) == (one.id, other.id)
    assert 300 <= pair.share <= 420
    passage = pair.passages[0]
    assert fold(one.body[slice(*passage["one"])]) == fold(other.body[slice(*passage["other"])])
    assert kinds(one) == [("near_copy", other.id)]
    assert kinds(other) == [("near_copy", one.id)]
    assert unchecked(10) == []
    assert db.session.scalar(select(func.count(Fingerprint.entry_id))) == 2


def test_an_earlier_contest_is_looked_through_and_left_in_peace(app):
    contest = make_contest()
    one, other = pair_of(contest, earlier=make_contest(1))
    check(one)
    check(other)
    assert kinds(other) == [("near_copy", one.id)]
    assert kinds(one) == []


def test_a_judgement_holds_for_both_and_until_the_texts_change(app):
    contest = make_contest()
    one, other = pair_of(contest)
    check(one, other)
    actor = secretary_of(contest)
    (pair,) = near_copies_of(one.id)
    with pytest.raises(Refused):
        services.judge_near_copy(pair=pair, judged="copy", note=" ", actor=actor, now=START)
    with pytest.raises(Refused):
        services.judge_near_copy(pair=pair, judged="perhaps", note="x", actor=actor, now=START)
    services.judge_near_copy(pair=pair, judged="harmless", note="Cùng trích một văn bản.", actor=actor, now=START)
    aside = select(func.count(Finding.id)).where(Finding.set_aside_at.is_not(None))
    assert db.session.scalar(aside) == 2
    check(one, other)
    assert db.session.scalar(aside) == 2
    assert db.session.scalars(select(NearCopy)).one().judged == "harmless"
    # The author copies more: that was not judged.
    draft = entries.start_replacing(entry=own(other), actor=other.author, now=START)
    entries.save_text(
        entry=draft, version=draft.version, title="Bản chép", genre="ghi_chep", body=one.body[:-200], now=START
    )
    other.body, other.submitted_at = draft.body, START + timedelta(hours=1)
    db.session.flush()
    assert unchecked(10) == [other.id]
    check(other)
    (pair,) = near_copies_of(one.id)
    assert pair.judged is None
    assert db.session.scalar(aside) == 0
    # And then writes a text of their own.
    other.body, other.submitted_at = Author(50).text(600), START + timedelta(hours=2)
    db.session.flush()
    check(other)
    assert near_copies_of(one.id) == []
    assert kinds(one) == kinds(other) == []


def test_what_changed_while_it_was_examined_is_not_kept(app):
    entry = make_submitted(make_contest())
    (examined,) = findings.examine([entry.id])
    entry.submitted_at = START + timedelta(minutes=5)
    db.session.flush()
    assert not findings.keep(examined, START)
    assert unchecked(5) == [entry.id]


def test_one_text_handed_to_a_class_is_flagged_and_bounded(app, monkeypatch):
    monkeypatch.setattr(near_copies, "KEPT_MOST", 3)
    contest = make_contest()
    body = Author(4).text(300)
    pupils = [make_submitted(contest, body=body, title=f"Bài {number}") for number in range(6)]
    check(*pupils)
    assert KEPT_MOST > 3
    assert all(kinds(entry) for entry in pupils)
    assert db.session.scalar(select(func.count(NearCopy.id))) <= 6 * 3
