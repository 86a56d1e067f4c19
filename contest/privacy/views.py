"""Personal data: pages."""

from __future__ import annotations

from flask import Blueprint

from contest.privacy import models  # noqa: F401  # its tables are known with its pages

bp = Blueprint("privacy", __name__)
