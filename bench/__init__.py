"""Measuring the site against anchors that never change: `make bench` (see docs/evidence.md)."""
