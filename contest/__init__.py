"""Gương Sáng: writing contests from their rules to their announced winners."""
