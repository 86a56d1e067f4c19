"""Every message that is asked for has its templates, and every template can be read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask_babel import force_locale

from contest.outbox.runner import _strict

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "templates" / "outbox").glob("*.txt"))
_ASKED = re.compile(r'template="([a-z_]+)"')


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_compiles_and_a_mail_has_its_subject_first(sqlite_app, path):
    with sqlite_app.app_context(), force_locale("vi"):
        _strict(sqlite_app).get_template(f"outbox/{path.name}")
    lines = [line for line in path.read_text("utf-8").splitlines() if not re.fullmatch(r"\{[%#].*[%#]\}", line)]
    if path.stem.endswith("_sms"):
        assert "Subject:" not in path.read_text("utf-8")
    else:
        assert lines[0].startswith("Subject: "), "the first line"
        assert lines[1] == "", "then a blank one"


# Long, or to people who are known by mail alone: staff that is invited or alarmed, witnesses, who voted by mail.
MAIL_ALONE = {"invitation", "log_checkpoint", "log_trouble", "sms_alarm", "vote_receipt"}


def test_every_message_that_is_asked_for_can_be_written():
    known = {path.stem for path in TEMPLATES}
    asked = set()
    for source in (ROOT / "contest").rglob("*.py"):
        asked |= set(_ASKED.findall(source.read_text("utf-8")))
    assert asked - known == set()
    # Who may be reached by phone alone gets the same news as a text message.
    for name in known - MAIL_ALONE:
        if not name.endswith("_sms"):
            assert f"{name}_sms" in known, name
