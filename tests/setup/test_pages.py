"""The wizard's pages: begun, filled in, planned, looked over, issued; each for whom it is."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from contest.accounts.models import SiteRole
from contest.contests.models import Contest, Invitation
from contest.core.db import db
from contest.setup.fields import full_path, questions
from contest.setup.hints import HINTS, hint_of
from contest.setup.models import RuleDraft
from contest.setup.pages import PAGES
from contest.setup.places import place_of
from contest.setup.rules import place_in_english, plain, shipped_sets
from tests.factories import make_contest, make_staff, make_user, sign_in
from tests.factories.results import make_results, publish

START_FORM = {"origin": "set:guong-dien-hinh", "day": "thi-dua-ai-quoc", "year": "2029", "place": "tỉnh Hà Tĩnh"}


@pytest.fixture
def operator(app, clock, client):
    person = make_user()
    role = db.session.scalar(select(SiteRole).where(SiteRole.name == "operator"))
    person.roles.append(role or SiteRole(name="operator"))
    sign_in(client, person)
    return person


def made(client, **form) -> RuleDraft:
    answer = client.post("/cuoc-thi-moi", data={**START_FORM, **form})
    assert answer.status_code == 303, answer.text
    return db.session.scalars(select(RuleDraft).order_by(RuleDraft.id.desc())).first()


def typed(client, path: str) -> dict:
    """The main form of a page as a browser would send it."""
    text = client.get(path).text
    form = text[text.index('/thoi-gian" novalidate' if path.endswith("thoi-gian") else '" novalidate') :]
    form = form[: form.index("</form>")]
    data: dict = {}
    for name, value in re.findall(r'<input[^>]*? name="([^"]+)" value="([^"]*)"(?![^>]*type="checkbox")', form):
        data.setdefault(name, value)
    data = {
        name: value for name, value in data.items() if not re.search(rf'checkbox"[^>]*name="{re.escape(name)}"', form)
    }
    for name, value in re.findall(r'type="checkbox"[^>]*? name="([^"]+)" value="([^"]*)" ?checked', form):
        data.setdefault(name, [])
        data[name].append(value)
    for name, body in re.findall(r'<select[^>]*? name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', body)
        data[name] = chosen[1] if chosen else ""
    for name, body in re.findall(r'<textarea[^>]*? name="([^"]+)"[^>]*>\n?(.*?)</textarea>', form, re.DOTALL):
        data[name] = body
    import html

    return {
        name: [html.unescape(each) for each in value] if isinstance(value, list) else html.unescape(value)
        for name, value in data.items()
    }


def test_every_page_saved_as_it_is_shown_changes_nothing(operator, client):
    draft = made(client)
    before = dict(draft.document)
    for key in PAGES:
        path = f"/soan-the-le/{draft.public_id}/{key}"
        answer = client.post(path, data={**typed(client, path), "act": "save"})
        assert answer.status_code == 303, key
        db.session.expire_all()
        now = draft.document
        assert {name: now.get(name) for name in before} == before, key
    assert draft.version == 1


def test_a_contest_is_set_up_from_a_rule_set_and_issued(operator, client):
    draft = made(client)
    base = f"/soan-the-le/{draft.public_id}"
    assert draft.document["anniversary"]["ordinal"] == 81
    page = client.get(base).text
    assert "[số, ngày]" in page and "Issue the rules</button>" not in page
    path = f"{base}/ten-goi"
    data = {
        name: value.replace("[số, ngày]", "số 1/KH-UBND").replace("[number, date]", "No. 1/KH-UBND")
        if isinstance(value, str)
        else value
        for name, value in typed(client, path).items()
    }
    assert client.post(path, data={**data, "act": "next"}).headers["Location"].endswith("/thoi-gian")
    plan = {"version": "2", "day": "thi-dua-ai-quoc", "year": "2030", "announce_hour": "09:00"}
    assert client.post(f"{base}/lich", data=plan).status_code == 303
    db.session.expire_all()
    assert (draft.document["anniversary"]["ordinal"], draft.version) == (82, 3)
    assert draft.document["announcement"]["embargo_until"].startswith("2030-06-11T09:00")
    form = {"version": "3", "organiser_name": "Người Tổ Chức", "organiser_email": "to.chuc@example.vn"}
    assert client.post(f"{base}/ban-hanh", data=form).status_code == 422  # not said to be looked over
    assert client.post(f"{base}/ban-hanh", data={**form, "looked_over": "1"}).status_code == 303
    contest = db.session.scalars(select(Contest)).one()
    assert contest.rules.anniversary.date.year == 2030
    assert db.session.scalars(select(Invitation)).one().contest_id == contest.id
    assert client.post(f"{base}/ban-hanh", data={**form, "looked_over": "1"}).status_code == 422


def test_nonsense_is_kept_as_typed_and_said_beside_its_field(operator, client):
    draft = made(client)
    path = f"/soan-the-le/{draft.public_id}/cham-diem"
    data = {**typed(client, path), "rubric.scale": "một trăm", "act": "save"}
    assert client.post(path, data=data).status_code == 303
    page = client.get(path).text
    assert "scoring.tiers" not in page and 'value="một trăm"' in page
    assert 'id="f-rubric-scale-error"' in page


def test_an_older_page_overwrites_nothing_and_keeps_what_was_typed(operator, client):
    draft = made(client)
    path = f"/soan-the-le/{draft.public_id}/ten-goi"
    data = typed(client, path)
    client.post(path, data={**data, "code_prefix": "MOT", "act": "save"})
    late = client.post(path, data={**data, "code_prefix": "HAI", "act": "save"})
    assert late.status_code == 409 and 'value="HAI"' in late.text
    db.session.expire_all()
    assert draft.document["code_prefix"] == "MOT"


def test_lists_grow_shrink_and_change_places(operator, client):
    draft = made(client)
    path = f"/soan-the-le/{draft.public_id}/giai-thuong"
    many = len(draft.document["prizes"])
    second = draft.document["prizes"][1]["id"]
    client.post(path, data={**typed(client, path), "act": "up:prizes[1]"})
    client.post(path, data={**typed(client, path), "act": "add:prizes"})
    db.session.expire_all()
    assert len(draft.document["prizes"]) == many + 1 and draft.document["prizes"][0]["id"] == second
    client.post(path, data={**typed(client, path), "act": f"drop:prizes[{many}]"})
    db.session.expire_all()
    assert len(draft.document["prizes"]) == many
    path = f"/soan-the-le/{draft.public_id}/cham-diem"
    assert 'value="add:rounds"' not in client.get(path).text  # there are two kinds of rounds, and it has both
    client.post(path, data={**typed(client, path), "act": "add:rounds"})
    db.session.expire_all()
    assert [each["id"] for each in draft.document["rounds"]] == ["prelim", "final"]
    path = f"/soan-the-le/{draft.public_id}/thoi-gian"
    client.post(path, data={**typed(client, path), "act": "step", "new_step": "provisional"})
    db.session.expire_all()
    keys = [each["key"] for each in draft.document["timeline"]]
    assert keys.index("council") < keys.index("provisional") < keys.index("decision")


def test_too_little_time_is_said_with_the_first_day_that_fits(operator, client):
    draft = made(client)
    form = {"version": "1", "announce_on": "2027-06-11", "announce_hour": "08:00"}
    answer = client.post(f"/soan-the-le/{draft.public_id}/lich", data=form)
    assert answer.status_code == 422
    db.session.expire_all()
    assert draft.version == 1


def test_the_ceremony_is_planned_apart_and_what_was_typed_stays(operator, client):
    draft = made(client)
    path = f"/soan-the-le/{draft.public_id}/lich"
    form = {"version": "1", "day": "thi-dua-ai-quoc", "year": "2029", "announce_hour": "07:30", "minimum-prelim": "12"}
    early = client.post(path, data={**form, "ceremony_on": "2029-06-10", "ceremony_hour": "09:15"})
    assert early.status_code == 422 and "sau khi công bố" in early.text
    for kept in ("2029-06-10", "09:15", "07:30", 'name="minimum-prelim" class="short" inputmode="numeric" value="12"'):
        assert kept in early.text, kept
    assert client.post(path, data={**form, "ceremony_on": "2029-06-15", "ceremony_hour": "09:15"}).status_code == 303
    db.session.expire_all()
    steps = {each["key"]: each for each in draft.document["timeline"]}
    assert steps["ceremony"]["opens"].startswith("2029-06-15T09:15")
    assert steps["announce"]["at"].startswith("2029-06-11T07:30")


@pytest.mark.parametrize(
    "form",
    [{}, {"origin": "set:none"}, {"origin": "blank", "day": "none"}, {"origin": "blank", "day": "tet", "year": "x"}],
)
def test_what_nobody_chose_makes_no_draft(operator, client, form):
    assert client.post("/cuoc-thi-moi", data=form).status_code == 422
    assert db.session.scalars(select(RuleDraft)).all() == []


def test_blank_pages_can_all_be_opened(operator, client):
    draft = made(client, origin="blank", day="")
    for key in [*PAGES, "xem", ""]:
        assert client.get(f"/soan-the-le/{draft.public_id}/{key}".rstrip("/")).status_code == 200, key


def test_an_organiser_changes_the_rules_of_their_contest_alone(app, clock, client):
    contest = make_contest(0)
    mine, stranger = make_staff(contest, "organiser"), make_staff(make_contest(1), "organiser")
    sign_in(client, mine)
    answer = client.post(f"/ban-to-chuc/{contest.slug}/the-le")
    path = answer.headers["Location"]
    assert client.get(path).status_code == 200
    assert client.get(f"/ban-to-chuc/{contest.slug}/the-le").status_code == 200
    data = {**typed(client, path), "theme.vi": "Chủ đề khác", "theme.en": "Another theme", "act": "save"}
    assert client.post(path, data=data).status_code == 303
    base = path.rsplit("/", 1)[0]
    form = {"version": "2", "looked_over": "1"}
    assert client.post(f"{base}/ban-hanh", data=form).status_code == 422  # submission has opened: a reason
    client.delete_cookie("session")
    sign_in(client, stranger)
    assert client.get(path).status_code == 404
    assert client.post(f"{base}/ban-hanh", data={**form, "reason": "x"}).status_code == 404
    client.delete_cookie("session")
    sign_in(client, mine)
    assert client.post(f"{base}/ban-hanh", data={**form, "reason": "Đính chính"}).status_code == 303
    db.session.expire_all()
    assert contest.rules.theme.vi == "Chủ đề khác"
    assert (contest.current_version.number, contest.current_version.reason) == (2, "Đính chính")


def test_the_next_season_comes_from_the_last_one(operator, client):
    contest = make_contest(1)
    draft = made(client, origin=f"contest:{contest.slug}", day="hoi-nong-dan", year="2028")
    assert "lần thứ hai, năm 2028" in draft.document["title"]["vi"]
    page = client.get(f"/soan-the-le/{draft.public_id}").text
    assert "Nhận bài dự thi › Kết thúc" in page


def test_an_organiser_prepares_the_next_season_of_their_own_contest(app, clock, client):
    contest, other = make_contest(1), make_contest(0)
    mine, colleague, stranger = (
        make_staff(contest, "organiser"),
        make_staff(contest, "organiser"),
        make_staff(other, "organiser"),
    )
    sign_in(client, mine)
    page = client.get(f"/cuoc-thi-moi?tu=contest:{contest.slug}").text
    assert re.search(rf'value="contest:{contest.slug}" checked', page)
    assert f"contest:{other.slug}" not in page
    assert client.post("/cuoc-thi-moi", data={**START_FORM, "origin": f"contest:{other.slug}"}).status_code == 422
    draft = made(client, origin=f"contest:{contest.slug}", day="hoi-nong-dan", year="2028")
    path = f"/soan-the-le/{draft.public_id}"
    assert client.get(path).status_code == 200 and draft.public_id in client.get("/cuoc-thi-moi").text
    for person in (colleague, stranger, make_user(), make_staff(contest, "secretary")):
        client.delete_cookie("session")
        sign_in(client, person)
        assert client.get(path).status_code == 404
        assert client.post(f"{path}/ban-hanh", data={"version": "1", "looked_over": "1"}).status_code == 404
        assert draft.public_id not in client.get("/cuoc-thi-moi").text
    assert client.get("/cuoc-thi-moi").status_code == 404  # a secretary makes none


@pytest.mark.parametrize(
    ("day", "year", "on", "ordinal"),
    [
        ("nguyen-du-sinh", "2029", "2029-01-07", 263),  # of the lunar year 2028
        ("gio-to", "2030", "2030-04-12", None),
        ("thanh-lap-ht", "2031", None, 200),
    ],
)
def test_rules_begin_from_lunar_days_and_from_what_has_no_day(operator, client, day, year, on, ordinal):
    draft = made(client, day=day, year=year)
    part = draft.document["anniversary"]
    assert (part.get("date"), part.get("ordinal")) == (on, ordinal)
    announced = next(each["at"] for each in draft.document["timeline"] if each["key"] == "announce")
    assert announced[:4] == year and (on is None or announced[:10] == on)
    for key in ("thoi-gian", "xem", ""):
        assert client.get(f"/soan-the-le/{draft.public_id}/{key}".rstrip("/")).status_code == 200


def test_the_printed_rules_follow_what_is_typed_and_nothing_is_kept(operator, client):
    draft = made(client)
    path = f"/soan-the-le/{draft.public_id}/giai-thuong"
    assert "As it will be printed" in client.get(f"/en{path}").text
    budget = draft.document["budget_prizes_vnd"]
    data = {**typed(client, path), "prizes[0].name.vi": "Giải thử", "budget_prizes_vnd": "1.000"}
    answer = client.post(f"{path}/thu", data=data)
    assert answer.status_code == 200 and "<html" not in answer.text
    assert "Giải thử" in answer.text and "1.000 đồng" in answer.text
    assert "mục cần xem lại" in answer.text  # the prizes cost more than that
    db.session.expire_all()
    assert draft.version == 1 and draft.document["budget_prizes_vnd"] == budget
    odd = client.post(f"{path}/thu", data={"prizes[0].count": "<b>", "rubric": "x", "budget_prizes_vnd": "9" * 40})
    assert odd.status_code == 200 and "<b>×" not in odd.text and "&lt;b&gt;" in odd.text
    for key in PAGES:
        assert client.post(f"/soan-the-le/{draft.public_id}/{key}/thu", data={}).status_code == 200, key


def test_every_question_says_what_it_means_or_needs_no_word(operator, client):
    """Whatever is chosen, switched or counted has a sentence beside it, in both languages."""
    draft = made(client)
    silent = {
        full_path(section, 0, asked.path)
        for page in PAGES.values()
        for section in page.sections
        for _place, fields in list(questions(section, draft.document))[:1]
        for asked in fields
        if asked.kind in {"flag", "one", "number"} and not (asked.hint or hint_of(full_path(section, 0, asked.path)))
    }
    # Their labels say it all.
    assert silent <= {"rounds[0].gap.then", "voting.prize", "rubric.criteria[0].max"}
    known = {
        re.sub(r"\[\d+\]", "[]", full_path(section, 0, asked.path))
        for page in PAGES.values()
        for section in page.sections
        for asked in section.asked(draft.document, {}, 0)
    }
    assert set(HINTS) <= known


def test_a_blank_page_scolds_nobody_before_they_answered(operator, client):
    draft = made(client, origin="blank", day="")
    path = f"/soan-the-le/{draft.public_id}/ten-goi"
    assert 'class="error"' not in client.get(path).text and "chưa điền" in client.get(path).text
    answer = client.post(path, data={**typed(client, path), "code_prefix": "a1", "act": "save"})
    page = client.get(answer.headers["Location"]).text
    assert 'id="f-title-error"' in page and 'id="f-code_prefix-error"' in page
    again = client.get(path).text  # what was answered wrong is said at every visit
    assert 'id="f-code_prefix-error"' in again and 'id="f-title-error"' not in again
    check = client.get(f"/en/soan-the-le/{draft.public_id}").text
    assert "Name of the contest › Vietnamese" in check and "Submission: This step has no time yet." in check


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("title.en", ["Name of the contest", "English"]),
        ("timeline[1].at", []),
        ("rules_articles[0].text.vi", [("item", "Article", 1), "Text", "Vietnamese"]),
        ("rounds[0].advance.counts.A", [("item", "Round", 1), ("Go on: category %(category)s", {"category": "A"})]),
        ("announcement.embargo_until", ["Announcement"]),
        ("legal_basis[1].en", [("item", "Document", 2), "Document, number and date", "English"]),
        ("anniversary.ordinal", ["Anniversary"]),
        ("nowhere.at.all", []),
    ],
)
def test_a_place_in_the_document_is_told_in_words(path, told):
    found = place_of(plain(shipped_sets()["guong-dien-hinh"].document), path)
    if path.startswith("timeline"):
        assert found.page.key == "thoi-gian" and len(found.words) == 2
    else:
        assert list(found.words) == told


def test_a_place_is_english_for_english_texts():
    assert [place_in_english(each) for each in ("tỉnh Hà Tĩnh", "Thành phố Huế", "Đoàn 559")] == [
        "Hà Tĩnh province",
        "Huế city",
        "Đoàn 559",
    ]


def test_who_is_asked_for_no_vote_needs_no_answer_about_it(operator, client):
    draft = made(client, origin="blank", day="")
    path = f"/soan-the-le/{draft.public_id}/binh-chon"
    client.post(path, data={**typed(client, path), "act": "save"})
    assert 'class="error"' not in client.get(f"{path}?loi=1").text
    client.post(path, data={**typed(client, path), "voting.enabled": "1", "act": "save"})
    assert 'id="f-voting-identity-error"' in client.get(f"{path}?loi=1").text


def test_signs_that_no_database_keeps_are_said_and_break_no_page(operator, client):
    assert client.post("/cuoc-thi-moi", data={**START_FORM, "day": "a\0"}).status_code == 422
    draft = made(client)
    data = {**typed(client, f"/soan-the-le/{draft.public_id}/ten-goi"), "slug": "cuoc-thi\0", "act": "save"}
    assert client.post(f"/soan-the-le/{draft.public_id}/ten-goi", data=data).status_code == 303
    assert client.get(f"/soan-the-le/{draft.public_id}/ten-goi").status_code == 200
    assert client.get(f"/soan-the-le/{draft.public_id}").status_code == 200
    assert client.post(f"/soan-the-le/{draft.public_id}/lich", data={"day": "\0", "version": "2"}).status_code == 404


def test_one_organiser_changes_nothing_of_what_two_approved(app, clock, client):
    """Approved results name the prizes by the rules: new rules would say otherwise, by one person alone."""
    world = make_results()
    publish(world)
    contest = world.contest
    sign_in(client, world.first)
    path = client.post(f"/ban-to-chuc/{contest.slug}/the-le").headers["Location"]
    base = path.rsplit("/", 1)[0]
    draft = db.session.scalars(select(RuleDraft)).one()

    def issue(**changes):
        draft.document = {**plain(contest.rules.as_json()), **changes}
        db.session.commit()
        form = {"version": str(draft.version), "looked_over": "1", "reason": "Đính chính"}
        return client.post(f"{base}/ban-hanh", data=form)

    prizes = [dict(each) for each in plain(contest.rules.as_json())["prizes"]]
    prizes[0]["name"] = {"vi": "Giải khác", "en": "Another prize"}
    for instant in (clock.instant, world.official_at):
        clock.instant = instant
        answer = issue(prizes=prizes)
        assert (answer.status_code, "hai người phê duyệt" in answer.text) == (422, True)
    assert issue(theme={"vi": "Chủ đề khác", "en": "Another theme"}).status_code == 303
    db.session.expire_all()
    assert contest.current_version.number == 2
