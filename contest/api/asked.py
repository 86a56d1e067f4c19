"""What a question to the API may hold behind its question mark. Pure."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from contest.api.shapes import CURSOR, SLUG

LONGEST_PAGE, USUAL_PAGE = 100, 25


class Asked(BaseModel):
    """Base of what a query may hold: nothing unknown."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Nothing(Asked):
    """No parameters."""


class OnePage(Asked):
    """Which page of a list."""

    limit: Annotated[int, Field(ge=1, le=LONGEST_PAGE)] = USUAL_PAGE
    """How many at most."""
    cursor: Annotated[str, Field(pattern=CURSOR)] | None = None
    """`next_cursor` of the page before."""


class OfContest(OnePage):
    """A page of a list, of one contest if it is named."""

    contest: Annotated[str, Field(max_length=120, pattern=SLUG)] | None = None
    """Slug of a contest."""


class OfLevel(OnePage):
    """A page of the list of units, of one level if it is named."""

    level: Literal["tinh", "xa_phuong_dac_khu", "so_nganh_doan_the_khoi", "doan_the_cap_tinh", "huyen"] | None = None
    """Level of the units."""


class OfYear(Asked):
    """Which year."""

    year: Annotated[int, Field(ge=1968, le=2099)] | None = None
    """This year when left out."""
