"""How often one address may try: sign-in, codes, forms that send messages.

Counts live in Redis when there is one (several workers), else in this process. When Redis is
down the counts fall back to each process: the limits grow looser but never vanish, and no page
fails for it.
"""

from __future__ import annotations

from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

limiter = Limiter(key_func=get_remote_address)


def init_limits(app: Flask, redis_url: str) -> None:
    app.config.update(
        RATELIMIT_STORAGE_URI=redis_url or "memory://",
        RATELIMIT_STRATEGY="moving-window",
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=True,
        RATELIMIT_HEADERS_ENABLED=False,
    )
    limiter.init_app(app)


def storage_down() -> bool:
    """Whether the store that all processes share could not be reached of late: counts are each process's own."""
    return bool(limiter._storage_dead)  # noqa: SLF001 -- the library tells nobody else
