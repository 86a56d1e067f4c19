"""Migrations build what the models say, go down to nothing, and keep rows, on both databases."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask_migrate import downgrade, upgrade

from contest.audit.models import AuditRow
from contest.contests.models import Contest, ContestStep, RoleGrant
from contest.core.db import db
from tests.conftest import START
from tests.factories import make_contest, make_staff


def test_the_migrated_schema_is_the_models(app):
    with db.engine.connect() as connection:
        # The words of entries have no model: their migration is written by hand.
        left_out = {"include_name": lambda name, kind, _: kind != "table" or not name.startswith("entry_words")}
        context = MigrationContext.configure(connection, opts={"compare_type": True, **left_out})
        assert compare_metadata(context, db.metadata) == []


def test_upgrading_again_keeps_every_row(app):
    contest = make_contest()
    before = (contest.slug, len(contest.steps), db.session.scalar(sa.select(sa.func.count(AuditRow.id))))
    db.session.remove()
    upgrade()
    kept = db.session.scalars(sa.select(Contest)).one()
    steps = db.session.scalar(sa.select(sa.func.count(ContestStep.id)))
    assert (kept.slug, steps, db.session.scalar(sa.select(sa.func.count(AuditRow.id)))) == before


def test_down_to_nothing_and_up_again(app):
    make_contest()
    db.session.remove()
    downgrade(revision="base")
    try:
        left = set(sa.inspect(db.engine).get_table_names()) - {"alembic_version"}
        assert left == set()
    finally:
        upgrade()
    make_contest()


def test_going_back_from_what_surrounds_the_announcement_and_on_again_keeps_what_both_know(app):
    contest = make_contest()
    organiser, reporter = make_staff(contest, "organiser"), make_staff(contest, "press")
    ended = sa.select(RoleGrant).where(RoleGrant.user_id == organiser.id)
    db.session.scalars(ended).one().ended_at = START
    db.session.commit()
    granted = (contest.id, organiser.id, reporter.id)
    db.session.remove()
    downgrade(revision="0002")
    try:
        with db.engine.connect() as connection:
            roles = connection.execute(sa.text("SELECT user_id, role FROM role_grant")).all()
            assert roles == [(granted[1], "organiser")], "only who is of the press cannot be, in the older schema"
            columns = {column["name"] for column in sa.inspect(connection).get_columns("award")}
        assert not columns & {"since_amendment_id", "until_amendment_id"}
    finally:
        upgrade()
    with db.engine.begin() as connection:  # by hand: neither the check of roles nor the index is in any service
        grant = sa.insert(RoleGrant).values(contest_id=granted[0], user_id=granted[1], granted_at=START)
        for role in ("organiser", "press", "observer"):  # again an organiser: the index is of standing grants alone
            connection.execute(grant.values(role=role))
    for values in ({"role": "organiser"}, {"role": "nobody"}):
        with pytest.raises(sa.exc.IntegrityError), db.engine.begin() as connection:
            connection.execute(grant.values(**values))
