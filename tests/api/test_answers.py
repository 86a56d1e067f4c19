"""The API tells what is public, no sooner, as its description says, to any origin and without cookies."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import jsonschema
import pytest
from flask_migrate import upgrade
from openapi_spec_validator import OpenAPIV31SpecValidator
from sqlalchemy import select

from contest.api.paging import cursor_of
from contest.api.views import OPERATIONS
from contest.app import create_app
from contest.contests.models import Contest
from contest.core.db import db, writing
from contest.core.web import limiter
from contest.core.web.pages import PageCache
from contest.entries.models import Entry
from contest.exemplars.consents import withdraw_consent
from contest.exemplars.models import Exemplar
from contest.public.queries import readable, stories
from contest.results.models import ResultSet
from tests.conftest import Client, settings_for
from tests.factories import make_unit, make_user, sign_in
from tests.factories.judging import make_finalist
from tests.factories.programs import API, MILLISECOND, make_announced, make_news, revoke
from tests.factories.results import make_results, publish
from tests.factories.voting import make_vote

SQLITE = pytest.mark.parametrize("app", ["sqlite"], indirect=True)
DAY = timedelta(days=1)


def described(client):
    return client.get(f"{API}/openapi.json").json


def schema_of(document, operation, status="200"):
    [content] = document["paths"][operation.shown]["get"]["responses"][status]["content"].values()
    return {**content["schema"], "components": document["components"]}


def addresses(client, world):
    """An address for each operation, those with an id that exists, and pages of one item where there are pages."""
    story = next(iter(client.get(f"{API}/stories").json["items"]), {"id": "zzzzzzzzzzzzzz"})["id"]
    post = next(iter(client.get(f"{API}/news").json["items"]), {"id": "zzzzzzzzzzzzzz"})["id"]
    unit = client.get(f"{API}/units").json["items"][0]["code"]
    for operation in OPERATIONS:
        path = operation.shown.format(slug=world.contest.slug, public_id=story, post_id=post, code=unit)
        paged = any(each["name"] == "limit" for each in operation.parameters)
        yield operation, f"{API}{path}{'?limit=1' if paged else ''}"


def test_the_description_is_valid_and_names_every_address(app, client):
    document = described(client)
    OpenAPIV31SpecValidator(document).validate()
    rules = {rule.rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("api.")}
    told = {rule.removeprefix(API).replace("<", "{").replace(">", "}") for rule in rules if rule.startswith(f"{API}/")}
    assert set(document["paths"]) == told - {"/openapi.json"}
    # Every part of an answer is explained.
    for name, schema in document["components"]["schemas"].items():
        assert schema.get("description"), name
        assert schema["additionalProperties"] is False, name


@pytest.mark.parametrize("ago", [DAY, MILLISECOND, timedelta(0), -DAY])
def test_every_answer_is_as_described(app, client, clock, ago):
    world = make_announced()
    make_news(world.contest, world.official_at)
    if ago < timedelta(0):
        revoke(world, "A-nhat", "Đồi cằn trổ hoa", world.official_at + DAY)
    clock.instant = world.official_at - ago
    document, answered = described(client), 0
    for operation, path in addresses(client, world):
        answer = client.get(path)
        assert answer.status_code in {200, 404}, path
        jsonschema.Draft202012Validator(schema_of(document, operation, str(answer.status_code))).validate(answer.json)
        answered += answer.status_code == 200
        assert answer.mimetype == ("application/json" if answer.status_code == 200 else "application/problem+json")
    assert answered == len(OPERATIONS) - (2 if ago > timedelta(0) else 0)  # results, and the piece of news


def test_nothing_of_a_result_is_told_a_millisecond_early(app, client, clock):
    world = make_announced()
    slug = world.contest.slug
    clock.instant = world.official_at - MILLISECOND
    assert client.get(f"{API}/contests/{slug}/results").status_code == 404
    assert client.get(f"{API}/contests/{slug}").json["results"] == "none"
    clock.instant = world.official_at
    told = client.get(f"{API}/contests/{slug}/results").json
    assert told["standing"] == "official" and told["decision"]["number"] == "1408/QĐ-UBND"
    assert [(each["prize"], each["title"]) for each in told["awards"]][:2] == [
        ("A-nhat", "Đồi cằn trổ hoa"),
        ("A-nhi", "Chiếc ba lô màu xanh"),
    ]
    assert told["awards"][0]["score"] == "90.00"
    assert client.get(f"{API}/contests/{slug}").json["results"] == "official"


def test_results_that_nobody_approved_are_not_told(app, client, clock):
    world = make_results()
    found = publish(world)
    found.second_approver_id = None
    db.session.commit()
    clock.instant = world.official_at + DAY
    assert client.get(f"{API}/contests/{world.contest.slug}/results").status_code == 404


def test_a_prize_that_was_taken_back_is_gone_at_once_and_told_as_a_correction(app, client, clock):
    world = make_announced()
    at, slug = world.official_at + DAY, world.contest.slug
    revoke(world, "A-nhat", "Đồi cằn trổ hoa", at)
    clock.instant = at - timedelta(seconds=2)
    before = client.get(f"{API}/contests/{slug}/results")
    assert "A-nhat" in {each["prize"] for each in before.json["awards"]} and before.json["corrections"] == []
    clock.instant = at
    # The copy that was kept is no longer it, though its instant lies before nothing that was added.
    after = client.get(f"{API}/contests/{slug}/results", headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert "A-nhat" not in {each["prize"] for each in after.json["awards"]}
    [told] = after.json["corrections"]
    assert (told["kind"], told["prize"], told["reason"]) == ("revoke", "A-nhat", "Bài đã in năm 2019")
    assert after.json["updated_at"] == told["at"]


def test_provisional_results_are_told_as_such(app, client, clock):
    world = make_results(1)
    publish(world)
    posted = world.contest.rules.results_at
    clock.instant = posted - MILLISECOND
    assert client.get(f"{API}/contests/{world.contest.slug}/results").status_code == 404
    clock.instant = posted
    told = client.get(f"{API}/contests/{world.contest.slug}/results").json
    assert (told["standing"], told["decision"]) == ("provisional", None)


def test_finalists_and_stories_show_authors_when_the_contest_does(app, client, clock):
    contest, entries = make_vote(1)
    finalists = f"{API}/contests/{contest.slug}/finalists"
    clock.instant = contest.rules.instant("shortlist") - MILLISECOND
    assert client.get(finalists).status_code == 404
    clock.instant = contest.rules.instant("shortlist")
    early = client.get(finalists)
    assert {each["code"] for each in early.json["items"]} >= {entry.blind_code for entry in entries}
    assert all(each["story"] is None and each["author"] is None for each in early.json["items"])
    assert not any(entry.public_id in early.text or entry.author_name in early.text for entry in entries)
    assert client.get(f"{API}/stories").json["items"] == []
    clock.instant = contest.rules.window("voting").opens
    told = client.get(f"{API}/stories").json["items"]
    assert {each["id"] for each in told} == {entry.public_id for entry in entries}
    assert all(each["author"] is None for each in told)
    clock.instant = contest.rules.window("provisional").opens
    assert entries[0].author_name in client.get(finalists).text
    assert entries[0].author_name in client.get(f"{API}/stories/{entries[0].public_id}").text


def test_a_category_kept_from_the_vote_shows_titles_alone(app, client, clock):
    """As the page does: entries that nobody reads yet have neither address nor author, though authors may be named."""
    contest, entries = make_vote()
    kept = make_finalist(contest, "B")
    db.session.commit()
    clock.instant = contest.rules.window("voting").opens
    told = client.get(f"{API}/contests/{contest.slug}/finalists")
    [shown] = [each for each in told.json["items"] if each["category"] == "B"]
    assert shown["title"] == kept.title and (shown["story"], shown["author"]) == (None, None)
    assert kept.author_name not in told.text and entries[0].author_name in told.text
    assert client.get(f"{API}/stories/{kept.public_id}").status_code == 404


def test_a_story_without_consent_is_told_no_more(app, client, clock):
    contest, entries = make_vote()
    clock.instant = contest.rules.window("voting").opens
    address = f"{API}/stories/{entries[0].public_id}"
    before = client.get(address)
    assert before.json["blocks"] and before.json["published_at"] <= before.json["updated_at"]
    with writing() as now:
        exemplar = db.session.get(Exemplar, entries[0].exemplar_id)
        withdraw_consent(exemplar=exemplar, actor=make_user(), now=now)
    # Asked by date alone, a story that is gone would look unchanged.
    gone = client.get(address, headers={"If-Modified-Since": before.headers["Last-Modified"]})
    assert gone.status_code == 404
    kept = client.get(f"{API}/stories", headers={"If-Modified-Since": "Fri, 31 Dec 2100 00:00:00 GMT"})
    assert kept.status_code == 200 and entries[0].public_id not in kept.text


@pytest.mark.parametrize("index", [0, 1])
def test_stories_are_those_that_people_read(app, client, clock, index):
    """The condition in SQL and the pages' own rule agree at every turn of a contest."""
    world = make_announced(index)
    rules = world.contest.rules
    for instant in sorted({each for step in rules.timeline for each in (step.starts, step.ends)} | {rules.official_at}):
        for now in (instant - MILLISECOND, instant):
            clock.instant = now
            ours = set(db.session.scalars(select(Entry.public_id).where(readable(now))))
            assert ours == {story.public_id for story in stories(now, 100)}, now
            assert ours == {each["id"] for each in client.get(f"{API}/stories?limit=100").json["items"]}


def test_news_is_told_from_its_instant_and_not_when_it_was_taken_back(app, client, clock):
    contest, _ = make_vote()
    at = clock.instant + DAY
    make_news(contest, None, title={"vi": "Bản nháp", "en": "A draft"})
    gone = make_news(contest, at, title={"vi": "Đã gỡ", "en": "Removed"}, removed_at=at)
    post = make_news(contest, at)
    clock.instant = at - MILLISECOND
    assert client.get(f"{API}/news").json["items"] == []
    assert client.get(f"{API}/news/{post.public_id}").status_code == 404
    clock.instant = at
    [told] = client.get(f"{API}/news?contest={contest.slug}").json["items"]
    assert told["title"] == {"vi": "Mời dự lễ trao giải", "en": "Come to the ceremony"}
    assert told["text"]["vi"] == "Lễ trao giải tổ chức tại hội trường.\n\nXin đến đúng giờ."
    assert client.get(f"{API}/news/{gone.public_id}").status_code == 404
    for address in told["page"].values():
        assert client.get(urlsplit(address).path).status_code == 200


def test_no_copy_outlives_the_instant_of_a_piece_of_news(app, client, clock):
    contest, _ = make_vote()
    make_news(contest, clock.instant + timedelta(minutes=1))  # it shows on the minute
    clock.instant += timedelta(seconds=56)
    app.extensions["pages"] = PageCache()
    try:
        for path in (f"{API}/news", "/tin.atom", f"/nhung/{contest.slug}"):
            assert client.get(path).headers["Cache-Control"] == "public, max-age=4", path
    finally:
        del app.extensions["pages"]


# Pages of lists


def test_pages_follow_one_another_and_lose_nobody(app, client, clock):
    for number in range(7):
        make_unit(code=f"trang-{number}")
    contest, _ = make_vote()
    for hour in range(5):
        make_news(contest, clock.instant - timedelta(hours=hour // 2))
    clock.instant = contest.rules.window("voting").opens
    for path in ("/units", "/news", "/stories", f"/contests/{contest.slug}/finalists", "/contests"):
        whole = client.get(f"{API}{path}?limit=100").json["items"]
        found, address = [], f"{API}{path}?limit=2"
        while address:
            page = client.get(address).json
            assert 1 <= len(page["items"]) <= 2
            found += page["items"]
            address = page["next"]
        assert found == whole and len(whole) > (0 if path == "/contests" else 2), path


@SQLITE
@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("limit=1&limit=2", "limit"),
        ("cursor=", "cursor"),
        ("cursor=%F0", "cursor"),
        ("cursor=AAAA", "cursor"),
        ("cursor=WzFd", "cursor"),  # [1]
        ("cursor=WyJhIiwiYiIsImMiXQ", "cursor"),  # three parts
        ("cursor=WyJcdWQ4MDAiXQ", "cursor"),  # half a character
        ("contest=../x", "contest"),
        ("trang=2", "trang"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name_in_both_languages(app, client, query, name):
    make_vote()
    for prefix, mine in (("", "vi"), ("/en", "en")):
        answer = client.get(f"{prefix}{API}/stories?{query}")
        assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
        assert [each["parameter"] for each in answer.json["errors"]] == [name]
        assert answer.json["title"] == answer.json["texts"][mine]["title"]
        assert answer.json["texts"]["vi"]["title"] != answer.json["texts"]["en"]["title"]
        described_as = described(client)["components"]["schemas"]["Problem"]
        jsonschema.Draft202012Validator({**described_as, "components": described(client)["components"]}).validate(
            answer.json
        )


@SQLITE
def test_cursors_of_other_lists_are_refused(app, client, clock):
    contest, _ = make_vote()
    for path in ("news", "contests", f"contests/{contest.slug}/finalists"):
        clock.instant = contest.rules.window("voting").opens
        for key in (("a", "b"), ("a",), ("2027-01-01", "a"), ("9999-12-31T23:59:59-12:00", "a")):
            cursor = cursor_of(key)
            assert client.get(f"{API}/{path}?cursor={cursor}").status_code == 400, (path, cursor)


# For programs


@SQLITE
def test_whatever_goes_wrong_is_said_in_json(app, client):
    for path in (f"{API}/nothing", API, f"{API}/contests/khong-co", f"{API}/units/khong-co", f"{API}/contests/%00"):
        answer = client.get(path)
        assert (answer.status_code, answer.mimetype) == (404, "application/problem+json"), path
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = client.open(f"{API}/contests", method=method)
        assert (answer.status_code, answer.mimetype) == (405, "application/problem+json")
        assert "GET" in answer.headers["Allow"]
    # People get pages as ever.
    assert client.get("/api/v2").mimetype == client.get("/khong-co").mimetype == "text/html"


@SQLITE
def test_answers_are_for_any_origin_and_carry_no_cookie(app, client, clock):
    contest, _ = make_vote()
    clock.instant = contest.rules.window("voting").opens
    paths = [
        f"{API}/contests",
        f"{API}/openapi.json",
        f"{API}/nothing",
        "/tin.atom",
        "/tin.json",
        "/sitemap.xml",
        f"/nhung/{contest.slug}",
    ]
    person = Client(app, app.response_class)
    sign_in(person, make_user())
    assert person.get("/").headers["Cache-Control"] == "private, no-store"  # they are signed in
    for path in paths:
        first, answer = (each.get(path, headers={"Origin": "https://xa.example"}) for each in (client, person))
        assert answer.data == first.data
        assert "Set-Cookie" not in answer.headers and "Cookie" not in answer.headers.get("Vary", "")
        assert answer.headers["Cache-Control"] == first.headers["Cache-Control"]
        assert "Access-Control-Allow-Credentials" not in answer.headers
        if not path.startswith("/nhung"):
            assert answer.headers["Access-Control-Allow-Origin"] == "*"


@SQLITE
def test_an_answer_that_has_not_changed_has_no_body_and_a_head_none_either(app, client, clock):
    contest, _ = make_vote()
    for path in (f"{API}/contests", f"{API}/contests/{contest.slug}", "/tin.atom", f"{API}/calendar?year=2030"):
        answer = client.get(path)
        assert answer.headers["ETag"]
        again = client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        head = client.head(path)
        assert (head.status_code, head.data) == (200, b"")
        assert head.headers["ETag"] == answer.headers["ETag"]
        assert head.headers["Content-Length"] == answer.headers["Content-Length"]
    assert client.get(f"{API}/contests").headers["Last-Modified"]


def test_too_many_requests_are_told_to_wait(tmp_path):
    site = create_app(settings_for(tmp_path), TESTING=True, WTF_CSRF_ENABLED=False, RATELIMIT_ENABLED=True)
    with site.app_context():
        upgrade()
        limiter.reset()
    try:
        client = site.test_client()
        answers = [client.get(f"{API}/calendar?year=2030") for _ in range(121)]
    finally:
        limiter.enabled = False
        with site.app_context():
            db.engine.dispose()
    assert {each.status_code for each in answers[:-1]} == {200}
    told = answers[-1]
    assert (told.status_code, told.mimetype) == (429, "application/problem+json")
    assert told.headers["Retry-After"] == "60"


@SQLITE
def test_a_kept_answer_keeps_its_headers(app, client, clock):
    contest, _ = make_vote()
    app.extensions["pages"] = PageCache()
    try:
        first, second = (client.get(f"{API}/contests/{contest.slug}") for _ in range(2))
    finally:
        del app.extensions["pages"]
    assert first.data == second.data
    for name in ("ETag", "Last-Modified", "Access-Control-Allow-Origin", "Content-Type"):
        assert first.headers[name] == second.headers[name]


@SQLITE
def test_a_contest_whose_rules_are_not_issued_is_unknown(app, client, clock):
    world = make_announced()
    clock.instant = world.contest.rules.instant("issue") - MILLISECOND
    slug = world.contest.slug
    assert client.get(f"{API}/contests").json["items"] == []
    for path in (
        *(f"{API}/contests/{slug}{part}" for part in ("", "/rules", "/timetable", "/finalists", "/results")),
        f"{API}/stories?contest={slug}",
        f"{API}/news?contest={slug}",
        f"/cuoc-thi/{slug}/tin.atom",
        f"/sitemap/{slug}/1.xml",
        f"/nhung/{slug}",
    ):
        assert client.get(path).status_code == 404, path
    make_news(world.contest, clock.instant - DAY, title={"vi": "Tin quá sớm", "en": "Too early"})
    for path in ("/tin.atom", "/sitemap.xml", "/api", f"{API}/news"):
        assert slug not in client.get(path).text and "Tin quá sớm" not in client.get(path).text


def test_rules_and_timetable_are_the_public_ones(app, client):
    contest, _ = make_vote()
    told = client.get(f"{API}/contests/{contest.slug}/rules").json
    assert told["sha256"] == contest.current_version.sha256
    assert [each["number"] for each in told["articles"]] == [each.no for each in contest.rules.rules_articles]
    steps = client.get(f"{API}/contests/{contest.slug}/timetable").json["steps"]
    assert [each["key"] for each in steps] == [each.key for each in contest.rules.public_steps()]
    assert len(steps) < len(contest.rules.timeline)


def test_a_calendar_is_told_for_any_year(app, client):
    told = client.get(f"{API}/calendar?year=2027").json
    kept = {each["code"]: each for each in told["items"]}
    assert kept["thi-dua-ai-quoc"]["on"] == "2027-06-11" and kept["thi-dua-ai-quoc"]["number"] == 79
    assert any(each["calendar"] == "lunar" and each["lunar"] == "10/3" for each in told["items"])
    assert client.get(f"{API}/calendar").json == told  # this year
    assert client.get(f"{API}/calendar?year=2100").status_code == 400


def test_rows_that_vanish_between_two_questions_give_no_error(app, client, clock, monkeypatch):
    """A story taken back while an answer is made is left out of it."""
    contest, entries = make_vote()
    clock.instant = contest.rules.window("voting").opens
    for name in ("contest.api.views_stories.queries.published_stories", "contest.api.queries.published_stories"):
        monkeypatch.setattr(name, lambda *_arguments: {})
    assert client.get(f"{API}/stories").json["items"] == []
    assert client.get(f"{API}/stories/{entries[0].public_id}").status_code == 404
    for path in ("/tin.atom", f"/sitemap/{contest.slug}/1.xml"):
        assert client.get(path).status_code == 200
    assert db.session.scalar(select(Contest.slug)) and db.session.scalar(select(ResultSet.id)) is None
