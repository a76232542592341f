"""`make chaos NAME=kills`: a hundred kills and more, of everything. CHAOS_KILLS and CHAOS_SEED choose."""

from __future__ import annotations

import json
import os
import random

import pytest

from e2e.kills.run import kill_and_count
from e2e.kills.victims import KINDS

KILLS = int(os.environ.get("CHAOS_KILLS", "105"))
SEED = int(os.environ.get("CHAOS_SEED", "1"))


@pytest.mark.enable_socket
def test_a_hundred_kills_lose_and_double_nothing(tmp_path, capsys):
    order = [KINDS[number % len(KINDS)] for number in range(KILLS)]
    random.Random(SEED).shuffle(order)

    result = kill_and_count(tmp_path / "var", order, seed=SEED)

    with capsys.disabled():
        print(json.dumps(result))
    assert result["transactions"] == result["acknowledged"]
    assert result["points"] == result["acknowledged_points"]
    assert result["findings"] == []
    assert result["jobs_done"] == result["jobs"]
    assert result["steps"] == result["steps_expected"]
    assert result["doubled_steps"] == []
    assert result["left_processes"] == []
