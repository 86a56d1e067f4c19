"""Approval for the public: pages."""

from __future__ import annotations

from flask import Blueprint

from contest.editions import models  # noqa: F401  # its tables are known with its pages

bp = Blueprint("editions", __name__)
