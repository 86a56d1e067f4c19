"""A few dozen kills while voting and sealing; ten thousand by `make soak-voting` (tests.voting.killing)."""

from __future__ import annotations

import os

import pytest

from tests.voting.cluster import Cluster
from tests.voting.killing import World

KILLS = int(os.environ.get("VOTE_KILLS", "24"))


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_nothing_acknowledged_is_lost_changed_or_doubled(tmp_path, database):
    cluster = Cluster() if database == "postgres" else None
    try:
        world = World(tmp_path / "site", cluster, seed=20261122)
        try:
            world.kill_some(KILLS)
            assert world.check() == []
            assert sum(world.kills.values()) >= KILLS // 2 and world.acknowledged >= KILLS
        finally:
            world.close()
    finally:
        if cluster is not None:
            cluster.stop()
