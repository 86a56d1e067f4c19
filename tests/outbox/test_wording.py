"""An organiser's own wording of a message: what it may hold, and that it never keeps a message back."""

from __future__ import annotations

from pathlib import Path

import pytest

from contest.core.db import db, writing
from contest.core.errors import Refused
from contest.outbox.models import Message, MessageText
from contest.outbox.runner import render, render_wording, standard_wording
from contest.outbox.services import ask_for_mail
from contest.outbox.wording import EMAIL, KINDS, SMS, check_wording, drop_wording, find_wording, get_kind, set_wording

TEMPLATES = Path(__file__).parents[2] / "templates" / "outbox"
# Not reworded: people learn to recognise them, and a wrong word opens a door.
FIXED = {
    "account_exists",
    "account_notice",
    "code_address",
    "code_register",
    "code_reset",
    "complaint_news",
    "complaint_receipt",
    "data_answer",
    "handed_over",
    "invitation",
    "sms_alarm",
    "log_checkpoint",
    "log_trouble",
    "mailing",  # written anew each time
    "taken_over",
    "vote_code",
    "vote_receipt",
}


def test_every_message_is_either_reworded_or_fixed():
    known = {path.stem.removesuffix("_sms") for path in TEMPLATES.glob("*.txt")}
    assert known - FIXED == set(KINDS)


@pytest.mark.parametrize("channel", [EMAIL, SMS])
@pytest.mark.parametrize("locale", ["vi", "en"])
@pytest.mark.parametrize("template", sorted(KINDS))
def test_the_standard_wording_with_blanks_says_what_the_template_says(sqlite_app, template, locale, channel):
    kind = KINDS[template]
    with sqlite_app.app_context():
        standard = standard_wording(kind, channel, locale)
        message = Message(
            channel=channel, template=kind.name(channel), locale=locale, params=dict(kind.sample), scope=""
        )
        sent = render(message)
        again = render_wording(kind, channel, locale, standard.subject, standard.body)
        assert again.subject == sent.subject
        # A message whose template has no foot gets one; runs of blank lines are not part of a wording.
        assert " ".join(sent.body.split()) in " ".join(again.body.split())
        assert check_wording(kind, channel, standard.subject, standard.body)


def reword(body="{contest}: {title}. Mã {code}.", subject="Biên nhận {code}", locale="vi"):
    kind = get_kind("entry_receipt")
    with writing() as now:
        set_wording(
            scope="cuoc-thi", kind=kind, channel=EMAIL, locale=locale, subject=subject, body=body, actor_id=1, now=now
        )


def receipt(scope="cuoc-thi", locale="vi"):
    with writing() as now:
        sample = dict(KINDS["entry_receipt"].sample)
        return ask_for_mail(
            to="an@an-lam.example", template="entry_receipt", now=now, locale=locale, scope=scope, **sample
        )


def test_a_wording_goes_out_for_its_contest_and_language_alone(app):
    reword()
    own = render(receipt())
    assert own.subject == "Biên nhận GM-7K2P-9QXR-4TWZ"
    assert own.body.startswith("Gương người tốt, việc tốt (mẫu): Người giữ rừng Khe Ngọn. Mã GM-7K2P-9QXR-4TWZ.")
    assert "không bao giờ" in own.body  # the foot is not the organiser's to leave out
    assert render(receipt(scope="")).body.startswith("Bài")
    assert render(receipt(locale="en")).subject.startswith("Receipt")


def test_a_wording_may_be_changed_and_dropped(app):
    reword()
    reword(body="Chỉ có mã {code}.")
    assert render(receipt()).body.startswith("Chỉ có mã GM-")
    with writing():
        assert drop_wording(scope="cuoc-thi", kind=get_kind("entry_receipt"), channel=EMAIL, locale="vi")
    assert find_wording("cuoc-thi", "entry_receipt", "vi") is None
    assert render(receipt()).subject.startswith("Biên nhận GM")


def test_a_wording_that_cannot_be_filled_does_not_keep_the_message_back(app):
    reword()
    with writing():
        wording = db.session.query(MessageText).one()
        wording.body = "{of_an_older_version} {code}"
    assert "SHA-256" in render(receipt()).body


def test_nothing_of_a_wording_is_code(app):
    reword(body="{code} %(title)s ${x} <b>&amp;</b>".replace("${x}", ""))
    assert "%(title)s" in render(receipt()).body
    for body in ("{{ 7*7 }} {code}", "{% if 1 %}{code}", "{code} {Title}", "{code} {title.__class__}", "{code} {"):
        with pytest.raises(Refused):
            reword(body=body)


@pytest.mark.parametrize(
    ("subject", "body", "code"),
    [
        ("", "{code}", "empty"),
        ("Mã", "", "empty"),
        ("Mã", "Xin cảm ơn.", "needed_blank"),
        ("Mã {ten}", "{code}", "unknown_blank"),
        ("Mã", "{code} {ten}", "unknown_blank"),
        ("M" * 151, "{code}", "too_long"),
        ("Mã", "{code}" + "x" * 4000, "too_long"),
    ],
)
def test_a_bad_wording_is_refused(subject, body, code):
    with pytest.raises(Refused) as refused:
        check_wording(get_kind("entry_receipt"), EMAIL, subject, body)
    assert refused.value.code == code


def test_a_subject_is_one_line(app):
    reword(subject="Biên nhận {code}\nBcc: ai@do.example")
    assert "\n" not in render(receipt()).subject
