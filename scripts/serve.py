"""Bring the database up to date, fill a demonstration, then become the web server.

    .venv/bin/python scripts/serve.py

What `make run` ends in. Loading the application is most of what starting costs, so it is loaded once:
gunicorn (which reads gunicorn.conf.py) goes on in the same process, and its worker inherits what is
loaded. Services call gunicorn by itself instead: there a reload must read the code anew.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

from gunicorn.app.wsgiapp import WSGIApplication

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Prepare, then serve until told to stop."""
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    port = os.environ.get("PORT", "") or "8000"
    if "BIND" not in os.environ and taken(port):
        raise SystemExit(f"Port {port} is in use. Choose another: make run PORT={int(port) + 1}")
    # The application reads this to find its data; the same words make the folder here.
    Path(os.environ.get("CONTEST_DATA", "") or "var").mkdir(parents=True, exist_ok=True)
    prepare()
    print(f"Listening on http://127.0.0.1:{port}  (Ctrl+C stops)", flush=True)
    if os.environ.get("GUNICORN_RELOAD") == "1":
        os.execv(sys.executable, [sys.executable, "-m", "gunicorn"])
    sys.argv[1:] = []
    WSGIApplication("%(prog)s [OPTIONS]", prog="gunicorn").run()


def prepare() -> None:
    """`flask db upgrade`, then `flask demo prepare` in a demonstration."""
    from flask.cli import FlaskGroup

    from contest.core.config import ConfigError
    from contest.core.db import db

    try:
        from wsgi import app
    except ConfigError as error:
        raise SystemExit(f"The environment does not let the site start:\n{error}") from None
    flask = FlaskGroup(create_app=lambda: app)
    commands = [["db", "upgrade"]]
    if app.config["SETTINGS"].demo:
        commands.append(["demo", "prepare"])
    for command in commands:
        flask.main(command, prog_name="flask", standalone_mode=False)
    with app.app_context():
        db.engine.dispose()  # a connection must not be shared with the worker


def taken(port: str) -> bool:
    """Whether something already listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(port)))
        except OSError:
            return True
    return False


if __name__ == "__main__":
    main()
