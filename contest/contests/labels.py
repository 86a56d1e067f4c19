"""What the codes of a rule set are called on screen: English sentences or words, for translation.

Keyed by code, in the order in which a list of choices shows them. The Vietnamese stands in the
catalogue, in the words of the trade (ghi chép, bút ký, người đại diện theo pháp luật …).
"""

from __future__ import annotations

from contest.core.errors import N_

GENRES = {
    "ghi_chep": N_("Field notes"),
    "phong_su": N_("Reportage"),
    "but_ky": N_("Literary reportage"),
    "ky": N_("Literary non-fiction"),
    "ky_chan_dung": N_("Portrait"),
    "bai_phan_anh": N_("News feature"),
}
MEDIA = {
    "print": N_("Printed press"),
    "online": N_("Online press"),
    "radio": N_("Radio"),
    "tv": N_("Television"),
}
PUBLICATIONS = {
    "must_be_unpublished": N_("Not published anywhere before"),
    "must_be_published": N_("Already published or broadcast"),
    "either": N_("Published or not"),
}
BLIND_MODES = {
    "full": N_("Author and exemplar hidden from the judges"),
    "author_hidden": N_("Author hidden from the judges"),
    "open": N_("Marked with open names"),
}
FAMILIES = {
    "writing": N_("Writing contest"),
    "press": N_("Press award"),
    "mixed": N_("Writing contest and press award"),
}
ANNIVERSARY_CLASSES = {
    "tron": N_("Round year"),
    "le5": N_("Year ending in 5"),
    "khac": N_("Other year"),
}
EXEMPLAR_KINDS = {
    "individual": N_("Individual"),
    "collective": N_("Collective"),
    "household": N_("Household"),
    "model": N_("Model, a way of doing"),
}
UNIT_LEVELS = {
    "xa_phuong_dac_khu": N_("Commune, ward or special zone"),
    "so_nganh_doan_the_khoi": N_("Department, mass organisation or emulation bloc"),
    "doan_the_cap_tinh": N_("Provincial mass organisation"),
    "huyen": N_("District (until 30 June 2025)"),
}
BARRED_ROLES = {
    "organising_committee": N_("Members of the organising committee"),
    "secretariat": N_("Members of the secretariat"),
    "jury": N_("Members of the jury"),
    "technical_operators": N_("System operators"),
    "spouse_parent_child_of_jury": N_("Spouse, parents and children of jury members"),
}
OUTCOMES = {
    "verified": N_("Verified"),
    "unverifiable": N_("Could not be verified"),
    "on_hold": N_("On hold"),
    "refuted": N_("Found untrue"),
}
HOLD_REASONS = {
    "discipline_under_review": N_("Disciplinary action is under review"),
    "investigation_or_inspection": N_("An investigation or inspection is under way"),
    "complaint_or_press_report_being_checked": N_("A complaint or press report is being checked"),
}
AGGREGATES = {
    "mean": N_("Mean of all sheets"),
    "trimmed_mean_drop_high_low": N_("Mean without the highest and the lowest sheet"),
    "median": N_("Median of all sheets"),
}
ROUND_MODES = {
    "independent": N_("Independent marking"),
    "independent_then_council": N_("Independent marking, then the council"),
}
GAP_TYPES = {
    "max_minus_min": N_("Difference between the highest and the lowest sheet"),
    "distance_from_mean": N_("Distance of a sheet from the mean"),
}
GAP_ACTIONS = {
    "third_judge": N_("A third judge marks the entry"),
    "reconcile_keep_original": N_("The judges talk it over; original scores are kept"),
    "chair_decides": N_("The head of jury decides, with a reason"),
}
TIE_BREAKS = {
    "higher_mean_on": N_("Higher mean on criterion %(criterion)s"),
    "smaller_spread_between_judges": N_("Smaller difference between the judges"),
    "secret_ballot_of_final_council": N_("Secret ballot of the final council"),
    "joint_award_if_budget_allows": N_("Joint award if the budget allows"),
}
VOTE_TIE_BREAKS = {
    "better_jury_rank": N_("Better place given by the jury"),
    "joint_award_if_budget_allows": N_("Joint award if the budget allows"),
}
IDENTITIES = {
    "vn_mobile_otp": N_("Vietnamese mobile number with a one-time code"),
    "email_otp": N_("E-mail address with a one-time code"),
    "unit_roll": N_("List of the unit's members"),
    "account": N_("Account on this site"),
}
SET_ASIDE_REASONS = {
    "duplicate_identity": N_("The same person more than once"),
    "automated": N_("Cast by a program"),
    "code_collected_by_third_party": N_("Code collected by someone else"),
    "throwaway_contact": N_("Throw-away address"),
    "not_entitled": N_("Voter not entitled to vote"),
}
BARRED_VOTERS = {
    "judges": N_("Judges of the contest"),
    "staff": N_("Who runs the contest"),
    "own_entry": N_("Authors for their own entries"),
}
RECIPIENTS = {
    "author": N_("Author"),
    "exemplar": N_("Exemplar"),
    "unit": N_("Unit"),
}
PAPERS = {
    "giay_chung_nhan": N_("Certificate of the contest"),
    "bieu_trung": N_("Emblem"),
}
PRIZE_TAKEN_BACK = {
    "organiser_decides": N_("The organising committee says each time whether the next moves up"),
    "next_moves_up": N_("The next moves up, by rank and minimum"),
    "stays_empty": N_("The prize stays empty"),
}
ANNOUNCEMENT_MODES = {
    "shortlist_open_ranks_embargoed": N_("Finalists public; ranks kept until the announcement"),
    "provisional_posted_then_official": N_("Provisional results posted first, then the official ones"),
}
PUBLISHABLES = {
    "decision_file": N_("Text of the decision"),
    "list_by_prize": N_("List by prize"),
    "minutes_summary": N_("Summary of the minutes"),
    "vote_tally_file": N_("File of the vote count"),
    "complaint_outcomes": N_("What came of complaints"),
}
CHANNELS = {
    "online_desk": N_("Online, on this site"),
    "post": N_("By post"),
    "in_person": N_("In person"),
    "hotline": N_("By telephone"),
}
FORMATS = {
    "docx": N_("Word (.docx)"),
    "odt": N_("OpenDocument (.odt)"),
    "txt": N_("Plain text (.txt)"),
    "md": N_("Markdown (.md)"),
    "pdf": N_("PDF (.pdf)"),
    "doc": N_("Word 97–2003 (.doc)"),
    "paste": N_("Text typed or pasted"),
    "paper": N_("On paper"),
}
ENTRY_FIELDS = {
    "title": N_("Title"),
    "body": N_("Text of the entry"),
    "genre": N_("Genre"),
    "exemplar_name": N_("Name of the exemplar"),
    "exemplar_kind": N_("Kind of exemplar"),
    "exemplar_unit": N_("Unit of the exemplar"),
    "exemplar_address": N_("Address of the exemplar"),
    "exemplar_contact": N_("Contact of the exemplar"),
    "deed_place": N_("Where it happened"),
    "deed_time": N_("When it happened"),
    "author_real_name": N_("Author's real name"),
    "author_pen_name": N_("Author's pen name"),
    "author_birth_date": N_("Author's date of birth"),
    "author_phone": N_("Author's telephone number"),
    "author_email": N_("Author's e-mail address"),
    "author_address": N_("Author's address"),
    "author_unit": N_("Author's unit"),
    "originality_declaration": N_("Declaration of originality"),
    "exemplar_consent_declared": N_("The exemplar knows and agrees"),
}
NOT_COLLECTED = {
    "national_id_number": N_("National identity number"),
    "id_card_image": N_("Picture of an identity card"),
    "bank_account_before_decision": N_("Bank account before the decision"),
}


def label(labels: dict[str, str], code: str) -> str:
    """The words for `code`, a catalogue key; the code itself for one that has no words."""
    return labels.get(code, code)
