"""A cluster killed while it sends texts through Twilio's library: none leaves twice, none is lost without a trace.

`make chaos NAME=sms` is the long form.
"""

from django.db import connection

from messaging.tests.killed_cluster import WORKERS, send_under_kills
from programs.models import Programme

TEXTS, KILLS = 100, 4


def test_a_killed_cluster_doubles_and_loses_nothing(committed_database, tmp_path):
    connection.set_tenant(Programme.objects.get(slug="harbour"))
    outcome = send_under_kills(database_url=committed_database, folder=tmp_path, texts=TEXTS, kills=KILLS, seed=3)
    assert outcome["kills"] == KILLS
    judge(outcome)


def judge(outcome):
    """0 doubled, 0 lost: each text was accepted once, or is listed as unconfirmed; a report settles those that were."""
    before, after = outcome["states_before"], outcome["states_after"]
    assert (outcome["doubled"], outcome["bodies_doubled"]) == ([], 0)
    assert (outcome["silent_before"], outcome["silent_after"]) == ([], [])
    assert outcome["said_sent_and_never_taken_before"] == outcome["said_sent_and_never_taken_after"] == []
    assert set(before) <= {"sent", "unconfirmed"}
    assert before["sent"] + before["unconfirmed"] == outcome["texts"]
    # A worker holds one text at a time: a kill leaves no more in doubt than there are workers.
    assert outcome["kills"] * 2 // 3 <= before["unconfirmed"] <= outcome["kills"] * WORKERS
    assert after.get("delivered") == outcome["taken"]
    assert after.get("unconfirmed", 0) == outcome["texts"] - outcome["taken"]
    assert outcome["taken_and_unconfirmed_after"] == 0 < outcome["taken_and_unconfirmed_before"]
