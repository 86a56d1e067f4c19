"""One draft, several people at the same moment: saved once from each page, issued once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from contest.contests.models import Contest, Invitation, RuleSetVersion
from contest.core.db import db, writing
from contest.core.errors import Refused
from contest.setup.models import RuleDraft
from contest.setup.queries import get_draft
from contest.setup.services import issue_draft, save_draft, start_draft
from tests.conftest import START
from tests.factories import make_user, raw_rule_sets

MANY = 12


def at_once(app: Any, work: Callable[[int], None]) -> list[str]:
    """How `work` went for each of `MANY`, all begun together: "" or the refusal's code."""
    start = threading.Barrier(MANY)
    went = ["broken"] * MANY

    def run(place: int) -> None:
        with app.app_context():
            start.wait()
            try:
                with writing():
                    work(place)
                went[place] = ""
            except Refused as error:
                went[place] = error.code
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(MANY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.rollback()
    db.session.expire_all()
    return went


def begun() -> tuple[str, int]:
    person = make_user()
    draft = start_draft(owner=person, origin="blank", document=raw_rule_sets()[0], now=START)
    db.session.commit()
    return draft.public_id, person.id


def test_of_many_who_save_from_the_same_page_one_is_kept(app):
    public_id, person = begun()

    def save(place: int) -> None:
        draft = get_draft(public_id)
        document = {**draft.document, "code_prefix": f"P{place}"}
        actor = db.session.get_one(type(draft.owner), person)
        save_draft(draft=draft, version=1, document=document, actor=actor, now=START)

    went = at_once(app, save)
    draft = db.session.scalars(select(RuleDraft)).one()
    assert sorted(went) == ["", *["draft_changed"] * (MANY - 1)]
    assert (draft.version, draft.document["code_prefix"]) == (2, f"P{went.index('')}")


def test_issued_by_many_at_once_it_is_issued_once(app):
    public_id, person = begun()

    def issue(place: int) -> None:
        draft = get_draft(public_id)
        actor = db.session.get_one(type(draft.owner), person)
        issue_draft(
            draft=draft,
            version=1,
            actor=actor,
            now=START,
            wall=START,
            organiser_name="Người Tổ Chức",
            organiser_email="to.chuc@example.vn",
        )

    went = at_once(app, issue)
    assert went.count("") == 1 and set(went) == {"", "draft_issued"}
    assert len(db.session.scalars(select(Contest)).all()) == 1
    assert len(db.session.scalars(select(RuleSetVersion)).all()) == 1
    assert len(db.session.scalars(select(Invitation)).all()) == 1
