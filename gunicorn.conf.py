"""How gunicorn serves the site. Everything can be set by an environment variable.

Embedded (the default): one worker with eight threads, so that what is counted in memory (limits of
requests) holds, and so that the background runner can live inside it. With more workers Redis holds
the limits and the runner is a service of its own: see docs/operators.md.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gunicorn.arbiter import Arbiter
    from gunicorn.workers.base import Worker


def _number(name: str, default: int) -> int:
    return int(os.environ.get(name, "").strip() or default)


wsgi_app = "wsgi:app"
bind = os.environ.get("BIND", "").strip() or f"127.0.0.1:{_number('PORT', 8000)}"
worker_class = "gthread"
workers = _number("WEB_CONCURRENCY", 1)
threads = _number("GUNICORN_THREADS", 8)
reload = os.environ.get("GUNICORN_RELOAD", "") == "1"

# A request may take this long before its worker is taken for hung.
timeout = _number("GUNICORN_TIMEOUT", 60)
# Stopping and reloading wait this long for requests under way: someone may be uploading an entry.
graceful_timeout = _number("GUNICORN_GRACEFUL_TIMEOUT", 30)
keepalive = _number("GUNICORN_KEEPALIVE", 5)
# Several workers are renewed now and then; the embedded one holds the runner and stays.
max_requests = _number("GUNICORN_MAX_REQUESTS", 0 if workers == 1 else 20_000)
max_requests_jitter = max_requests // 10

# The application logs requests itself; gunicorn's own access log would hold addresses of people.
accesslog = os.environ.get("GUNICORN_ACCESS_LOG", "").strip() or None
errorlog = "-"
loglevel = os.environ.get("GUNICORN_LOG_LEVEL", "").strip() or "warning"
capture_output = False

# Whose X-Forwarded-Proto gunicorn believes; what the application believes is CONTEST_PROXY_HOPS.
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS", "").strip() or "127.0.0.1,::1"
control_socket_disable = True
# Heartbeats of workers in memory: a slow disk must not look like a hung worker.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: PTH112, S108 - gunicorn's own advice


def post_worker_init(worker: Worker) -> None:
    """Start the background runner inside the worker when there is no other place for it."""
    if workers == 1 and os.environ.get("CONTEST_EMBEDDED_RUNNER", "1").strip() != "0":
        from contest.tasks import start_embedded  # noqa: PLC0415 - gunicorn reads this before the site may be loaded

        start_embedded(worker.app.callable)


def when_ready(server: Arbiter) -> None:
    """Say once where to look."""
    server.log.info("listening on %s", bind)
