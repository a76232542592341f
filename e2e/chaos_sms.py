"""`make chaos NAME=sms`: a hundred kills and more while 5,000 texts leave. CHAOS_KILLS, CHAOS_TEXTS, CHAOS_SEED."""

from __future__ import annotations

import json
import os

from django.db import connection

from messaging.tests.killed_cluster import send_under_kills
from messaging.tests.test_killed_cluster import judge
from programs.models import Programme

KILLS = int(os.environ.get("CHAOS_KILLS", "105"))
TEXTS = int(os.environ.get("CHAOS_TEXTS", "5000"))
SEED = int(os.environ.get("CHAOS_SEED", "1"))


def test_a_hundred_kills_lose_and_double_no_text(committed_database, tmp_path, capsys):
    connection.set_tenant(Programme.objects.get(slug="harbour"))
    outcome = send_under_kills(database_url=committed_database, folder=tmp_path, texts=TEXTS, kills=KILLS, seed=SEED)
    with capsys.disabled():
        print(json.dumps(outcome))
    assert outcome["kills"] == KILLS
    judge(outcome)
