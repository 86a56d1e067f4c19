"""Fail when the migrations do not lead to the schema that the models describe.

    .venv/bin/python scripts/check_migrations.py

Builds an empty SQLite database by migrations alone, then lets Alembic compare. Also fails when two
branches of the history were never merged.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CONTEST_")}
        environment |= {
            "CONTEST_DATA": folder,
            "CONTEST_DEMO": "0",
            "DATABASE_URL": f"sqlite:///{folder}/check.sqlite3",
            "REDIS_URL": "",
        }
        for command in (["db", "upgrade"], ["db", "check"]):
            finished = subprocess.run(
                [sys.executable, "-m", "flask", "--app", "wsgi", *command],
                cwd=ROOT,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            if finished.returncode != 0:
                print(finished.stdout, finished.stderr, sep="")
                print(f"migrations: `flask {' '.join(command)}` failed")
                return 1
    print("migrations: ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
