"""The verbs of judging, gathered for the rooms above; each lives in the file named for its subject."""

from __future__ import annotations

from contest.judging.assignment import assign, assign_one
from contest.judging.by_sheet import change_assignments
from contest.judging.closing import check_closing, close_round, decide_gap, replace_judge, set_aside, settle_gap
from contest.judging.codes import ask_to_open, open_codes, read_codes
from contest.judging.conflicts import declare_conflict, lift_conflict, record_conflict
from contest.judging.council import record_council_ballot
from contest.judging.council_ballots import call_off, cast, close_question, open_question
from contest.judging.declarations import declare_impartial, declare_many
from contest.judging.handover import hand_over
from contest.judging.meetings import close_meeting, note_attendance, open_meeting, save_notes
from contest.judging.notes import add_note, change_note, delete_note
from contest.judging.panels import change_seat, end_seat, leave_panels, seat_judge
from contest.judging.planning import plan_assignment
from contest.judging.reopening import undo, unlock
from contest.judging.sheets import finalise_saved, finalise_sheet, rescore, save_sheet, skip
from contest.judging.suggestions import confirm_suggestion, dismiss_suggestion
from contest.judging.terms import accept_terms

__all__ = [
    "accept_terms",
    "add_note",
    "ask_to_open",
    "assign",
    "assign_one",
    "call_off",
    "cast",
    "change_assignments",
    "change_note",
    "change_seat",
    "check_closing",
    "close_meeting",
    "close_question",
    "close_round",
    "confirm_suggestion",
    "decide_gap",
    "declare_conflict",
    "declare_impartial",
    "declare_many",
    "delete_note",
    "dismiss_suggestion",
    "end_seat",
    "finalise_saved",
    "finalise_sheet",
    "hand_over",
    "leave_panels",
    "lift_conflict",
    "note_attendance",
    "open_codes",
    "open_meeting",
    "open_question",
    "plan_assignment",
    "read_codes",
    "record_conflict",
    "record_council_ballot",
    "replace_judge",
    "rescore",
    "save_notes",
    "save_sheet",
    "seat_judge",
    "set_aside",
    "settle_gap",
    "skip",
    "undo",
    "unlock",
]
