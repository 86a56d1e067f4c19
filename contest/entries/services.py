"""The verbs of entries, as other rooms call them. Each lives in the module of its part."""

from contest.entries.drafting import (
    Facts,
    content_digest,
    discard_draft,
    may_edit,
    save_facts,
    save_text,
    start_draft,
)
from contest.entries.photographs import StoredPhoto, add_photo, describe_photo, move_photo, remove_photo
from contest.entries.replacing import may_replace, start_replacing
from contest.entries.screening import (
    accept,
    accept_all,
    advance,
    ask_units,
    fall_out,
    receive,
    receive_all,
    reconsider,
    redact,
    refuse,
    request_completion,
    unredact,
)
from contest.entries.submission import Submitted, may_withdraw, submit, text_sha256, withdraw

__all__ = [
    "Facts",
    "StoredPhoto",
    "Submitted",
    "accept",
    "accept_all",
    "add_photo",
    "advance",
    "ask_units",
    "content_digest",
    "describe_photo",
    "discard_draft",
    "fall_out",
    "may_edit",
    "may_replace",
    "may_withdraw",
    "move_photo",
    "receive",
    "receive_all",
    "reconsider",
    "redact",
    "refuse",
    "remove_photo",
    "request_completion",
    "save_facts",
    "save_text",
    "start_draft",
    "start_replacing",
    "submit",
    "text_sha256",
    "unredact",
    "withdraw",
]
