"""Counting statements, as tests of judging do."""

from tests.judging.conftest import query_counter  # noqa: F401 -- a fixture
