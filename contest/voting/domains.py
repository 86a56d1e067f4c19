"""What is known of the domain of an e-mail address: nobody is refused by it, people look at it.

The list of throw-away domains is the package disposable-email-domains; the site adds to it, and takes
from it, by a file of its own (MAIL_DOMAINS_FILE). Pure.
"""

from __future__ import annotations

from collections.abc import Mapping

from disposable_email_domains import blocklist

from contest.core.config_sms import KNOWN, THROWAWAY

UNKNOWN = "unknown"
# Where most people here have their mailbox, and what only an institution can register under.
_KNOWN = frozenset(
    {
        *("gmail.com", "googlemail.com"),
        *("yahoo.com", "yahoo.com.vn", "ymail.com", "rocketmail.com", "yahoo.co.uk", "yahoo.fr"),
        *("outlook.com", "outlook.com.vn", "hotmail.com", "live.com", "msn.com", "hotmail.com.vn"),
        *("icloud.com", "me.com", "mac.com"),
        *("proton.me", "protonmail.com", "pm.me", "fastmail.com", "zoho.com", "zohomail.com"),
        *("gmx.net", "gmx.de", "gmx.com", "web.de", "aol.com", "mail.ru", "yandex.com", "yandex.ru"),
        *("qq.com", "163.com", "126.com", "naver.com"),
        *("viettel.com.vn", "viettel.vn", "vnpt.vn", "vnpt.com.vn", "fpt.vn", "fpt.com.vn", "mobifone.vn"),
        *("vnn.vn", "hn.vnn.vn", "hcm.vnn.vn", "dng.vnn.vn", "vtc.vn", "vov.vn", "vtv.vn"),
    }
)
_KNOWN_UNDER = ("gov.vn", "edu.vn", "mil.vn", "ac.vn", "dcs.vn", "vnn.vn")


def domain_of(key: str) -> str:
    """The domain of a canonical contact; "" for a number."""
    return key.rpartition("@")[2] if "@" in key else ""


def classify(domain: str, site: Mapping[str, str] | None = None) -> str:
    """known, unknown or throwaway; "" for no domain. `site`: the site's own word, which comes first.

    A domain below a throw-away one is one too: such services hand out names below their own.
    """
    if not domain:
        return ""
    parts = domain.lower().split(".")
    above = [".".join(parts[at:]) for at in range(len(parts) - 1)]
    for name in above:
        if site and name in site:
            return site[name]
    if domain in _KNOWN or any(name in _KNOWN_UNDER for name in above):
        return KNOWN
    return THROWAWAY if any(name in blocklist for name in above) else UNKNOWN
