"""Views of the customer list that people keep."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.codes import public_code


class SavedView(models.Model):
    """Filters, order and columns under a name: the list's query. One's own (`user_id`), or shared by everybody."""

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    name = models.CharField(_("name"), max_length=40)
    query = models.CharField(max_length=2000)  # as customers.list_query writes it, without what was searched for
    user_id = models.BigIntegerField(null=True, blank=True)
    is_default = models.BooleanField(_("opens first"), default=False)
    created_by = models.CharField(max_length=160, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        constraints: ClassVar = [
            models.UniqueConstraint("user_id", Lower("name"), name="saved_view_name_once", nulls_distinct=False),
            models.UniqueConstraint(
                fields=["user_id"],
                name="saved_view_one_default",
                condition=models.Q(is_default=True),
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return self.name
