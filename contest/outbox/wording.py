"""Messages in an organiser's own words.

A wording is plain text with named blanks in braces, such as {title}. An organiser never writes
template code: each blank is filled by a snippet that stands here. The site's own wording stays in
templates/outbox/ and goes out wherever nobody wrote another.

Codes of sign-in and of the vote are not reworded: people learn to recognise them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from contest.core.db import db
from contest.core.errors import N_, NotFound, Refused
from contest.core.text import clean_line, clean_text
from contest.outbox.models import MessageText

EMAIL, SMS = "email", "sms"
SUBJECT_MAX = 150
BODY_MAX = {EMAIL: 4000, SMS: 480}
_BLANK = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_BRACE = re.compile(r"[{}]")

_OWN_ENTRY = '{{ url_for("entries.own", public_id=entry, _external=true) }}'
_TITLE = "{{ title }}"
_CONTEST = "{{ contest[locale]|quoted }}"
_ENTRY_BLANKS = {"title": _TITLE, "contest": _CONTEST, "link": _OWN_ENTRY}
_SITE = {"site": "{{ site.name }}", "hotline": "{{ site.hotline }}"}
# What the samples are made of: unlikely in a sentence, so that each can be told from the words around it.
_ENTRY_SAMPLE: dict[str, Any] = {
    "title": "Người giữ rừng Khe Ngọn",
    "entry": "k7m2p9q4r8s3t6",
    "contest": {"vi": "Gương người tốt, việc tốt (mẫu)", "en": "Good People, Good Deeds (sample)"},
    "slug": "mau",
}

_SHARED: dict[str, Any] = {"contest": _ENTRY_SAMPLE["contest"], "slug": "mau"}


@dataclass(frozen=True, slots=True)
class Kind:
    """A message that may be reworded.

    `blanks`: name → the template snippet that fills it. `needed`: blanks that a wording must hold,
    because the message is nothing without them. `sample`: parameters for a preview.
    """

    template: str
    label: str
    blanks: Mapping[str, str]
    needed: frozenset[str]
    sample: Mapping[str, Any] = field(default_factory=dict)

    def name(self, channel: str) -> str:
        """The template's name on a channel."""
        return f"{self.template}_sms" if channel == SMS else self.template


def _about_entry(template: str, label: str, *needed: str, blanks: Mapping[str, str] = {}, **sample: Any) -> Kind:
    return Kind(
        template=template,
        label=label,
        blanks={**_ENTRY_BLANKS, **_SITE, **blanks},
        needed=frozenset(needed),
        sample={**_ENTRY_SAMPLE, **sample},
    )


def _to_unit(template: str, label: str) -> Kind:
    return Kind(
        template=template,
        label=label,
        blanks={
            "unit": "{{ unit }}",
            "count": "{{ count }}",
            "names": "{% for name in names %}- {{ name }}\n{% endfor %}",
            "due": "{{ due_on|parsed|day_long }}",
            "due_short": "{{ due_on|parsed|day }}",
            "link": '{{ url_for("desk.unit", code=code, _external=true) }}',
            **_SITE,
        },
        needed=frozenset({"link"}),
        sample={
            "unit": "xã Khe Ngọn (mẫu)",
            "code": "xa-khe-ngon",
            "count": 2,
            "names": ["Bà Lò Thị Mẩy (mẫu)", "Tổ hợp tác Bản Lim (mẫu)"],
            "due_on": "2027-04-14",
        },
    )


_KINDS = (
    _about_entry(
        "entry_receipt",
        N_("Receipt of an entry"),
        "code",
        blanks={
            "code": "{{ code }}",
            "number": "{{ number }}",
            "at": "{{ at|parsed|instant }}",
            "at_short": "{{ at|parsed|moment }}",
            "words": '{{ ngettext("%(num)s word", "%(num)s words", words) }}',
            "sha256": "{{ sha256 }}",
            "receipt": '{{ url_for("entries.receipt", code=code, _external=true) }}',
        },
        code="GM-7K2P-9QXR-4TWZ",
        number=41,
        at="2027-03-20T09:26:53+07:00",
        words=1234,
        sha256="5b1f0c6e94d2a7733f8a0b9e6d415c28e07f9316ba4d5c82f1e6093a7bd48c15",
    ),
    _about_entry("entry_received", N_("An entry has been received")),
    _about_entry("entry_accepted", N_("An entry is valid")),
    _about_entry(
        "entry_refused",
        N_("An entry is refused"),
        "link",
        blanks={"reason": "{{ reason }}"},
        reason="Bài vượt quá giới hạn số tiếng nêu tại Điều 4 của Thể lệ.",
    ),
    _about_entry(
        "entry_completion",
        N_("An entry has to be completed"),
        "link",
        blanks={"reason": "{{ reason }}", "due": "{{ due|parsed|instant }}", "due_short": "{{ due|parsed|moment }}"},
        reason="Đề nghị bổ sung chú thích cho ảnh thứ hai.",
        due="2027-04-05T17:00:00+07:00",
    ),
    _about_entry(
        "entry_withdrawn",
        N_("An entry has been withdrawn"),
        blanks={
            "at": "{{ at|parsed|instant }}",
            "code": "{{ code }}",
            "receipt": '{{ url_for("entries.receipt", code=code, _external=true) }}',
        },
        at="2027-03-21T10:11:12+07:00",
        code="GM-7K2P-9QXR-5TWZ",
    ),
    _about_entry(
        "second_look_answered",
        N_("A refused entry was looked at once more"),
        "link",
        blanks={"answer": "{{ answer }}"},
        answer="Ban Thư ký đã xem lại và giữ nguyên kết luận.",
        outcome="upheld",
    ),
    _to_unit("verification_request", N_("A unit is asked to verify")),
    _to_unit("verification_reminder", N_("A unit is reminded of a verification")),
    _to_unit("verification_overdue", N_("A unit's answer is overdue")),
    Kind(
        template="late_pass",
        label=N_("Somebody may submit late"),
        blanks={
            "contest": _CONTEST,
            "until": "{{ until|parsed|instant }}",
            "until_short": "{{ until|parsed|moment }}",
            "reason": "{{ reason }}",
            "link": '{{ url_for("entries.new", slug=slug, _external=true) }}',
            **_SITE,
        },
        needed=frozenset({"link"}),
        sample=_SHARED | {"until": "2027-04-02T17:00:00+07:00", "reason": "Mưa lũ làm mất điện ba ngày."},
    ),
    Kind(
        template="late_pass_ended",
        label=N_("Leave to submit late has been ended"),
        blanks={"contest": _CONTEST, "until": "{{ until|parsed|instant }}", **_SITE},
        needed=frozenset(),
        sample=_SHARED | {"until": "2027-04-02T17:00:00+07:00"},
    ),
    Kind(
        template="submission_extended",
        label=N_("There is more time to submit"),
        blanks={
            "contest": _CONTEST,
            "closes": "{{ closes|parsed|deadline }}",
            "reason": "{{ reason }}",
            "link": '{{ url_for("desk.my_entries", _external=true) }}',
            **_SITE,
        },
        needed=frozenset({"link"}),
        sample=_SHARED | {"closes": "2027-04-03T17:00:00+07:00", "reason": "Mưa lũ làm mất điện ba ngày."},
    ),
    Kind(
        template="bundle_imported",
        label=N_("A bundle has been imported"),
        blanks={
            "contest": _CONTEST,
            "unit": "{{ unit }}",
            "count": "{{ count }}",
            "link": '{{ url_for("intake.bundle", code=code, public_id=bundle, _external=true) }}',
            **_SITE,
        },
        needed=frozenset({"link"}),
        sample=_SHARED | {"unit": "xã Khe Ngọn (mẫu)", "code": "xa-khe-ngon", "bundle": "k7m2p9q4r8s3t6", "count": 287},
    ),
    Kind(
        template="judge_assigned",
        label=N_("A judge has entries to mark"),
        blanks={
            "contest": _CONTEST,
            "round": "{{ round[locale] }}",
            "count": "{{ given }}",
            "until": "{% if until %}{{ until|parsed|deadline }}{% endif %}",
            "link": '{{ url_for("judging.bench", slug=slug, _external=true) }}',
            **_SITE,
        },
        needed=frozenset({"link"}),
        sample={
            "contest": _ENTRY_SAMPLE["contest"],
            "slug": "mau",
            "round": {"vi": "Vòng sơ khảo (mẫu)", "en": "Preliminary round (sample)"},
            "given": 37,
            "until": "2027-04-26T17:00:00+07:00",
        },
    ),
    Kind(
        template="judge_reminder",
        label=N_("A judge still owes score sheets"),
        blanks={
            "contest": _CONTEST,
            "round": "{{ round[locale] }}",
            "count": "{{ owed }}",
            "until": "{% if until %}{{ until|parsed|deadline }}{% endif %}",
            "link": '{{ url_for("judging.bench", slug=slug, _external=true) }}',
            **_SITE,
        },
        needed=frozenset({"link"}),
        sample={
            "contest": _ENTRY_SAMPLE["contest"],
            "slug": "mau",
            "round": {"vi": "Vòng sơ khảo (mẫu)", "en": "Preliminary round (sample)"},
            "owed": 4,
            "until": "2027-04-26T17:00:00+07:00",
        },
    ),
    Kind(
        template="judge_unlocked",
        label=N_("A judge's score sheet was opened again"),
        blanks={
            "contest": _CONTEST,
            "round": "{{ round[locale] }}",
            "link": '{{ url_for("judging.bench", slug=slug, _external=true) }}',
            **_SITE,
        },
        needed=frozenset({"link"}),
        sample={
            "contest": _ENTRY_SAMPLE["contest"],
            "slug": "mau",
            "round": {"vi": "Vòng sơ khảo (mẫu)", "en": "Preliminary round (sample)"},
        },
    ),
    Kind(
        template="joint_reading",
        label=N_("A judge has entries to read jointly"),
        blanks={
            "contest": _CONTEST,
            "round": "{{ round[locale] }}",
            "count": "{{ given }}",
            "until": "{% if until %}{{ until|parsed|deadline }}{% endif %}",
            "link": '{{ url_for("judging.joint", slug=slug, _external=true) }}',
            **_SITE,
        },
        needed=frozenset({"link"}),
        sample={
            "contest": _ENTRY_SAMPLE["contest"],
            "slug": "mau",
            "round": {"vi": "Vòng sơ khảo (mẫu)", "en": "Preliminary round (sample)"},
            "given": 5,
            "until": "2027-04-12T08:00:00+07:00",
        },
    ),
    Kind(
        template="paper_taken",
        label=N_("A judge's paper score sheets were taken over"),
        blanks={
            "contest": _CONTEST,
            "round": "{{ round[locale] }}",
            "count": "{{ given }}",
            "link": '{{ url_for("judging.bench", slug=slug, _external=true) }}',
            **_SITE,
        },
        needed=frozenset({"link"}),
        sample={
            "contest": _ENTRY_SAMPLE["contest"],
            "slug": "mau",
            "round": {"vi": "Vòng sơ khảo (mẫu)", "en": "Preliminary round (sample)"},
            "round_id": "prelim",
            "given": 12,
        },
    ),
    Kind(
        template="results_award",
        label=N_("An author has a prize"),
        blanks={
            "name": "{{ name }}",
            "contest": _CONTEST,
            "prizes": "{% for prize in prizes %}- {{ prize[locale] }}: “{{ prize.title }}”\n{% endfor %}",
            "link": '{{ url_for("results.honours", slug=slug, _external=true) }}',
            **_SITE,
        },
        needed=frozenset({"link"}),
        sample={
            "name": "Nguyễn Thị Mẫu",
            "contest": _ENTRY_SAMPLE["contest"],
            "slug": "mau",
            "prizes": [{"vi": "Giải Nhì (mẫu)", "en": "Second Prize (sample)", "title": "Người giữ rừng Khe Ngọn"}],
        },
    ),
)
KINDS: dict[str, Kind] = {kind.template: kind for kind in _KINDS}


def get_kind(template: str) -> Kind:
    """A message that may be reworded. Raises NotFound."""
    try:
        return KINDS[template]
    except KeyError:
        raise NotFound(template) from None


def blanks_in(text: str) -> set[str]:
    """The names in braces in `text`."""
    return set(_BLANK.findall(text))


def fill(text: str, values: Mapping[str, str]) -> str:
    """`text` with its blanks filled. Raises KeyError for one that is not in `values`."""
    return _BLANK.sub(lambda match: values[match.group(1)], text)


def find_wording(scope: str, template: str, locale: str) -> MessageText | None:
    """The organiser's wording of a template (with its `_sms`), when there is one."""
    return db.session.scalar(
        select(MessageText).where(
            MessageText.scope == scope, MessageText.template == template, MessageText.locale == locale
        )
    )


def wordings(scope: str) -> set[tuple[str, str]]:
    """(template, locale) of all that is reworded in a contest."""
    rows = db.session.execute(select(MessageText.template, MessageText.locale).where(MessageText.scope == scope))
    return {(row.template, row.locale) for row in rows}


def check_wording(kind: Kind, channel: str, subject: str, body: str) -> tuple[str, str]:
    """A wording as it would be kept. Raises Refused for unknown or missing blanks and beyond the limits."""
    subject, body = clean_line(subject) if channel == EMAIL else "", clean_text(body)
    if not body or (channel == EMAIL and not subject):
        raise Refused(N_("Write the message, and for a mail its subject too."), code="empty")
    if len(subject) > SUBJECT_MAX or len(body) > BODY_MAX[channel]:
        raise Refused(
            N_("Too long: at most %(subject)s characters for the subject and %(body)s for the text."),
            code="too_long",
            subject=SUBJECT_MAX,
            body=BODY_MAX[channel],
        )
    used = blanks_in(subject) | blanks_in(body)
    unknown = sorted(used - set(kind.blanks))
    if unknown:
        raise Refused(N_("There is no blank {%(name)s} in this message."), code="unknown_blank", name=unknown[0])
    if _BRACE.search(_BLANK.sub("", subject + body)):
        raise Refused(N_("Braces { } are for blanks alone, such as {title}."), code="brace")
    lacking = sorted(kind.needed - blanks_in(body))
    if lacking:
        raise Refused(
            N_("The text needs the blank {%(name)s}: without it the message says too little."),
            code="needed_blank",
            name=lacking[0],
        )
    return subject, body


def set_wording(
    *, scope: str, kind: Kind, channel: str, locale: str, subject: str, body: str, actor_id: int, now: datetime
) -> MessageText:
    """Keep a wording for a contest; messages not yet sent go out in it. Raises Refused as `check_wording`."""
    subject, body = check_wording(kind, channel, subject, body)
    wording = find_wording(scope, kind.name(channel), locale)
    if wording is None:
        wording = MessageText(scope=scope, template=kind.name(channel), locale=locale, channel=channel)
        db.session.add(wording)
    wording.subject, wording.body = subject, body
    wording.changed_at, wording.changed_by_id = now, actor_id
    db.session.flush()
    return wording


def drop_wording(*, scope: str, kind: Kind, channel: str, locale: str) -> bool:
    """Go back to the site's own wording; False when nothing else was kept."""
    wording = find_wording(scope, kind.name(channel), locale)
    if wording is None:
        return False
    db.session.delete(wording)
    db.session.flush()
    return True
