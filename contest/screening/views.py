"""The secretariat: pages."""

from __future__ import annotations

from flask import Blueprint

from contest.screening import models  # noqa: F401  # its tables are known with its pages

bp = Blueprint("screening", __name__)
