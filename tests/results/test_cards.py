"""Pictures to share pages by: made after the instant alone, by their names, and gone with what they told."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from io import BytesIO

import pytest
from PIL import Image

from contest.core.db import db
from contest.core.errors import Refused
from contest.exemplars.consents import withdraw_consent
from contest.results import cards
from contest.results.amendments import approve_amendment, propose_revocation
from contest.results.cards import HEIGHT, MOST_KEPT, WIDTH, Card, picture_of
from contest.results.queries import awards_at, find_standing
from tests.factories.results import make_results, publish

TITLE = "Đồi cằn trổ hoa"


@pytest.fixture
def world(app, clock):
    found = make_results()
    publish(found)
    db.session.commit()
    clock.instant = found.official_at
    return found


@pytest.fixture
def folder(app):
    found = app.config["SETTINGS"].data_dir / "cards"
    for file in found.glob("*.png") if found.is_dir() else ():
        file.unlink()
    return found


def honours(world):
    return f"/cuoc-thi/{world.contest.slug}/ket-qua"


def story(world):
    return f"/bai/{world.entries[TITLE].public_id}"


def image_of(client, page):
    """The path of the picture that a page names, the same in both places."""
    text = client.get(page).text
    named = set(re.findall(r'(?:og|twitter):image" content="([^"]+)"', text))
    assert len(named) <= 1
    return named.pop().removeprefix("http://localhost") if named else None


def made(folder):
    return sorted(folder.glob("*.png")) if folder.is_dir() else []


def revoke(world, now):
    award = next(
        each.award for each in awards_at(find_standing(world.contest.id), now) if each.award.entry.title == TITLE
    )
    row = propose_revocation(
        contest=world.contest,
        award=award,
        follow="empty",
        reason="Bài đã in năm 2019",
        number="1501/QĐ-UBND",
        on=now.date(),
        signer="Lê Thị Hòa An",
        actor=world.first,
        now=now,
    )
    db.session.commit()
    approve_amendment(
        contest=world.contest, public_id=row.public_id, typed_number="1501/QĐ-UBND", actor=world.second, now=now
    )
    db.session.commit()


def test_a_picture_of_honours_and_of_each_story_with_a_prize(world, client, folder):
    names = set()
    for page in (honours(world), story(world), "/en" + honours(world), "/en" + story(world)):
        path = image_of(client, page)
        answer = client.get(path)
        assert (answer.status_code, answer.mimetype) == (200, "image/png")
        with Image.open(BytesIO(answer.data)) as image:
            assert image.size == (WIDTH, HEIGHT)
        assert client.get(path).data == answer.data
        assert client.head(path).status_code == 200
        names.add(path.rpartition("/")[2])
    assert len(names) == 4
    assert len(made(folder)) == 4
    # A story without a prize has words for sharing, and no picture.
    assert image_of(client, f"/bai/{world.entries['Lớp học'].public_id}") is None


@pytest.mark.parametrize("before", [timedelta(hours=24), timedelta(milliseconds=1)])
def test_before_the_instant_there_is_no_picture_and_none_is_made(world, client, clock, folder, before):
    pages = (honours(world), story(world))
    paths = [image_of(client, page) for page in pages]
    clock.instant = world.official_at - before
    # Somebody who knows the very names gets what a contest without results answers.
    nowhere = client.get("/cuoc-thi/khong-co/ket-qua/chia-se/" + "0" * 20 + ".png")
    for path in paths:
        answer = client.get(path)
        assert answer.status_code == nowhere.status_code == 404
        assert answer.data.replace(path.encode(), b"") == nowhere.data.replace(nowhere.request.path.encode(), b"")
    assert "chia-se" not in client.get(story(world)).text
    assert made(folder) == []


def test_a_story_with_a_provisional_prize_has_no_picture_yet(app, client, clock):
    world = make_results(1)
    publish(world)
    clock.instant = world.contest.rules.results_at
    assert image_of(client, honours(world)) is not None
    assert image_of(client, story(world)) is None
    assert client.get(f"{story(world)}/chia-se/{'0' * 20}.png").status_code == 404
    clock.instant = world.official_at
    assert client.get(image_of(client, story(world))).status_code == 200


def test_a_prize_taken_back_has_no_picture_any_more(world, client, clock):
    paths = [image_of(client, page) for page in (honours(world), story(world))]
    assert [client.get(path).status_code for path in paths] == [200, 200]
    revoke(world, clock.instant)
    now = image_of(client, honours(world))
    assert now != paths[0]
    old = client.get(paths[0])
    assert (old.status_code, old.headers["Location"]) == (302, now)
    assert client.get(paths[1]).status_code == 404
    assert image_of(client, story(world)) is None


def test_nothing_of_a_story_that_was_withdrawn_is_shown(world, client, clock):
    path = image_of(client, story(world))
    assert client.get(path).status_code == 200
    withdraw_consent(exemplar=world.entries[TITLE].exemplar, actor=world.first, now=clock.instant)
    db.session.commit()
    assert client.get(path).status_code == 404


def test_made_up_names_are_not_made(world, client, folder):
    for digest in ("0" * 20, "f" * 20):
        for page in (honours(world), story(world)):
            answer = client.get(f"{page}/chia-se/{digest}.png")
            assert answer.status_code == 302
            assert answer.headers["Location"] == image_of(client, page)
    for odd in ("x", "../../etc", "0" * 19, "Z" * 20, "0" * 200):
        assert client.get(f"{honours(world)}/chia-se/{odd}.png").status_code == 404
    assert made(folder) == []


def card(title="Đồi cằn trổ hoa"):
    return Card("vi", "Giải Nhất", title, ("Nguyễn Thị Thu Hậu",), "Gương Sáng")


def test_one_is_made_at_a_time_and_the_others_are_told_to_wait(tmp_path, monkeypatch):
    monkeypatch.setattr(cards, "_PATIENCE", 0.05)
    assert cards._MAKING.acquire(timeout=1)
    try:
        with pytest.raises(Refused):
            picture_of(card(), tmp_path, lambda _: b"")
    finally:
        cards._MAKING.release()
    assert picture_of(card(), tmp_path, lambda _: b"").startswith(b"\x89PNG")
    # What is there is given even while another is being made.
    with cards._MAKING:
        assert picture_of(card(), tmp_path, lambda _: b"").startswith(b"\x89PNG")


def test_asked_for_by_many_it_is_made_once(tmp_path, monkeypatch):
    count = []
    real = cards.make_picture
    monkeypatch.setattr(cards, "make_picture", lambda *each, **more: count.append(1) or real(*each, **more))
    threads = [threading.Thread(target=picture_of, args=(card(), tmp_path, lambda _: b"")) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(count) == 1


def test_the_folder_does_not_grow_without_end(tmp_path):
    for number in range(MOST_KEPT + 5):
        (tmp_path / f"{number:020x}.png").write_bytes(b"x")
    picture_of(card(), tmp_path, lambda _: b"")
    assert len(list(tmp_path.glob("*.png"))) == MOST_KEPT
    assert (tmp_path / f"{card().digest}.png").is_file()


def test_a_picture_that_another_process_has_just_removed_stops_nobody(tmp_path):
    (tmp_path / f"{1:020x}.png").symlink_to(tmp_path / "gone")  # found in the folder, and no longer there
    assert picture_of(card(), tmp_path, lambda _: b"")


def test_every_word_that_is_shown_is_in_the_name():
    known = {card().digest}
    for change in ({"lang": "en"}, {"eyebrow": "a"}, {"title": "b"}, {"lines": ("c",)}, {"foot": "d"}, {"photo": "e"}):
        known.add(Card(**{**vars(card()), **change}).digest)
    assert len(known) == 7


@pytest.mark.parametrize("title", ["", "Ư" * 300, "Nghĩa " * 60, "#eval(1) $x$ *a* _b_ @c <d> \\ 🙂", "\u202e"])
def test_whatever_people_wrote_it_is_drawn(tmp_path, title):
    content = picture_of(card(title), tmp_path, lambda _: b"")
    with Image.open(BytesIO(content)) as image:
        assert image.size == (WIDTH, HEIGHT)
