"""Hashing of passwords with Argon2id, a few at a time.

19 MiB and two passes (the OWASP minimum): about 25 ms, so that a worker with a flood of sign-ins
stays small and answers. More than `AT_ONCE` hashes never run together in one process; the others
wait their turn.
"""

from __future__ import annotations

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from contest.accounts.rules import normal_password

AT_ONCE = 4
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_slots = threading.BoundedSemaphore(AT_ONCE)
# What an unknown address is checked against, so that it takes as long as a known one.
_NOBODY = _hasher.hash("nobody has this password")


def hash_password(password: str) -> str:
    """The hash to keep. Takes tens of milliseconds: call it before a transaction, not inside."""
    with _slots:
        return _hasher.hash(normal_password(password))


def verify_password(kept: str | None, password: str) -> bool:
    """Whether `password` is the one whose hash is `kept`; the same work when there is none."""
    with _slots:
        try:
            _hasher.verify(kept or _NOBODY, normal_password(password))
        except (VerificationError, InvalidHashError):
            return False
    return kept is not None
