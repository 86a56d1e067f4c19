"""E-mail addresses and phone numbers: one written form for each, so that a lookup finds it.

An e-mail address is kept in lower case throughout: the part before the @ may differ by case in the
standard, but no provider tells two people apart by it, and phones capitalise the first letter.
A phone number is kept as E.164 (+84912345678). Only Vietnamese mobile numbers are taken: a code
must reach them, and text messages abroad are what fraud lives on.
"""

from __future__ import annotations

import re

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from contest.core.errors import N_, Refused

# Mobile numbers of 11 digits became 10 digits in 2018; people still know them by heart.
# Decision 798/QĐ-BTTTT (2018): old prefix -> new prefix.
_OLD_PREFIXES = {
    "0162": "032",
    "0163": "033",
    "0164": "034",
    "0165": "035",
    "0166": "036",
    "0167": "037",
    "0168": "038",
    "0169": "039",
    "0120": "070",
    "0121": "079",
    "0122": "077",
    "0126": "076",
    "0128": "078",
    "0123": "083",
    "0124": "084",
    "0125": "085",
    "0127": "081",
    "0129": "082",
    "0186": "056",
    "0188": "058",
    "0199": "059",
}
_SEPARATORS = re.compile(r"[\s().\u00a0\-–]+")
_DIGITS = re.compile(r"\+?[0-9]{8,15}")
_MOBILE = {phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE}
LONGEST = 320


def is_email(address: str) -> bool:
    """Whether a canonical address is an e-mail address; otherwise it is a phone number."""
    return "@" in address


def canonical_email(typed: str) -> str:
    """The form in which an e-mail address is kept. Raises Refused when it cannot be one."""
    try:
        parts = validate_email(typed.strip()[:LONGEST], check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise Refused(N_("This is not an e-mail address. It should look like ten@example.vn."), code="email") from error
    return (parts.ascii_email or parts.normalized).lower()


def canonical_phone(typed: str) -> str:
    """The E.164 form of a Vietnamese mobile number. Raises Refused for anything else."""
    digits = _SEPARATORS.sub("", typed.strip()[:40])
    for international in ("+84", "0084", "84"):
        if digits.startswith(international) and len(digits) > 9 + len(international) - 1:
            digits = "0" + digits.removeprefix(international).removeprefix("0")
            break
    if len(digits) == 11 and digits[:4] in _OLD_PREFIXES:
        digits = _OLD_PREFIXES[digits[:4]] + digits[4:]
    if not _DIGITS.fullmatch(digits):
        raise _not_a_phone()
    try:
        number = phonenumbers.parse(digits, "VN")
    except phonenumbers.NumberParseException as error:
        raise _not_a_phone() from error
    valid = number.country_code == 84 and phonenumbers.is_valid_number(number)
    if not valid or phonenumbers.number_type(number) not in _MOBILE:
        raise _not_a_phone()
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _not_a_phone() -> Refused:
    return Refused(
        N_("This is not a Vietnamese mobile number. It has ten digits, as in 0912 345 678."),
        code="phone",
    )


def canonical(typed: str) -> str:
    """An e-mail address or phone number, told apart by the @. Raises Refused when it is neither."""
    return canonical_email(typed) if "@" in typed else canonical_phone(typed)


def find_canonical(typed: str) -> str | None:
    """As `canonical`, None instead of a refusal: for sign-in, which must not say what is wrong."""
    try:
        return canonical(typed)
    except Refused:
        return None


def shown(address: str) -> str:
    """An address as people write it: 0912 345 678 for +84912345678."""
    if is_email(address) or not address.startswith("+84"):
        return address
    national = "0" + address.removeprefix("+84")
    return f"{national[:4]} {national[4:7]} {national[7:]}"


def masked(address: str) -> str:
    """An address that its owner recognises and others cannot use: n…@gmail.com, 09…678."""
    if is_email(address):
        local, _, domain = address.partition("@")
        return f"{local[:1]}…@{domain}"
    national = "0" + address.removeprefix("+84")
    return f"{national[:2]}…{national[-3:]}"
