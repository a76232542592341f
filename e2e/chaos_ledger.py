"""`make chaos NAME=ledger`: a million random acts on the ledger beside a model. CHAOS_OPERATIONS and CHAOS_SEED."""

from __future__ import annotations

import os
import random
import time

import pytest
from django.db import connection

from loyalty.tests.storm import LIVES, storm_over
from programs.models import Programme

OPERATIONS = int(os.environ.get("CHAOS_OPERATIONS", "1000000"))
SEED = int(os.environ.get("CHAOS_SEED", "0")) or random.SystemRandom().randrange(1, 1_000_000)
THREADS = 8


@pytest.mark.parametrize("life", LIVES)
@pytest.mark.usefixtures("committed_database")
def test_a_million_acts_keep_every_invariant(life, now, capsys):
    connection.set_tenant(Programme.objects.get(slug="harbour"))
    each = -(-OPERATIONS // len(LIVES))
    with capsys.disabled():
        print(f"\nCHAOS_SEED={SEED}, {life}: {each:,} acts by {THREADS} threads", flush=True)
    started = time.monotonic()
    done = storm_over(life, operations=each, threads=THREADS, seed=SEED, now=now)
    with capsys.disabled():
        print(f"{done:,} acts in {time.monotonic() - started:.0f} s, all invariants kept", flush=True)
    assert done >= each
