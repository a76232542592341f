"""One act on many customers at once."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.codes import public_code


class BulkRun(models.Model):
    """What is done to whom, and how far it is: customers in the order of their keys, up to the last one of its start.

    The selection is frozen as filters and `upper_id`, or as keys. Both are emptied at the end: they may name people.
    """

    class Act(models.TextChoices):
        TAG = "tag", _("Add a tag")
        UNTAG = "untag", _("Remove a tag")
        SET = "set", _("Set a field")
        ARCHIVE = "archive", _("Archive")
        RESTORE = "restore", _("Restore")
        EXPORT = "export", _("Export")

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    act = models.CharField(max_length=10, choices=Act.choices)
    values = models.JSONField(default=dict)  # of the act: the tag's key, or key and value of a field
    filters = models.JSONField(default=dict)
    ids = models.JSONField(default=list)
    upper_id = models.BigIntegerField()
    position = models.BigIntegerField(default=0)  # the key of the last customer that was dealt with
    matched = models.IntegerField(default=0)
    changed = models.IntegerField(default=0)
    actor = models.CharField(max_length=80)  # kind:id
    actor_label = models.CharField(max_length=160)
    business_id = models.BigIntegerField(null=True)
    job = models.OneToOneField("workspace.Job", on_delete=models.PROTECT, null=True, related_name="+")
    path = models.CharField(max_length=100, blank=True)  # of an export's file, while it is kept
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        # The sweep looks for files and rows to take away.
        indexes: ClassVar = [
            models.Index("finished_at", name="bulk_run_files", condition=~Q(path="")),
            models.Index("created_at", name="bulk_run_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.act} {self.code}"
