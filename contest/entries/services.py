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
from contest.entries.photographs import (
    StoredPhoto,
    add_photo,
    describe_photo,
    keep_photo,
    move_photo,
    photo_keys,
    remove_photo,
)
from contest.entries.receipts import text_sha256
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
from contest.entries.submission import Submitted, declarations_of, may_withdraw, submit, withdraw

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
    "declarations_of",
    "describe_photo",
    "discard_draft",
    "fall_out",
    "keep_photo",
    "may_edit",
    "may_replace",
    "may_withdraw",
    "move_photo",
    "photo_keys",
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
