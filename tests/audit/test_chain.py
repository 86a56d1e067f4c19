"""The audit chain: sealed in batches, and any edit of a sealed row is found and named."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from contest.audit.services import record, seal, verify
from contest.core.db import db, writing
from tests.conftest import START


@pytest.fixture
def sealed(app):
    with writing():
        for number in range(1, 8):
            record(
                actor="a" * 14, verb="test.act", object_type="thing", object_id=number, now=START, note=f"số {number}"
            )
    with writing():
        assert seal(limit=3) == 3
    with writing():
        assert seal() == 4
        assert seal() == 0


def _tamper(statement: str) -> None:
    db.session.remove()
    with db.engine.begin() as connection:
        connection.execute(text(statement))


def test_an_untouched_chain_holds(sealed):
    assert verify() == (7, None)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_row SET verb = 'other' WHERE position = 4",
        'UPDATE audit_row SET details = \'{"note": "khác"}\' WHERE position = 4',
        "UPDATE audit_row SET actor = NULL WHERE position = 4",
        "UPDATE audit_row SET object_id = '9' WHERE position = 4",
        "DELETE FROM audit_row WHERE position = 4",
        "UPDATE audit_row SET digest = '0' WHERE position = 4",
    ],
)
def test_a_changed_or_missing_row_is_named(sealed, statement):
    _tamper(statement)
    held, broken = verify()
    assert held == 3
    assert broken.position == 4


def test_a_row_slipped_in_with_a_forged_digest_is_found(sealed):
    _tamper("UPDATE audit_row SET position = position + 100 WHERE position > 5")
    held, broken = verify()
    assert (held, broken.position, broken.why) == (5, 6, "missing")


def test_the_command_says_which_row(app, sealed):
    runner = app.test_cli_runner()
    assert "7 row(s) hold" in runner.invoke(args=["audit", "verify"]).output
    _tamper("UPDATE audit_row SET verb = 'other' WHERE position = 2")
    result = runner.invoke(args=["audit", "verify"])
    assert result.exit_code == 1
    assert "row 2" in result.output
