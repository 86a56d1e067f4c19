"""What each choice of the wizard means, in a sentence beside its field. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from contest.core.errors import N_

# By the path of the field, places in lists left out.
HINTS: Final[Mapping[str, str]] = {
    "title": N_("As the plan and the decision call it, with the year or the edition."),
    "theme": N_("What entries are about, in one line; it stands below the title."),
    "tenant": N_("The province, sector or organisation that holds the contest."),
    "family": N_("Decides which words pages use: entry and author, or work and journalist."),
    "bodies.governing": N_("Who approves the plan, usually the People's Committee or the Party Committee."),
    "bodies.lead": N_("The standing body: it issues the rules and answers for them."),
    "bodies.programme": N_("The coordination programme that the contest belongs to."),
    "bodies.observer": N_("Who watches over lots, the opening of codes and the count."),
    "bodies.partners[]": N_("A body that co-organises, sponsors or publishes."),
    "legal_basis[]": N_("For example: Plan No. 12/KH-UBND of 05/01/2027 of the People's Committee."),
    "timeline[].label": N_("Shown on the page of the contest; change it only where your plan says it otherwise."),
    "timeline[].public": N_("Visitors do not see steps of the secretariat and the jury unless this is set."),
    "eligibility.open_to": N_("Who may send entries, as the rules say it."),
    "eligibility.min_age": N_("In whole years on the day of submission; 0 for no limit."),
    "eligibility.barred": N_("Who holds such a role in this contest cannot send an entry."),
    "categories[].publication": N_("Published works need proof of where and when; the window below is for them."),
    "categories[].published_window.from": N_("Published works count from this day on."),
    "categories[].genres": N_("Writers choose one of these when they submit."),
    "categories[].words.tolerance_over_pct": N_("Longer entries are refused only beyond this; 0 holds to the number."),
    "categories[].blind": N_("Names in texts and photos are covered by the secretariat before judges read."),
    "categories[].guardian_consent": N_("Asked of every author of this category; under 18 it is asked always."),
    "entry_rules.formats": N_("Writing on the page itself is always possible."),
    "entry_rules.required_fields": N_("Ask for what is needed to judge and to pay the prize, and no more."),
    "entry_rules.exemplar_rule": N_("Real people and real deeds: who counts as one, and who may agree for them."),
    "verification.by": N_("Which body says that the person and the deed are real, usually the commune."),
    "verification.deadline_working_days": N_("Days off of the calendar do not count; units are reminded before."),
    "verification.required_before": N_("An entry goes no further than this step without an answer."),
    "rounds[].judges_per_entry": N_("Two or more: one alone cannot be compared with anybody."),
    "rounds[].mode": N_("Judges never see each other's sheets before their own is final; the council may follow."),
    "rounds[].aggregate": N_("The mean is what most rules say; leaving out the extremes takes three judges at least."),
    "rounds[].gap.type": N_("Sheets that lie too far apart are looked at before the round is locked."),
    "rounds[].gap.threshold": N_("In points of the scale below."),
    "rounds[].gap.action": N_("What happens when the gap is larger; the scores that were given stay on record."),
    "rounds[].advance.min_score": N_("Nobody goes on below this total, even where places are left."),
    "rubric.step": N_("Half points on a scale of 10, whole points on a scale of 100 are usual."),
    "rubric.criteria[].max": N_("How much this criterion weighs."),
    "rubric.criteria[].guide": N_("What earns full marks and what few: judges read it beside the field."),
    "scoring.tie_break[].rule": N_("Tried in this order until totals are parted."),
    "scoring.tiers[].min": N_("No prize of this rung is given below this total."),
    "scoring.withhold_allowed": N_("The council may leave a prize empty when nothing reaches its level."),
    "scoring.one_prize_per_author_per_category": N_("The higher prize stays; the next in rank takes the other one."),
    "scoring.prize_taken_back": N_(
        "After the announcement, when a prize is revoked. Before it, the next always moves up."
    ),
    "prizes[].id": N_("For lists and files: the category and the rung, such as A-nhat."),
    "prizes[].category": N_("Prizes for the whole contest are given beside the ranking."),
    "prizes[].rung": N_("A rung of the ladder above: then the ranking fills this prize. Other words: given by rule."),
    "prizes[].amount_vnd": N_("What one winner receives; the total is checked against the budget."),
    "prizes[].to": N_("Who stands on the certificate and receives the money."),
    "prizes[].paper": N_("The contest gives certificates; giấy khen and bằng khen are proposed, never printed here."),
    "prizes[].rule": N_("How it is decided where no ranking decides it: readers' vote, oldest author, a topic …"),
    "budget_prizes_vnd": N_("All prizes together may not cost more."),
    "voting.enabled": N_("Readers choose a prize of their own. Nothing of it enters the marks."),
    "voting.categories": N_("Entries of these categories are put to the vote."),
    "voting.identity": N_("Needed where readers vote. Mobile numbers reach most; a list of members suits one body."),
    "voting.choices_max": N_("How many entries one reader may choose."),
    "voting.min_valid_voters_for_prize": N_("With fewer readers the prize is not given."),
    "voting.author_names_shown": N_("Only where marking is locked first: judges would learn whom they mark."),
    "voting.paper_ballots": N_("For gatherings: ballots are counted in by two people."),
    "announcement.mode": N_("Provisional results are posted for remarks; or ranks stay closed until the instant."),
    "announcement.press_early_access": N_("Under embargo, before the announcement. Empty: when everybody does."),
    "announcement.author_names_public_from": N_("Never before judges have finished."),
    "complaints.channels": N_("Whatever comes in by hand is entered by the secretariat with the same receipt."),
    "complaints.answer_working_days": N_("The clock of each complaint is shown to its owner and to who complains."),
    "complaints.freeze_award": N_("The decision waits for that prize, not for the others."),
    "rights.organiser_licence": N_("Print, read aloud, show: for how long, and that the author stays named."),
    "privacy.retention": N_("What is deleted when; the system keeps to the days that are set for the site."),
    "rules_articles[].text": N_("Days are told as 31/3/2027: those of the timetable move with it."),
}
_PLACES: Final = re.compile(r"\[\d+\]")


def hint_of(path: str) -> str:
    """What the field at a path means; "" where its name says enough."""
    return HINTS.get(_PLACES.sub("[]", path), "")
