"""Databases of other systems that are read regularly."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.codes import public_code
from customers.querysets import DatabaseSyncQuerySet

HOURLY, DAILY = 60, 24 * 60


class DatabaseSync(models.Model):
    """A database, what of it is read into which business, and how far it has been read.

    `sealed` is the encrypted address; empty, only the command line reads it, which is told the address each time.
    """

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    business = models.ForeignKey("workspace.Business", on_delete=models.PROTECT, related_name="database_syncs")
    name = models.CharField(max_length=60)
    address = models.CharField(max_length=600, blank=True)  # without its password
    sealed = models.TextField(blank=True)
    mapping = models.TextField()  # TOML, see customers.databases.mapping
    marks = models.JSONField(default=dict)  # section → how far it was read, and by which columns
    is_paused = models.BooleanField(default=False)
    sales_every = models.PositiveIntegerField(default=HOURLY)  # minutes; orders, lines and refunds
    people_every = models.PositiveIntegerField(default=DAILY)  # minutes; customers and products
    sales_due_at = models.DateTimeField(null=True)
    people_due_at = models.DateTimeField(null=True)
    created_by = models.CharField(max_length=160, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = DatabaseSyncQuerySet.as_manager()

    class Meta:
        verbose_name = _("database")
        verbose_name_plural = _("databases")
        constraints: ClassVar = [models.UniqueConstraint(fields=["business", "name"], name="database_sync_name")]

    def __str__(self) -> str:
        return self.name


class SyncRun(models.Model):
    """One reading of a database, section after section; each section's rows are an import of their own."""

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    sync = models.ForeignKey(DatabaseSync, on_delete=models.CASCADE, related_name="runs")
    sections = models.JSONField(default=list)
    is_full = models.BooleanField(default=False)
    marks = models.JSONField(default=dict)  # those of the sync, once the section's rows are written
    counts = models.JSONField(default=dict)  # section → rows, failed, and what was written, of sections that are done
    error = models.CharField(max_length=400, blank=True)
    job = models.ForeignKey("workspace.Job", on_delete=models.SET_NULL, null=True, related_name="+")
    created_by = models.CharField(max_length=160, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("reading of a database")
        verbose_name_plural = _("readings of databases")
        indexes: ClassVar = [models.Index(fields=["sync", "-id"], name="sync_run_newest")]

    def __str__(self) -> str:
        return self.code
