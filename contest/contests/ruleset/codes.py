"""The closed lists of codes that a rule set is written in.

A code that nothing in the system acts upon is refused instead of silently ignored; so a new one
comes together with what acts upon it, and with its words in contest/contests/labels.py.
"""

from __future__ import annotations

from typing import Literal

StepKey = Literal[
    "issue",
    "launch",
    "submission",
    "paper_postmark",
    "paper_arrival",
    "paper_keyed",
    "screening",
    "verification",
    "prelim",
    "shortlist",
    "remarks",
    "final",
    "voting",
    "vote_audit",
    "council",
    "provisional",
    "decision",
    "announce",
    "ceremony",
    "complaints",
]
AnniversaryClass = Literal["tron", "le5", "khac"]
Genre = Literal["ghi_chep", "phong_su", "but_ky", "ky", "ky_chan_dung", "bai_phan_anh"]
Medium = Literal["print", "online", "radio", "tv"]
Publication = Literal["must_be_unpublished", "must_be_published", "either"]
Blind = Literal["full", "author_hidden", "open"]
BarredRole = Literal[
    "organising_committee", "secretariat", "jury", "technical_operators", "spouse_parent_child_of_jury"
]
Outcome = Literal["verified", "unverifiable", "on_hold", "refuted"]
HoldReason = Literal[
    "discipline_under_review", "investigation_or_inspection", "complaint_or_press_report_being_checked"
]
RoundId = Literal["prelim", "final"]
RoundMode = Literal["independent", "independent_then_council"]
Aggregate = Literal["mean", "trimmed_mean_drop_high_low", "median"]
GapType = Literal["max_minus_min", "distance_from_mean"]
GapAction = Literal["third_judge", "reconcile_keep_original", "chair_decides"]
GapUnit = Literal["points", "share_of_scale"]
Identity = Literal["vn_mobile_otp", "email_otp", "unit_roll", "account"]
BarredVoter = Literal["judges", "staff", "own_entry"]
SetAside = Literal[
    "duplicate_identity", "automated", "code_collected_by_third_party", "throwaway_contact", "not_entitled"
]
Recipient = Literal["author", "exemplar", "unit"]
Paper = Literal["giay_chung_nhan", "bieu_trung"]
UnitLevel = Literal["huyen", "xa_phuong_dac_khu", "so_nganh_doan_the_khoi", "doan_the_cap_tinh"]
AnnouncementMode = Literal["shortlist_open_ranks_embargoed", "provisional_posted_then_official"]
Publishable = Literal["decision_file", "list_by_prize", "minutes_summary", "vote_tally_file", "complaint_outcomes"]
Channel = Literal["online_desk", "post", "in_person", "hotline"]
EntryField = Literal[
    "title",
    "body",
    "genre",
    "exemplar_name",
    "exemplar_kind",
    "exemplar_unit",
    "exemplar_address",
    "exemplar_contact",
    "deed_place",
    "deed_time",
    "author_real_name",
    "author_pen_name",
    "author_birth_date",
    "author_phone",
    "author_email",
    "author_address",
    "author_unit",
    "originality_declaration",
    "exemplar_consent_declared",
]
NotCollected = Literal["national_id_number", "id_card_image", "bank_account_before_decision"]
Format = Literal["docx", "odt", "txt", "md", "pdf", "doc", "paste", "paper"]
PhotoFormat = Literal["jpg", "png", "webp"]

HIGHER_MEAN_ON = "higher_mean_on"
TIE_RULES = (
    HIGHER_MEAN_ON,
    "smaller_spread_between_judges",
    "secret_ballot_of_final_council",
    "joint_award_if_budget_allows",
)
