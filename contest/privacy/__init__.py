"""Requests of people about their own data, and what was erased by rule."""
