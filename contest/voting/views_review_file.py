"""What was set aside, as a file for the minutes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from flask import Response, g
from flask_babel import gettext as _

from contest.contests.labels import SET_ASIDE_REASONS
from contest.contests.models import Contest
from contest.core.formats import loc, local, moment
from contest.core.web import needs
from contest.core.workbooks import Page, make_workbook, safe_text
from contest.voting import queries, review
from contest.voting import review_lists as lists
from contest.voting.models_review import Setting
from contest.voting.views import bp
from contest.voting.views_review import HERE, STAFF, contest_of

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Pages of batches that a file holds, the latest first.
_EXPORTED = 40


@bp.get(f"{HERE}/tong-hop.<any(csv, xlsx):ending>")
@needs(*STAFF)
def review_export(slug: str, ending: str) -> Response:
    """What was set aside, by reason, and the batches: text and numbers, never a formula."""
    contest = contest_of(slug)
    pages = (_reasons_page(contest), _settings_page(contest))
    if ending == "xlsx":
        content, kind = make_workbook(pages), _XLSX
    else:
        content, kind = _as_csv(pages), "text/csv; charset=utf-8"
    name = f"ra-soat-binh-chon-{slug}-{local(g.now):%Y%m%d}.{ending}"
    return Response(
        content,
        content_type=kind,
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"},
    )


def _reasons_page(contest: Contest) -> Page:
    aside = lists.set_aside_by_reason(contest.id)
    cast = queries.turnout(contest.id)
    rows: list[tuple[str, int]] = [(_("Ballots cast"), cast)]
    rows += [(_(SET_ASIDE_REASONS[reason]), count) for reason, count in aside.items()]
    rows += [(_("Set aside in all"), sum(aside.values())), (_("Not set aside"), max(cast - sum(aside.values()), 0))]
    return Page(_("By reason"), (loc(contest.rules.title), _("Ballots")), (60, 12), rows)


def _settings_page(contest: Contest) -> Page:
    headings = (
        _("Batch"),
        _("What"),
        _("Reason"),
        _("Ballots"),
        _("Done to"),
        _("State"),
        _("Proposed by"),
        _("Proposed"),
        _("Why, in words"),
        _("Decided by"),
        _("Decided"),
        _("What the second person said"),
        _("SHA-256 of the numbers"),
    )
    return Page(
        _("Batches of the review"), headings, (16, 18, 30, 9, 9, 18, 24, 17, 50, 24, 17, 50, 66), _setting_rows(contest)
    )


def _setting_rows(contest: Contest) -> Iterable[Sequence[Any]]:
    names = {**SET_ASIDE_REASONS, **review.ADMIT_REASONS}
    after = ""
    for _page in range(_EXPORTED):
        page = lists.settings_of(contest.id, after)
        for each in page.settings:
            yield _setting_row(each, names)
        if not (after := page.after):
            return


def _setting_row(each: Setting, names: dict[str, str]) -> Sequence[Any]:
    return (
        each.public_id,
        _("Not to be counted") if each.kind == review.VOID else _("Count again"),
        _(names[each.reason]),
        each.ballots,
        each.changed if each.changed is not None else "",
        _(review.SETTING_STATES[each.state]),
        each.proposer.name,
        each.proposed_at,
        each.words,
        each.decider.name if each.decider else "",
        each.decided_at or "",
        each.answer or "",
        each.digest,
    )


def _as_csv(pages: Sequence[Page]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    for page in pages:
        writer.writerow([safe_text(heading) for heading in page.headings])
        for row in page.rows:
            writer.writerow([_cell(value) for value in row])
        writer.writerow([])
    return out.getvalue().encode("utf-8-sig")


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return moment(value)
    return str(value) if isinstance(value, int) else safe_text(str(value))
