# What programs.models uses of django-tenants, which has no types of its own.
from django.db import models

from programs.models import Programme

class TenantMixin(models.Model):
    auto_create_schema: bool
    schema_name: models.CharField[str, str]
    class Meta:
        abstract = True

class DomainMixin(models.Model):
    domain: models.CharField[str, str]
    tenant: models.ForeignKey[Programme, Programme]
    is_primary: models.BooleanField[bool, bool]
    class Meta:
        abstract = True
