"""What a password, a code and a way back after sign-in must be. No session, no request."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import unicodedata
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from contest.core.errors import N_, Refused
from contest.core.text import fold

# The terms (privacy notice) that people accept; change it with the notice's text.
TERMS_VERSION = "2027-01"

PASSWORD_SHORTEST = 10
PASSWORD_LONGEST = 200

CODE_DIGITS = 6
CODE_LIFE = timedelta(minutes=15)
CODE_ATTEMPTS = 5
# Codes to one address: enough for a lost message, too few to pester somebody with.
CODES_PER_HOUR = 5
CODES_PER_DAY = 12

# A sign-in ends after 12 hours without a request (the cookie's life) and in any case after this.
SIGN_IN_LIFE = timedelta(days=30)
# The second factor must follow the password within this time.
SECOND_FACTOR_WITHIN = timedelta(minutes=10)

# The heads of the public lists of leaked passwords that are long enough to pass, with Vietnamese ones.
_COMMON = frozenset(Path(__file__).with_name("common_passwords.txt").read_text("utf-8").split())
_SEQUENCES = (
    "01234567890123456789",
    "98765432109876543210",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
)
_CODE_NOISE = re.compile(r"[\s.\-–]+")
# What stands in an address bar without being a path of this site.
_UNSAFE_IN_PATH = re.compile(r"[\x00-\x20\x7f\\]")


def normal_password(password: str) -> str:
    """One spelling of a password: Vietnamese keyboards may send a letter whole or in parts."""
    return unicodedata.normalize("NFKC", password)


def check_password(password: str, *, about: Iterable[str] = ()) -> None:
    """Raise Refused for a password that is short, common or says who the person is.

    Length is what counts (NIST SP 800-63B, 3.1.1.2): no rule about kinds of characters.
    `about` are the person's name and addresses.
    """
    normal = normal_password(password)
    if len(normal) < PASSWORD_SHORTEST:
        raise Refused(N_("Use at least %(number)s characters."), code="password_short", number=PASSWORD_SHORTEST)
    if len(normal) > PASSWORD_LONGEST:
        raise Refused(N_("Use at most %(number)s characters."), code="password_long", number=PASSWORD_LONGEST)
    plain = fold(normal).replace(" ", "")
    if plain in _COMMON or len(set(plain)) < 4 or any(plain in sequence for sequence in _SEQUENCES):
        raise Refused(
            N_("Many people use this password, so it is tried first. Choose another: three or four words are good."),
            code="password_common",
        )
    for text in about:
        known = fold(text.partition("@")[0]).replace(" ", "").replace("+84", "0")
        if len(known) >= 4 and known in plain and len(plain) - len(known) < 6:
            raise Refused(
                N_("The password says your name, e-mail or phone number. Choose one that nobody can guess."),
                code="password_about",
            )


def new_code() -> str:
    """Six random digits."""
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"


def typed_code(text: str) -> str:
    """A code as it was meant: phones and people put blanks and dashes into it."""
    return _CODE_NOISE.sub("", text)[:40]


def code_digest(token: str, code: str) -> str:
    """What is kept of a code, so that a look at the table does not read it. The code dies in minutes."""
    return hmac.new(token.encode(), code.encode(), hashlib.sha256).hexdigest()


def local_path(target: str | None) -> str | None:
    """`target` if it is a path of this site, else None: never another site after sign-in.

    Refused are full addresses, `//evil` and `/\\evil` (browsers read both as another host),
    backslashes, blanks and control characters (CR and LF would end a header).
    """
    if not target or len(target) > 500 or target[0] != "/" or target[1:2] == "/":
        return None
    if _UNSAFE_IN_PATH.search(target):
        return None
    try:
        parts = urlsplit(target)
    except ValueError:
        return None
    return None if parts.scheme or parts.netloc else target
