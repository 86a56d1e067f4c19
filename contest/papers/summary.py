"""The minutes of the results: what was judged, voted and decided, in the form of papers of the State. In Vietnamese."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from contest.contests.models import Contest
from contest.core.formats import day, money, money_words, number
from contest.papers.certificates import decided_results
from contest.papers.lists import budget, results_list
from contest.results.models_after import Amendment
from contest.results.outcome import accepted_by_category
from contest.results.queries import amendments_at
from contest.results.wording import told

Say = Callable[..., str]


def minutes_sections(contest: Contest, now: datetime, say: Say) -> list[dict[str, Any]]:
    """The sections of templates/papers/minutes.typ. Raises Refused before the results are decided."""
    result_set, rules = decided_results(contest), contest.rules
    report = result_set.report
    accepted = accepted_by_category(contest.id)
    decided = f"Quyết định số {result_set.decision_number} ngày {day(result_set.decision_date)}"
    basis = [
        *(each.vi for each in rules.legal_basis),
        f"{decided} {result_set.decision_title or ''}, do {result_set.decision_signer} ký.".replace(" ,", ","),
    ]
    amendments = amendments_at(contest.id, now)
    basis += [
        f"Quyết định số {each.decision_number} ngày {day(each.decision_date)} điều chỉnh kết quả,"
        f" do {each.decision_signer} ký."
        for each in amendments
    ]
    judged = [
        [
            f"{each.id} – {each.name.vi}",
            number(accepted.get(each.id, 0)),
            number(len(report["rankings"].get(each.id, []))),
        ]
        for each in rules.categories
    ]
    prizes, sums = results_list(contest, now), budget(contest, now)
    given = [[str(row[0]), str(row[1]), str(row[3]), str(row[5])] for row in prizes.rows]
    whole = sums.total[4]
    sections = [
        {"title": "Căn cứ", "blocks": [{"kind": "list", "items": basis}]},
        {
            "title": "Bài dự thi và chấm thi",
            "blocks": [
                {"kind": "text", "text": "Số bài hợp lệ và số bài được xếp hạng ở vòng cuối:"},
                _table(["Hạng mục", "Bài hợp lệ", "Xếp hạng"], [0, 30, 30], "lrr", judged),
            ],
        },
    ]
    if tally := report["tally"]:
        text = (
            f"Bạn đọc bỏ {number(tally['cast'])} phiếu; {number(tally['valid'])} phiếu hợp lệ,"
            f" {number(tally['cast'] - tally['valid'])} phiếu không được tính."
        )
        sections.append({"title": "Bạn đọc bình chọn", "blocks": [{"kind": "text", "text": text}]})
    sections.append(
        {
            "title": "Giải thưởng",
            "blocks": [
                {"kind": "text", "text": f"Có {number(len(given))} giải được trao:"},
                _table(["STT", "Tác giả, tập thể", "Tác phẩm", "Giải thưởng"], [12, 0, 52, 42], "clll", given),
                {"kind": "text", "text": f"Tổng giá trị giải thưởng: {money(whole)} ({money_words(whole).lower()})."},
            ],
        }
    )
    held = [
        f"{prize.name.vi}{f', hạng mục {prize.category}' if prize.category else ''}: {number(each['seats'])} giải."
        f" {say(*told(each['why']))}"
        for each in report["withheld"]
        if (prize := rules.find_prize(each["prize"])) is not None
    ]
    held += [
        f"{_prize_of(contest, each)}: thu hồi theo Quyết định số {each.decision_number} ngày {day(each.decision_date)}."
        f" {each.reason}"
        for each in amendments
        if each.kind == "revoke" and not each.moves.get("comes")
    ]
    nothing = [{"kind": "text", "text": "Các giải theo Thể lệ đều được xét; không giải nào bị giữ lại."}]
    sections.append({"title": "Giải không trao", "blocks": [{"kind": "list", "items": held}] if held else nothing})
    return sections


def _prize_of(contest: Contest, amendment: Amendment) -> str:
    award = amendment.award or amendment.unit_award
    prize = contest.rules.find_prize(award.prize_id) if award else None
    if prize is None:
        return ""
    return f"{prize.name.vi}{f', hạng mục {prize.category}' if prize.category else ''}"


def _table(head: list[str], widths: list[int], align: str, rows: list[list[str]]) -> dict[str, Any]:
    return {"kind": "table", "head": head, "widths": widths, "align": align, "rows": rows}
