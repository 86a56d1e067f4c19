"""Kinds and levels of units."""

from __future__ import annotations

from contest.core.errors import N_

KINDS = {
    "province": N_("province"),
    "district": N_("district (until 30/06/2025)"),
    "commune": N_("commune"),
    "ward": N_("ward"),
    "special_zone": N_("special zone"),
    "department": N_("department"),
    "organisation": N_("organisation"),
}
TERRITORY = "territory"
TREES = {
    TERRITORY: N_("Territory"),
    "sector": N_("Sector"),
    "organisation": N_("Organisation"),
    "bloc": N_("Emulation bloc"),
}
MERGED, SPLIT, TOOK_OVER = "merged", "split", "took_over"
COMMUNE_LEVEL = "xa_phuong_dac_khu"
LEVELS = {
    "tinh": N_("Province"),
    COMMUNE_LEVEL: N_("Commune, ward or special zone"),
    "so_nganh_doan_the_khoi": N_("Department, mass organisation or emulation bloc"),
    "doan_the_cap_tinh": N_("Provincial mass organisation"),
    "huyen": N_("District (until 30 June 2025)"),
}
CHANGES = {
    MERGED: N_("merged into"),
    SPLIT: N_("split, part to"),
    TOOK_OVER: N_("work taken over by"),
}
