"""Roles that are given, taken and ended at the same moment: what excludes each other stays so."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from contest.accounts.models import User
from contest.contests.invitations import _hash, accept, get_open_invitation
from contest.contests.models import Contest, Invitation, RoleGrant
from contest.contests.queries import roles_of
from contest.contests.rules import clash
from contest.contests.services import end_role, grant_role
from contest.core import clock
from contest.core.db import db, writing
from contest.core.errors import NotFound, Refused
from contest.entries import services
from contest.entries.drafting import content_digest
from contest.entries.eligibility import require_no_entry
from contest.entries.models import Entry
from tests.conftest import START
from tests.factories import make_contest, make_staff, make_user, sign_in
from tests.factories.entries import all_declared, make_draft, make_submitted

ROUNDS = 6


def at_once(app: Any, works: list[Callable[[], None]]) -> list[bool]:
    """Which of `works` went through, all begun together in threads of their own."""
    start = threading.Barrier(len(works))
    passed = [False] * len(works)

    def run(place: int) -> None:
        with app.app_context():
            start.wait()
            try:
                with writing():
                    works[place]()
                passed[place] = True
            except (Refused, NotFound):
                pass
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.rollback()
    db.session.expire_all()
    return passed


def _invited(contest: Contest, role: str = "judge") -> str:
    token = secrets.token_urlsafe(32)
    db.session.add(
        Invitation(
            contest=contest,
            role=role,
            name="Lê Thị Mời",
            email="moi@an-lam.example",
            token_hash=_hash(token),
            created_at=START,
            expires_at=clock.wall() + timedelta(days=1),
        )
    )
    return token


def test_two_roles_that_clash_are_never_held_together(app):
    contest = make_contest()
    contest_id = contest.id
    for _ in range(ROUNDS):
        person_id = make_user().id
        db.session.commit()

        def give(role: str, person_id: int = person_id) -> None:
            contest = db.session.get_one(Contest, contest_id)
            grant_role(contest=contest, user=db.session.get_one(User, person_id), role=role, actor=None, now=START)

        at_once(app, [lambda: give("secretary"), lambda: give("judge")])
        held = roles_of(contest_id, person_id)
        assert len(held) == 1
        assert not clash(held, next(iter(held)))


def test_one_invitation_gives_one_role(app):
    contest = make_contest()
    for _ in range(ROUNDS):
        token = _invited(contest)
        people = [make_user().id for _ in range(4)]
        db.session.commit()

        def take(person_id: int, token: str = token) -> None:
            found = get_open_invitation(token, clock.wall(), lock=True)
            accept(invitation=found, actor=db.session.get_one(User, person_id), now=START)

        passed = at_once(app, [lambda person_id=person_id: take(person_id) for person_id in people])
        assert sum(passed) == 1


def test_an_entry_and_a_role_at_once_are_one_of_both(app):
    contest = make_contest()
    contest_id = contest.id
    for _ in range(ROUNDS):
        draft = make_draft(contest, photos=1)
        draft_id, author_id = draft.public_id, draft.author_id
        digest, declared = content_digest(draft), all_declared(draft)
        db.session.commit()

        def send(draft_id: str = draft_id, author_id: int = author_id, sent: Any = (digest, declared)) -> None:
            actor = db.session.get_one(User, author_id)
            services.submit(draft_id=draft_id, actor=actor, now=START, digest=sent[0], declared=sent[1])

        def take(author_id: int = author_id) -> None:
            contest, person = db.session.get_one(Contest, contest_id), db.session.get_one(User, author_id)
            require_no_entry(contest, person)
            grant_role(contest=contest, user=person, role="judge", actor=None, now=START)

        assert sum(at_once(app, [send, take])) == 1
        state = db.session.scalar(select(Entry.state).where(Entry.author_id == author_id))
        assert (state == "submitted") is not bool(roles_of(contest_id, author_id))


def test_two_organisers_cannot_end_each_others_roles_at_once(app):
    contest = make_contest()
    for _ in range(ROUNDS):
        people = [make_staff(contest, "organiser").id for _ in range(2)]
        db.session.commit()

        def end(person_id: int, actor_id: int) -> None:
            grant = db.session.scalars(
                select(RoleGrant).where(RoleGrant.user_id == person_id, RoleGrant.ended_at.is_(None))
            ).one()
            end_role(grant=grant, actor=db.session.get_one(User, actor_id), now=START)

        first, second = people
        passed = at_once(
            app,
            [
                lambda first=first, second=second: end(first, second),
                lambda first=first, second=second: end(second, first),
            ],
        )
        assert sum(passed) == 1
        standing = db.session.scalars(select(RoleGrant).where(RoleGrant.ended_at.is_(None))).one()
        standing.ended_at = START
        db.session.commit()


@pytest.mark.parametrize("role", ["organiser", "secretary", "judge", "chair"])
def test_who_entered_takes_no_role_by_page_or_command(app, client, role):
    contest = make_contest()
    entry = make_submitted(contest)
    author = entry.author
    token = _invited(contest, role)
    sign_in(client, author)
    client.post(f"/loi-moi/{token}")
    command = app.test_cli_runner().invoke(args=["contest", "grant", contest.slug, role, author.email])
    assert command.exit_code == 1
    assert roles_of(contest.id, author.id) == set()
