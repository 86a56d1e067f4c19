"""Two texts of one draft made one: nothing is lost that nobody gave up."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from contest.core.db import db
from contest.core.richtext import parse, source_of
from contest.entries.merging import BOTH, MINE, THEIRS, merged, parts_of
from tests.factories import make_contest, sign_in
from tests.factories.entries import make_draft

ONE = "Một.\n\nHai **ba**.\n\nBốn."
TWO = "Một.\n\nHai năm.\n\nBốn.\n\nSáu."
SOURCES = st.lists(st.sampled_from(("Một.", "Hai ba.", "* ý", "## Đầu", "> lời", "[photo:abc]", "1. a"))).map(
    lambda blocks: source_of(parse("\n\n".join(blocks)))
)


def test_each_difference_is_chosen_by_itself():
    parts = parts_of(ONE, TWO)
    assert [part.same for part in parts] == [True, False, True, False]
    assert merged(ONE, TWO, {}) == "Một.\n\nHai **ba**.\n\nHai năm.\n\nBốn.\n\nSáu."
    assert merged(ONE, TWO, {1: THEIRS, 3: MINE}) == "Một.\n\nHai năm.\n\nBốn."
    mine, theirs = parts[1].marked
    assert [piece.text for piece in mine if piece.other] == ["**ba**."]
    assert [piece.text for piece in theirs if piece.other] == ["năm."]


@given(SOURCES, SOURCES)
@settings(max_examples=200, deadline=None)
def test_one_side_everywhere_is_that_text_and_both_lose_nothing(mine, theirs):
    numbers = range(len(parts_of(mine, theirs)))
    assert merged(mine, theirs, dict.fromkeys(numbers, MINE)) == mine
    assert merged(mine, theirs, dict.fromkeys(numbers, THEIRS)) == theirs
    both = [block.text for block in parse(merged(mine, theirs, dict.fromkeys(numbers, BOTH))).blocks]
    assert all(block.text in both for source in (mine, theirs) for block in parse(source).blocks)


def test_a_third_window_that_saves_meanwhile_is_shown_and_not_overwritten(app, client):
    entry = make_draft(make_contest(), body="Một.\n\nHai.")
    sign_in(client, entry.author)
    address, stale = f"/viet/{entry.public_id}", entry.version - 1
    mine = {"title": entry.title, "genre": entry.genre, "body": "Một.\n\nBa."}
    page = client.post(address, data={**mine, "version": stale})
    assert page.status_code == 409
    assert "Hai." in page.text and "Ba." in page.text
    late = client.post(f"{address}/hop-nhat", data={**mine, "version": stale, "phan-1": MINE})
    assert late.status_code == 409
    done = client.post(f"{address}/hop-nhat", data={**mine, "version": entry.version, "phan-1": BOTH})
    assert done.status_code == 303
    db.session.expire_all()
    assert entry.document == "Một.\n\nBa.\n\nHai."


def test_what_the_editor_sends_is_read_by_the_server(app, client):
    entry = make_draft(make_contest())
    sign_in(client, entry.author)
    photo = entry.photos[0].public_id
    html = f'<h2>Đầu</h2><p onclick=x>Một <b>hai</b><script>x</script></p><figure data-photo-id="{photo}"></figure>'
    sent = {"title": "a", "version": entry.version, "html": html, "body": "cũ"}
    assert client.post(f"/viet/{entry.public_id}", data=sent).status_code == 303
    db.session.expire_all()
    assert entry.document == f"## Đầu\n\nMột **hai**\n\n[photo:{photo}]"
    told = client.post(f"/viet/{entry.public_id}/dan", data={"html": '<p style="font-weight:700">a<img src=//x></p>'})
    assert "<p>a</p>" in told.json["html"].replace("<strong>", "").replace("</strong>", "")
    assert "img" not in told.json["html"]


def test_a_form_sent_after_its_session_ended_comes_back(app, client):
    entry = make_draft(make_contest())
    address, words = f"/viet/{entry.public_id}", "Câu viết sau khi hết phiên."
    sent = {"title": "a", "version": "1", "body": words, "csrf_token": "x"}
    back = client.post(address, data=sent, headers={"Origin": "http://localhost", "Accept": "text/html"})
    assert back.status_code == 401
    assert words in back.text
    assert "no-store" in back.headers["Cache-Control"]
    elsewhere = client.post(address, data=sent, headers={"Origin": "http://evil.example", "Accept": "text/html"})
    assert elsewhere.status_code == 302 and words not in elsewhere.text
    script = client.post(address, data=sent, headers={"Origin": "http://localhost", "Accept": "application/json"})
    assert script.status_code == 302
