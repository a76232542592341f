"""Twenty thousand random acts by two threads, under each way of life of points; a million: `make chaos NAME=ledger`."""

from __future__ import annotations

import pytest
from django.db import connection

from loyalty.tests.storm import LIVES, storm_over
from programs.models import Programme

OPERATIONS = 20_000
SEED = 1  # another one: make chaos NAME=ledger


@pytest.mark.parametrize("life", LIVES)
@pytest.mark.usefixtures("committed_database")
def test_the_ledger_and_the_model_agree_to_the_point(life, now):
    connection.set_tenant(Programme.objects.get(slug="harbour"))
    each = OPERATIONS // len(LIVES)
    assert storm_over(life, operations=each, threads=2, seed=SEED, now=now) >= each
