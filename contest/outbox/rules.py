"""When a message is tried again, and what is forgotten once it has gone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

ATTEMPTS = 8
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)
# A runner that dies while sending is taken for dead after this; sending itself times out far sooner.
CLAIM = timedelta(minutes=5)
# A message whose answer was lost is sent once more, and then never again: at most twice, and it is said.
MOST_UNSURE = 2
# Parameters that open something: gone from the table once the message is on its way.
SECRET_PARAMS = frozenset({"code", "token", "ballot_receipt"})


def wait_after(attempts: int, chance: float) -> timedelta:
    """How long to wait after the n-th failed attempt: 1, 3, 9, 27, 81, 243 minutes, then 6 hours.

    `chance` (0 ≤ x < 1) spreads it by a fifth either way, so that messages which failed together
    do not all come back together.
    """
    factor: int = 3 ** min(attempts - 1, ATTEMPTS)
    wait = min(FIRST_WAIT * factor, LONGEST_WAIT)
    return wait * (0.8 + 0.4 * chance)


def without_secrets(params: dict[str, Any]) -> dict[str, Any]:
    """`params` as they may be kept after sending."""
    return {name: value for name, value in params.items() if name not in SECRET_PARAMS}
