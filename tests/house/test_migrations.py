"""Migrations build what the models say, go down to nothing, and keep rows, on both databases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask_migrate import downgrade, upgrade

from contest.audit.models import AuditRow
from contest.contests.models import Contest, ContestStep
from contest.core.db import db
from tests.factories import make_contest


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
