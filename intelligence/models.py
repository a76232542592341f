"""What runs of the analysis found. Lives in the programme's schema; results per customer are in `CustomerFacts`."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F


class RfmRun(models.Model):
    """One scoring of all customers: how many were in each group then, and who moved since the run before.

    `figures` maps a group's code to its numbers, `grid` counts customers by recency and frequency score, `moves` is a
    list of [from, to, customers] with "" for people who had no group yet.
    """

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    customers = models.IntegerField()
    figures = models.JSONField(default=dict)
    grid = models.JSONField(default=list)
    moves = models.JSONField(default=list)

    class Meta:
        indexes: ClassVar = [models.Index(F("finished_at").desc(), name="rfm_run_newest")]

    def __str__(self) -> str:
        return f"RFM {self.finished_at:%Y-%m-%d %H:%M}"
