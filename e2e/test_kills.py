"""Nothing that was acknowledged is lost, nothing is counted twice, whatever is killed under writes."""

from __future__ import annotations

import os

import pytest

from e2e.kills.run import kill_and_count

KINDS = [
    *["web worker", "job process", "database backend", "database", "job process", "web leader"] * 3,
    "job leader",
    "supervisor",
]


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="processes are found through /proc")
@pytest.mark.enable_socket
def test_twenty_kills_lose_and_double_nothing(tmp_path):
    result = kill_and_count(tmp_path / "var", KINDS, seed=7)

    assert result["kills"] == len(KINDS) >= 20
    assert result["acknowledged"] > 100
    assert result["transactions"] == result["acknowledged"]
    assert result["points"] == result["acknowledged_points"]
    assert result["findings"] == []
    assert result["jobs_done"] == result["jobs"]
    assert result["steps"] == result["steps_expected"]
    assert result["doubled_steps"] == []
    assert "already running" in result["second_start"]
    assert result["left_processes"] == []  # Ctrl-C, pressed twice, ended everything
