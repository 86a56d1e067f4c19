"""What every page needs: declared access, language, headers, limits, errors in words."""

from contest.core.web.access import Access, declare, demo_only, needs, public, signed_in
from contest.core.web.errors import say
from contest.core.web.headers import asset, shared
from contest.core.web.limits import limiter

__all__ = [
    "Access",
    "asset",
    "declare",
    "demo_only",
    "limiter",
    "needs",
    "public",
    "say",
    "shared",
    "signed_in",
]
