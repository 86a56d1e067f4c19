"""The council, the results, the decision, and the approval of two organisers."""

from __future__ import annotations

from datetime import date, datetime
from functools import partial

from flask_babel import force_locale

from contest.contests.models import Contest
from contest.core.errors import N_
from contest.core.web.errors import say_message
from contest.demo import stories
from contest.demo.acts_checks import look_up
from contest.demo.stage import Act, Stage, at
from contest.demo.stories import FIRST, SECOND, reason
from contest.judging import services as judging
from contest.judging.meetings import Presence, meetings_of
from contest.judging.minutes import make_minutes, sign, versions_of
from contest.judging.minutes_sources import day_line
from contest.judging.queries import is_locked
from contest.results import services as results
from contest.results.beside_sources import standing_choices, unit_figures
from contest.results.choices import choose_entry, choose_unit
from contest.results.in_minutes import prizes_in_words
from contest.results.models import ResultSet
from contest.results.queries import find_standing
from contest.results.rules import DECISION, FINAL, beside_prizes, posts_first

# Ties that a council settles one after the other; more than this is no tie but a mistake.
_MOST_BALLOTS = 8
_PRESENT = 9
# Members of a council of which one may be away.
_FEWEST = 3


def meet(stage: Stage, now: datetime, *, contest_id: str) -> int:
    """The council meets before names are known; one member is away. A meeting that a visitor began is theirs."""
    contest, chair = stage.contest(contest_id), stage.person("huan")
    if meetings_of(contest):
        return 0
    begun = stage.attempt(
        judging.open_meeting,
        contest=contest,
        held_at=now,
        place="Phòng họp số 2, Trung tâm Hành chính tỉnh An Lam",
        actor=chair,
        now=now,
    )
    if not begun.done:
        return 0
    meeting = begun.value
    members = [row.user.public_id for row in meeting.attendance if row.capacity == "member"]
    away = members[-1] if len(members) > _FEWEST else None
    presence = {
        row.user.public_id: Presence(row.user.public_id != away, "Đi công tác theo lịch của đơn vị")
        for row in meeting.attendance
    }
    common = {"meeting": meeting, "contest": contest, "actor": chair, "now": now}
    stage.attempt(judging.note_attendance, presence=presence, version=meeting.version, **common)
    notes = reason("council" if contest.rules.id == FIRST else "council_ntvt")
    stage.attempt(judging.save_notes, notes=notes, version=meeting.version, **common)
    stage.attempt(judging.close_meeting, **common)
    return sum(row.present for row in meeting.attendance)


def open_codes(stage: Stage, now: datetime, *, contest_id: str) -> int:
    """Codes and entries are joined again by two people, once, before the results are computed."""
    contest = stage.contest(contest_id)
    if find_standing(contest.id) is not None:
        return 0
    done = 0
    for category in contest.rules.categories:
        if is_locked(contest, contest.rules.last_round.id, category.id):
            where = {"contest": contest, "category": category.id, "now": now}
            asked = stage.attempt(judging.ask_to_open, reason=reason("open_codes"), actor=stage.person("huan"), **where)
            done += asked.done and stage.attempt(judging.open_codes, actor=stage.person("diep"), **where).done
    return done


def compute(stage: Stage, now: datetime, *, contest_id: str) -> int:
    """Work out the prizes; where a tie stands at the edge of a prize, the council votes first."""
    contest, organiser = stage.contest(contest_id), stage.person("diep")
    before = find_standing(contest.id)
    if before is not None and before.second_approver_id is not None:
        return 0
    fingerprint = before.fingerprint if before else None
    for _ in range(_MOST_BALLOTS):
        computed = stage.attempt(results.compute_results, contest=contest, actor=organiser, now=now)
        if not computed.done or not _vote_on_ties(stage, contest, computed.value.report["undecided"], now):
            break
    after = find_standing(contest.id)
    return int(after is not None and after.fingerprint != fingerprint)


def _vote_on_ties(stage: Stage, contest: Contest, undecided: list[dict[str, object]], now: datetime) -> bool:
    """A ballot on the first tie that waits for one; whether there was one."""
    note = reason("council" if contest.rules.id == FIRST else "council_ntvt")
    for tie in undecided:
        prize = contest.rules.find_prize(str(tie["prize"]))
        codes = tie["vote_on"]
        if tie["reason"] != "ballot" or prize is None or prize.category is None or not isinstance(codes, list):
            continue
        return stage.attempt(
            judging.record_council_ballot,
            contest=contest,
            category=prize.category,
            groups=[[code] for code in sorted(codes)],
            present=_PRESENT,
            note=note,
            actor=stage.person("huan"),
            now=now,
        ).done
    return False


def choose_beside(stage: Stage, now: datetime, *, contest_id: str) -> int:
    """The committee chooses units and exemplars for prizes beside the ladder; then the results are worked out anew."""
    contest, organiser = stage.contest(contest_id), stage.person("diep")
    standing = find_standing(contest.id)
    if standing is None or standing.decision_number is not None:
        return 0
    chosen = {each.prize_id for each in standing_choices(contest.id)}
    done = 0
    for prize in beside_prizes(contest.rules):
        why = stories.around()["beside"].get(prize.id)
        if why is None or prize.id in chosen:
            continue
        common = {"contest": contest, "prize_id": prize.id, "why": why, "actor": organiser, "now": now}
        if prize.to == "unit":
            for figures in unit_figures(contest)[: prize.count]:
                done += stage.attempt(choose_unit, code=figures.unit.code, **common).done
        else:
            for code in _best_placed(contest, standing)[: prize.count]:
                done += stage.attempt(choose_entry, code=code, **common).done
    if done:
        compute(stage, now, contest_id=contest_id)
    return done


def _best_placed(contest: Contest, standing: ResultSet) -> list[str]:
    """Codes of the entries with Third Prize or above in the first category."""
    first = contest.rules.categories[0].id
    rungs = {prize.id for _, prize in contest.rules.ladder(first) if prize.rung != "khuyen_khich"}
    return [award.entry.blind_code or "" for award in standing.awards if award.prize_id in rungs]


def cite(stage: Stage, now: datetime, *, contest_id: str) -> int:
    """The words that are read out with the first prizes, where nobody wrote others."""
    standing = find_standing(stage.contest(contest_id).id)
    if standing is None or standing.first_approver_id is not None:
        return 0
    words, done = stories.around()["citations"], 0
    for award in standing.awards:
        story = stage.story_of(award.entry_id)
        text = words.get(story.id, "") if story and award.place else ""
        if text and not award.citation:
            done += stage.attempt(
                results.set_citation, award=award, text=text, actor=stage.person("diep"), now=now
            ).done
    return done


def write_minutes(stage: Stage, now: datetime, *, contest_id: str) -> int:
    """The secretary makes the minutes of the last round in each category; secretary and head of jury sign."""
    contest, secretary = stage.contest(contest_id), stage.person("van")
    last, done = contest.rules.last_round.id, 0
    for category in contest.rules.categories:
        if not is_locked(contest, last, category.id) or versions_of(contest, last, category.id):
            continue
        with force_locale("vi"):
            made = stage.attempt(
                make_minutes,
                contest=contest,
                round_id=last,
                category=category.id,
                number="",
                place="An Lam",
                date=day_line("An Lam", now, say_message),
                conclusions=reason("council" if contest.rules.id == FIRST else "council_ntvt"),
                prizes=prizes_in_words(contest, category.id, say_message),
                say=say_message,
                actor=secretary,
                now=now,
            )
        if made.done:
            done += 1
            for person in (secretary, stage.person("huan")):
                stage.attempt(
                    sign, contest=contest, minutes=made.value, sha256=made.value.sha256, actor=person, now=now
                )
    return done


def post(stage: Stage, now: datetime, *, contest_id: str) -> int:
    contest = stage.contest(contest_id)
    standing = find_standing(contest.id)
    if standing is None or standing.posted_by_id is not None or not posts_first(contest.rules):
        return 0
    look_up(stage, now, contest_id=contest_id, point=FINAL)
    return int(stage.attempt(results.release_posting, contest=contest, actor=stage.person("diep"), now=now).done)


def decide(stage: Stage, now: datetime, *, contest_id: str) -> int:
    """Enter the decision. When a visitor changed something meanwhile, the prizes are worked out again first."""
    contest = stage.contest(contest_id)
    standing = find_standing(contest.id)
    if standing is not None and standing.decision_number is not None:
        return 0
    compute(stage, now, contest_id=contest_id)
    post(stage, now, contest_id=contest_id)
    look_up(stage, now, contest_id=contest_id, point=DECISION)
    told = stories.decisions()["contests"][contest_id]
    return int(
        stage.attempt(
            results.enter_decision,
            contest=contest,
            number=told["number"],
            on=date.fromisoformat(told["date"]),
            signer=f"{told['signer']}, {told['signer_title']}",
            title=told["title"],
            actor=stage.person(told["prepared_by"]),
            now=now,
        ).done
    )


def approve(stage: Stage, now: datetime, *, contest_id: str) -> int:
    """Two organisers approve; where a visitor approved as one of them, the other follows."""
    contest = stage.contest(contest_id)
    told = stories.decisions()["contests"][contest_id]
    done = 0
    for key in (told["prepared_by"], told["approver"]):
        standing = find_standing(contest.id)
        person = stage.person(key)
        if standing is None or standing.second_approver_id is not None or standing.first_approver_id == person.id:
            continue
        done += stage.attempt(
            results.approve, contest=contest, typed_number=standing.decision_number or "", actor=person, now=now
        ).done
    return done


def _acts(
    contest_id: str,
    met: str,
    codes: str,
    computed: str,
    beside: str,
    cited: str,
    minutes: str,
    posted: str | None,
    decision: str,
    approval: str,
) -> list[Act]:
    plan = [
        (met, N_("The council met; %(count)s of its members were present."), meet),
        (codes, N_("Codes and entries were joined in %(count)s categories."), open_codes),
        (computed, N_("The council met and the prizes were worked out."), compute),
        (beside, N_("%(count)s units and exemplars were chosen for prizes beside the ranking."), choose_beside),
        (cited, N_("%(count)s citations were written."), cite),
        (minutes, N_("The minutes of %(count)s categories were made and signed."), write_minutes),
        (posted, N_("The provisional results were released for posting."), post),
        (decision, N_("The decision that recognises the results was entered."), decide),
        (approval, N_("%(count)s organisers approved the results."), approve),
    ]
    return [
        Act(at(moment), what, partial(verb, contest_id=contest_id), contest_id) for moment, what, verb in plan if moment
    ]


def acts() -> list[Act]:
    return [
        *_acts(
            FIRST,
            "2027-05-28 13:30",
            "2027-05-28 13:40",
            "2027-05-28 15:30",
            "2027-06-01 09:00",
            "2027-06-02 09:00",
            "2027-05-28 16:20",
            None,
            "2027-06-08 08:30",
            "2027-06-09 09:00",
        ),
        *_acts(
            SECOND,
            "2027-09-28 08:00",
            "2027-09-28 08:30",
            "2027-09-28 10:30",
            "2027-09-28 14:00",
            "2027-09-28 15:00",
            "2027-09-28 11:15",
            "2027-09-28 16:00",
            "2027-10-08 08:30",
            "2027-10-11 09:00",
        ),
    ]
