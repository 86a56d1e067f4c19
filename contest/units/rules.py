"""Kinds and levels of units."""

from __future__ import annotations

from contest.core.errors import N_

KINDS = {
    "province": N_("province"),
    "commune": N_("commune"),
    "ward": N_("ward"),
    "special_zone": N_("special zone"),
    "department": N_("department"),
    "organisation": N_("organisation"),
}
COMMUNE_LEVEL = "xa_phuong_dac_khu"
LEVELS = ("tinh", COMMUNE_LEVEL, "so_nganh_doan_the_khoi", "doan_the_cap_tinh", "huyen")
