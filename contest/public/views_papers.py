"""The rules and blank forms of a contest, to download and print."""

from __future__ import annotations

from typing import Any

from flask import Response, g
from flask_babel import gettext as _

from contest.contests.labels import ENTRY_FIELDS, EXEMPLAR_KINDS, GENRES, HOLD_REASONS, MEDIA, OUTCOMES
from contest.contests.models import Contest
from contest.contests.queries import get_issued_contest
from contest.contests.ruleset import Category, RuleSet
from contest.core.formats import deadline, instant, last_moment, loc, marks, moment, money, number
from contest.core.pdf import make_pdf
from contest.core.web import limiter, public, shared
from contest.core.web.errors import say_message
from contest.core.web.papers import paper, send_pdf
from contest.entries.rules import ADULT_AGE, GUARDIAN_CONSENT, declarations_for
from contest.exemplars.rules import CONSENT_TEXTS, CONSENT_VERSION, GUARDIAN_CONSENT_TEXTS
from contest.judging.sight import WHAT, matrix
from contest.public.views import BRIEFLY, bp

Item = dict[str, Any]
# Fields that a paper form asks for elsewhere: the text itself, and what is declared with a tick.
_NOT_LINES = {"title", "body", "genre", "exemplar_kind", "originality_declaration", "exemplar_consent_declared"}


@bp.get("/cuoc-thi/<slug>/the-le.pdf")
@public
@limiter.limit("60 per minute")
@shared(BRIEFLY)
def rules_pdf(slug: str) -> Response:
    contest = get_issued_contest(slug, g.now)
    rules, version = contest.rules, contest.current_version
    assert version is not None  # an issued contest has rules
    articles = [
        {"title": f"{_('Article %(number)s', number=article.no)}. {loc(article.title)}", "text": loc(article.text)}
        for article in rules.rules_articles
    ]
    data = {
        **_head(rules, _("Rules of the contest"), loc(rules.title)),
        "basis": [f"– {loc(basis)}" for basis in rules.legal_basis],
        "articles": articles,
        "annexes": [_timetable(rules), _categories(rules), _rubric(rules), _sight(rules), _prizes(rules)],
        "signers": [],
        "foot": _(
            "Version %(number)s, in force since %(at)s. SHA-256 of the rule set: %(sha256)s",
            number=version.number,
            at=moment(version.loaded_at),
            sha256=version.sha256,
        ),
    }
    return send_pdf(make_pdf("rules", data, at=version.loaded_at))


@bp.get('/cuoc-thi/<slug>/mau/<any("bai-du-thi", "nguoi-dai-dien", "dien-hinh", "xac-minh"):name>.pdf')
@public
@limiter.limit("60 per minute")
@shared(BRIEFLY)
def blank_form(slug: str, name: str) -> Response:
    contest = get_issued_contest(slug, g.now)
    version = contest.current_version
    assert version is not None
    make = {"bai-du-thi": _entry, "nguoi-dai-dien": _guardian, "dien-hinh": _exemplar, "xac-minh": _verification}
    return send_pdf(make_pdf("forms", make[name](contest), at=version.loaded_at))


def _head(rules: RuleSet, title: str, subtitle: str) -> dict[str, Any]:
    return paper(title, subtitle=subtitle, governing=loc(rules.bodies.governing), lead=loc(rules.bodies.lead))


# The tables behind the articles


def _annex(title: str, head: list[str], rows: list[list[str]], columns: list[float], note: str = "") -> dict[str, Any]:
    return {"title": title, "note": note, "head": head, "rows": rows, "columns": columns}


def _timetable(rules: RuleSet) -> dict[str, Any]:
    rows = [
        [
            loc(step.label),
            instant(step.at)
            if step.at
            else _("%(opens)s to %(closes)s", opens=moment(step.starts), closes=last_moment(step.ends)),
        ]
        for step in rules.public_steps()
    ]
    return _annex(_("Timetable"), [_("Step"), _("When (Viet Nam time)")], rows, [1, 1.2])


def _limits(category: Category) -> str:
    words = category.words
    least, most = number(words.min), number(words.max)
    text: str = _("any length")
    if words.min and words.max:
        text = _("%(least)s to %(most)s words", least=least, most=most)
    elif words.max:
        text = _("up to %(most)s words", most=most)
    elif words.min:
        text = _("at least %(least)s words", least=least)
    return text


def _categories(rules: RuleSet) -> dict[str, Any]:
    rows = []
    for category in rules.categories:
        kinds = [_(GENRES[genre]) for genre in category.genres] or [_(MEDIA[medium]) for medium in category.media]
        photos = (
            _("%(least)s to %(most)s", least=category.photos.min, most=category.photos.max) if category.photos else "–"
        )
        rows.append(
            [
                f"{category.id} – {loc(category.name)}",
                "; ".join(kinds) or "–",
                _limits(category),
                photos,
                number(category.max_entries_per_author),
            ]
        )
    head = [_("Category"), _("Genres or media"), _("Length"), _("Photos"), _("Entries per author")]
    return _annex(_("Categories"), head, rows, [1.5, 1.8, 1.2, 0.7, 0.8])


def _rubric(rules: RuleSet) -> dict[str, Any]:
    rows = [
        [each.id, loc(each.name), loc(each.guide) if each.guide else "", marks(each.max)]
        for each in rules.rubric.criteria
    ]
    rows.append(["", _("Total"), "", marks(rules.rubric.scale)])
    return _annex(
        _("How entries are marked"),
        [_("No."), _("Criterion"), _("What is looked at"), _("Most")],
        rows,
        [0.4, 1.6, 2.6, 0.5],
    )


def _sight(rules: RuleSet) -> dict[str, Any]:
    """What judges of each round see beside the text: the same matrix as on the jury's page."""
    rows = []
    for line in matrix(rules):
        name = f"{loc(line.round)} ({', '.join(line.categories)})" if line.categories else loc(line.round)
        rows.append([name, *(_("shown") if line.seen[what] else _("hidden") for what in WHAT)])
    return _annex(
        _("What judges may see"),
        [_("Round"), *(_(what) for what in WHAT.values())],
        rows,
        [1.6, *(1 for _what in WHAT)],
        _("Beside the text and its photos. Nobody sees what another judge gave before their own sheet is final."),
    )


def _prizes(rules: RuleSet) -> dict[str, Any]:
    rows = [
        [
            prize.category or _("Whole contest"),
            loc(prize.name),
            number(prize.count),
            money(prize.amount_vnd) if prize.amount_vnd else "–",
        ]
        for prize in rules.prizes
    ]
    head = [_("Category"), _("Prize"), _("How many"), _("Each")]
    note = _("Up to so many prizes; those that no entry merits are not given.")
    return _annex(_("Prizes"), head, rows, [0.8, 2, 0.7, 1.1], note)


# Blank forms


def _lines(label: str, count: int = 1) -> Item:
    return {"kind": "lines", "label": label, "count": count}


def _ticks(label: str, options: list[str]) -> Item:
    return {"kind": "ticks", "label": label, "options": options}


def _tick(label: str) -> Item:
    return {"kind": "tick", "label": label}


def _part(title: str, items: list[Item], note: str = "") -> dict[str, Any]:
    return {"title": title, "note": note, "items": items}


def _signer(title: str, note: str = "") -> dict[str, str]:
    return {"place": _("…………, day … month … year 20…"), "title": title, "note": note or _("(signature and full name)")}


def _asked(rules: RuleSet, prefix: str) -> list[Item]:
    """A line for each fact with this prefix that the rules ask for."""
    required = rules.entry_rules.required_fields
    return [_lines(_(ENTRY_FIELDS[name])) for name in required if name.startswith(prefix) and name not in _NOT_LINES]


def _entry(contest: Contest) -> dict[str, Any]:
    rules = contest.rules
    window = rules.window("paper_arrival") or rules.window("submission")
    genres = list(dict.fromkeys(genre for category in rules.categories for genre in category.genres))
    about = [
        _ticks(_("Category"), [f"{category.id} – {loc(category.name)}" for category in rules.categories]),
        _lines(_("Title")),
        *([_ticks(_("Genre"), [_(GENRES[genre]) for genre in genres])] if genres else []),
        _lines(_("Number of words")),
        _lines(_("Number of photos, and what they show"), 3),
    ]
    press = [
        _lines(_("Newspaper, station or site that published it")),
        _lines(_("Day of publication, and its address or page")),
        _lines(_("Length in minutes (radio, television)")),
    ]
    exemplar = [
        _ticks(_("Kind of exemplar"), [_(kind) for kind in EXEMPLAR_KINDS.values()]),
        *_asked(rules, "exemplar_"),
        *_asked(rules, "deed_"),
    ]
    author = [*_asked(rules, "author_"), *_group(rules)]
    declared: dict[str, str] = {}
    for category in rules.categories:
        declared |= declarations_for(publication=category.publication, required=rules.entry_rules.required_fields)
    return {
        **_head(rules, _("Entry form"), loc(rules.title)),
        "intro": _(
            "Fill in by hand or on a computer, put it on top of the entry, and send both to the secretariat"
            " so that they arrive by %(at)s. Taking part costs nothing. Your identity number is never asked for.",
            at=deadline(window.closes) if window else "…",
        ),
        "sections": [
            _part(_("The entry"), about),
            *(
                [_part(_("If it has been published"), press, _("For works of the press only."))]
                if any(category.media for category in rules.categories)
                else []
            ),
            _part(_("Who it is about"), exemplar),
            _part(
                _("Who wrote it"), author, _("Judges do not see this part, except where categories are marked openly.")
            ),
            _part(_("Declarations"), [_tick(_(text)) for text in declared.values()], _("Tick each one you agree to.")),
        ],
        "signers": [_signer(_("Legal representative, for an author under 18")), _signer(_("Author"))],
    }


def _group(rules: RuleSet) -> list[Item]:
    most = rules.eligibility.group_max - 1
    if most < 1:
        return []
    label = _("Co-authors, if it is the work of a group (name, year of birth, telephone; at most %(most)s)", most=most)
    return [_lines(label, most + 1)]


def _guardian(contest: Contest) -> dict[str, Any]:
    rules = contest.rules
    return {
        **_head(rules, _("Consent of the legal representative"), loc(rules.title)),
        "intro": _("For an author under %(age)s on the day of submission.", age=ADULT_AGE),
        "sections": [
            _part(
                _("The author"),
                [_lines(_("Full name")), _lines(_("Date of birth")), _lines(_("School or unit")), _lines(_("Title"))],
            ),
            _part(
                _("The legal representative"),
                [
                    _lines(_("Full name")),
                    _lines(_("Relation to the author")),
                    _lines(_("Telephone number")),
                    _lines(_("Address"), 2),
                ],
            ),
            _part(_("Consent"), [_tick(_(GUARDIAN_CONSENT)), _data_text(rules)]),
        ],
        "signers": [_signer(_("Author")), _signer(_("Legal representative"))],
    }


def _data_text(rules: RuleSet) -> Item:
    text = _(
        "Consent may be withdrawn at any time, in writing or by telephone to the secretariat. How long data is"
        " kept: %(retention)s",
        retention=loc(rules.privacy.retention),
    )
    return {"kind": "text", "label": text}


def _exemplar(contest: Contest) -> dict[str, Any]:
    rules = contest.rules
    texts = list(dict.fromkeys(CONSENT_TEXTS[CONSENT_VERSION].values()))
    consent = [_ticks(_(text), [_("Yes"), _("No")]) for text in texts]
    return {
        **_head(rules, _("Consent of the exemplar"), loc(rules.title)),
        "intro": _("For the person, collective or household that an entry is about. Each question is answered alone."),
        "sections": [
            _part(
                _("The exemplar"),
                [
                    _lines(_("Full name, or name of the collective")),
                    _lines(_("Year of birth")),
                    _lines(_("Address"), 2),
                    _lines(_("Telephone number")),
                ],
            ),
            _part(_("The entry"), [_lines(_("Title")), _lines(_("Author"))]),
            _part(
                _("What I agree to"),
                [*consent, _tick(_(GUARDIAN_CONSENT_TEXTS[CONSENT_VERSION])), _data_text(rules)],
                _("Version %(number)s of the wording", number=CONSENT_VERSION),
            ),
        ],
        "signers": [
            _signer(_("Legal representative, for a child")),
            _signer(_("The exemplar"), _("(signature and full name, or who speaks for the collective)")),
        ],
    }


def _verification(contest: Contest) -> dict[str, Any]:
    rules = contest.rules
    outcomes = [_(OUTCOMES[outcome]) for outcome in rules.verification.outcomes]
    holds = [_(HOLD_REASONS[reason]) for reason in rules.verification.hold_reasons]
    items = [
        _ticks(_("Outcome"), outcomes),
        *([_ticks(_("If on hold, why"), holds)] if holds else []),
        _lines(_("How it was verified: who went where, whom they asked, which papers they saw"), 6),
        _lines(_("What is not as the entry tells it"), 4),
        _lines(_("Papers attached"), 2),
    ]
    return {
        **_head(rules, _("Verification of an exemplar"), loc(rules.title)),
        "intro": _(
            "Done by: %(who)s, within %(days)s working days.",
            who=loc(rules.verification.by),
            days=rules.verification.deadline_working_days,
        ),
        "sections": [
            _part(
                _("What is verified"),
                [
                    _lines(_("Name of the exemplar")),
                    _lines(_("Address of the exemplar"), 2),
                    _lines(_("Title of the entry, and its code")),
                    _lines(_("Where and when it happened"), 2),
                ],
            ),
            _part(_("What the unit found"), items),
            _part(
                _("Consent"),
                [_ticks(say_message(text), [_("Yes"), _("No")]) for text in CONSENT_TEXTS[CONSENT_VERSION].values()],
            ),
        ],
        "signers": [_signer(_("Who verified it")), _signer(_("For the unit"), _("(signature, seal and full name)"))],
    }
