"""What a person may ask about their data, and what becomes of it. No database, no request."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime
from typing import Final

from contest.core.errors import N_
from contest.core.formats import local

COPY: Final = "copy"
CORRECT: Final = "correct"
ERASE: Final = "erase"
WITHDRAW: Final = "withdraw"
OTHER: Final = "other"
KINDS = {
    COPY: N_("A copy of the data"),
    CORRECT: N_("A correction"),
    ERASE: N_("Erasure"),
    WITHDRAW: N_("Withdrawal of a consent"),
    OTHER: N_("Something else"),
}

DONE: Final = "done"
PARTLY: Final = "partly"
DECLINED: Final = "declined"
CALLED_OFF: Final = "called_off"
OUTCOMES = {
    DONE: N_("Done"),
    PARTLY: N_("Done in part"),
    DECLINED: N_("Declined"),
    CALLED_OFF: N_("Called off by the person"),
}
# How a request may reach the desk.
CHANNELS = {
    "web": N_("On this site"),
    "paper": N_("By letter or in person"),
    "phone": N_("By telephone"),
    "email": N_("By e-mail"),
}

# Nghị định 356/2025/NĐ-CP: an answer within two working days. A contest may promise less, never more.
ANSWER_WORKING_DAYS = 2
TEXT_MAX = 3000

# What retention erases, each a run of its own.
CONTACTS: Final = "contacts"
VOTER_KEYS: Final = "voter_keys"
BUNDLES: Final = "bundles"
COMPLAINTS: Final = "complaints"
BANK: Final = "bank"
RULES = {
    CONTACTS: N_("Contact data, scans and drafts of authors without a prize"),
    VOTER_KEYS: N_("The key that ties ballots to contacts, and who voted"),
    COMPLAINTS: N_("Who sent remarks and complaints, and what they wrote"),
    BANK: N_("Where winners wanted their money, on its day or when the prize no longer stands"),
    BUNDLES: N_("Zip files and cells of bundles, 30 days after their import"),
}


def months_after(at: datetime, months: int) -> date:
    """The day in Viet Nam `months` months after `at`; 31 January and one month is the last of February."""
    day = local(at).date()
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    month += 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))
