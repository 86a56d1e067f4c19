"""What a machine looks for in an entry, and from where on it says something. No database, no request."""

from __future__ import annotations

from typing import Final

from contest.core.errors import N_

# Grows when the checks change: what was found by earlier checks is then looked for anew.
CHECKS: Final = 1

LIMIT, MISSING, LEAK, NEAR_COPY, SAME_EXEMPLAR = KINDS = ("limit", "missing", "leak", "near_copy", "same_exemplar")
KIND_NAMES = {
    LIMIT: N_("Limits of the rules"),
    MISSING: N_("Something is missing"),
    LEAK: N_("May tell who wrote it"),
    NEAR_COPY: N_("Shares text with another entry"),
    SAME_EXEMPLAR: N_("Same exemplar as another entry"),
}

# Whose data a text gives away, and what of them.
WHOSE = {
    "author": N_("the author"),
    "coauthor": N_("a co-author"),
    "guardian": N_("the legal representative"),
}
WHAT = {
    "name": N_("name"),
    "part": N_("part of the name"),
    "initials": N_("initials"),
    "pen_name": N_("pen name"),
    "phone": N_("telephone number"),
    "email": N_("e-mail address"),
    "unit": N_("unit"),
    "address": N_("address"),
}
PLACES = {
    "title": N_("in the title"),
    "body": N_("in the text"),
    "caption": N_("in a caption"),
    "alt": N_("in a description of a photo"),
    "people": N_("among the people of a photo"),
    "file": N_("in the name of a file"),
}

# Why two entries may be about the same exemplar.
LINKED, SAME_NAME, LIKE_NAME = "linked", "same_name", "like_name"
SAMENESS = {
    LINKED: N_("recorded as the same"),
    SAME_NAME: N_("the same name"),
    LIKE_NAME: N_("a similar name in the same unit"),
}
# Of 100, by difflib: lets one syllable of a long name differ, or a letter of a short one.
NAME_LIKENESS: Final = 85

# Near-copies. Figures are syllables of folded text.
SHINGLE: Final = 4
# One shingle in sixteen is looked up to find candidates: of a third of 1,500 syllables about 31,
# of a third of 500 still 10. Missing nearly all of them does not happen by chance.
SAMPLE_RATE: Final = 16
# A candidate shares this much of the smaller sample, and never one shingle alone. Half of what is
# flagged in the end, since a sample is not exact; what it lets through is compared word by word.
CANDIDATE_SHARE: Final = 0.05
CANDIDATE_LEAST: Final = 2
# At most so many candidates are compared word by word, the likeliest first.
CANDIDATES_MOST: Final = 40
# Runs shorter than this are idiom ("trong những năm qua chúng ta đã"), not copying.
RUN_LEAST: Final = 8
# Flagged from here: per mille of the shorter text that stands in runs, and syllables in all. Two
# texts on one subject share a few per cent; a copied third shares three hundred. A quotation of two
# sentences in a short piece is under sixty syllables.
SHARE_LEAST: Final = 150
SHARED_LEAST: Final = 60
# A shingle that stands in so many texts is a phrase that everybody quotes: the movement's name, words
# of Uncle Hồ, a form handed out. It says nothing about two of them; unless it is most of a text,
# for then the text itself was handed round.
COMMON_LEAST: Final = 50
COMMON_SHARE: Final = 0.02
# So many of the closest are kept for one entry.
KEPT_MOST: Final = 20

# Batches and lists.
BATCH_MOST: Final = 200
EXPORT_MOST: Final = 20_000
VIEWS_MOST: Final = 30
TEMPLATES_MOST: Final = 100
TEMPLATE_LONGEST: Final = 4_000
REFUSE, COMPLETE = TEMPLATE_VERBS = ("refuse", "complete")
TEMPLATE_NAMES = {REFUSE: N_("Refusing"), COMPLETE: N_("Asking to complete")}
