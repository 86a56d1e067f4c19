"""Receipts: to look at, print, and check against; and what changed from one submission to the next."""

from __future__ import annotations

from typing import Any

from flask import Response, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from contest.contests.queries import get_contest
from contest.core.differences import differences, words
from contest.core.formats import instant, loc
from contest.core.pdf import make_pdf
from contest.core.qr import qr_path
from contest.core.web import limiter, needs, public, signed_in
from contest.core.web.errors import say_message
from contest.core.web.papers import paper, send_pdf
from contest.entries import receipts
from contest.entries.forms import FindReceiptForm, ReceiptForm, whole_number
from contest.entries.models import Entry, Receipt
from contest.entries.queries import find_receipt, get_own_entry, get_receipt, get_screened_entry
from contest.entries.views import bp, me

# More than the largest photo or document that is taken.
_FILE_MOST = 22_000_000


@bp.get("/bien-nhan")
@public
@limiter.limit("30 per minute")
def find_a_receipt() -> str | AnyResponse:
    """Where somebody who holds a code begins."""
    form = FindReceiptForm(request.args, meta={"csrf": False})
    code = "".join((form.ma.data or "").split()).upper()[:40]
    if code:
        if find_receipt(code) is not None:
            return redirect(url_for("entries.compare", code=code), 303)
        form.ma.errors = [_("No receipt has this code. Please compare it letter by letter with the paper or message.")]
    return render_template("entries/find_receipt.html", form=form)


@bp.get("/bien-nhan/<code>")
@public
@limiter.limit("60 per minute")
def receipt(code: str) -> str:
    found = get_receipt(code)
    mine = _is_mine(found)
    return render_template(
        "entries/receipt.html",
        receipt=found,
        entry=found.entry if mine else None,
        state=found.entry.state,
        latest=found.entry.receipts[-1],
        qr=qr_path(url_for("entries.receipt", code=found.code, _external=True)),
        fresh=mine and request.args.get("moi") == "1",
        sums=_sums(found, mine=mine),
        **_contest_of(found),
    )


@bp.get("/bien-nhan/<code>.pdf")
@public
@limiter.limit("20 per minute")
def receipt_pdf(code: str) -> Response:
    """The receipt as a paper; it names the author to the author alone, as the page does."""
    found = get_receipt(code)
    mine = _is_mine(found)
    rules, category = found.entry.contest.rules, found.entry.contest.rules.category(found.entry.category)
    withdrawn = found.kind == receipts.WITHDRAWN
    address = url_for("entries.receipt", code=found.code, _external=True)
    qr = qr_path(address)
    rows = [
        [_("Withdrawn at") if withdrawn else _("Received at"), instant(found.at)],
        [_("Entry"), f"“{found.title}”"],
        [_("Category"), f"{category.id} – {loc(category.name)}"],
        [_("Receipt"), _("number %(number)s of this entry", number=found.number)],
        [_("Length"), ngettext("%(num)s word", "%(num)s words", found.word_count)],
        [_("Rules"), _("version %(number)s", number=found.rules_version.number)],
        *([[_("Author"), found.entry.author_name]] if mine else []),
    ]
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {qr.size} {qr.size}" shape-rendering="crispEdges">'
        f'<path d="{qr.path}"/></svg>'
    )
    data = {
        **paper(
            _("Receipt for the withdrawal of an entry") if withdrawn else _("Receipt for an entry"),
            subtitle=loc(rules.title),
            governing=loc(rules.bodies.governing),
            lead=loc(rules.bodies.lead),
        ),
        "code_label": _("Receipt code"),
        "code": found.code,
        "facts": rows,
        "qr": svg,
        "qr_alt": _("QR code that leads to this receipt"),
        "sums_title": _("Checksums (SHA-256)"),
        "sums_note": _(
            "They prove which text and which files were received. Change one letter, and they no longer match."
        ),
        "sums": [[_("Text"), found.text_sha256], *_sums(found, mine=mine)],
        "notes": [
            *([_("The entry was withdrawn at its author's wish. It will not be judged.")] if withdrawn else []),
            _(
                "Anyone with this code can look at the receipt and hold the text against it at %(address)s.",
                address=address,
            ),
            _("The text is taken as NFC in UTF-8 with LF between lines; a file is taken as the bytes that were sent."),
        ],
    }
    return send_pdf(make_pdf("receipt", data, at=found.at))


def _is_mine(found: Receipt) -> bool:
    return bool(current_user.is_authenticated and found.entry.author_id == current_user.id)


def _sums(found: Receipt, *, mine: bool) -> list[tuple[str, str]]:
    """Each file with its checksum; what it shows or is called is told to the author alone."""
    numbers: dict[str, int] = {}
    rows = []
    for file in found.files:
        kind = str(file.get("kind") or receipts.PHOTO)
        numbers[kind] = number = numbers.get(kind, 0) + 1
        caption = file.get("caption")
        rows.append((_file_name(kind, number) + (f": {caption}" if mine and caption else ""), str(file["sha256"])))
    return rows


def _file_name(kind: str, number: int) -> str:
    return f"{say_message(receipts.FILE_KINDS.get(kind, receipts.FILE_KINDS['source']))} {number}"


def _contest_of(found: Receipt) -> dict[str, Any]:
    contest = found.entry.contest
    return {
        "contest": contest,
        "rules": contest.rules,
        "category": contest.rules.category(found.entry.category),
    }


# Holding a text or a file against a receipt


@bp.get("/bien-nhan/<code>/doi-chieu")
@public
@limiter.limit("60 per minute")
def compare(code: str) -> str:
    return _compare_page(get_receipt(code), ReceiptForm(formdata=None))


def _compare_page(found: Receipt, form: ReceiptForm, answer: list[str] | None = None) -> str:
    """`answer`: what on the receipt matches, in words; empty when nothing does, None before asking."""
    return render_template("entries/compare.html", receipt=found, form=form, answer=answer, **_contest_of(found))


@bp.post("/bien-nhan/<code>/doi-chieu")
@public
@limiter.limit("20 per minute")
def compare_text(code: str) -> Any:
    """Whether a text or a file has a checksum that was given out; nothing of it is kept."""
    found = get_receipt(code)
    form = ReceiptForm()
    text, sent = form.text.data or "", request.files.get("file")
    content = sent.read(_FILE_MOST + 1) if sent else b""
    if not text.strip() and not content:
        form.text.errors = [_("Paste the text, or choose a file, first.")]
        return _compare_page(found, form), 422
    if len(content) > _FILE_MOST:
        form.file.errors = [_("This file is larger than any that is taken here, so it is not on the receipt.")]
        return _compare_page(found, form), 422
    matches = receipts.match_text(found, text) if text.strip() else []
    if content:
        matches += receipts.match_file(found, content)
    named = [_("the text") if each.kind == "text" else _file_name(each.kind, each.number) for each in matches]
    return _compare_page(found, form, list(dict.fromkeys(named)))


# What changed from one receipt to the next


@bp.get("/bai-cua-toi/<public_id>/lich-su")
@signed_in
def history(public_id: str) -> str:
    entry = get_own_entry(public_id, me().id)
    back = (url_for("entries.own", public_id=public_id), entry.title)
    return _history_page(entry, [(url_for("desk.my_entries"), _("My entries")), back], "entries.history", {})


@bp.get("/ban-to-chuc/<slug>/bai-du-thi/<public_id>/lich-su")
@needs("secretary", "organiser")
def desk_history(slug: str, public_id: str) -> str:
    entry = get_screened_entry(get_contest(slug).id, public_id)
    trail = [
        (url_for("screening.desk", slug=slug), _("Entries")),
        (url_for("screening.desk_entry", slug=slug, public_id=public_id), entry.title),
    ]
    return _history_page(entry, trail, "entries.desk_history", {"slug": slug})


def _history_page(entry: Entry, trail: list[tuple[str, str]], endpoint: str, where: dict[str, Any]) -> str:
    """All receipts of an entry, and one of them against the submission before it (`so`: its number)."""
    every = list(entry.receipts)
    sent = [each for each in every if each.kind == receipts.SUBMITTED]
    asked = whole_number(request.args.get("so"))
    shown = next((each for each in sent[1:] if each.number == asked), sent[-1] if len(sent) > 1 else None)
    before = sent[sent.index(shown) - 1] if shown else None
    return render_template(
        "entries/history.html",
        entry=entry,
        trail=trail,
        receipts=every[::-1],
        comparable={each.number for each in sent[1:]},
        addresses={
            each.number: url_for(endpoint, public_id=entry.public_id, so=each.number, **where) + "#khac-nhau"
            for each in sent[1:]
        },
        shown=shown,
        before=before,
        title=words(before.title, shown.title) if shown and before else (),
        passages=differences(before.text, shown.text) if shown and before else [],
        files=receipts.file_changes(before, shown) if shown and before else [],
        file_kinds=receipts.FILE_KINDS,
        contest=entry.contest,
        rules=entry.contest.rules,
        now=g.now,
    )
