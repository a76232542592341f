"""Where the database connection is: in a programme's schema or in public.

django-tenants adds this to Django's connection without telling a type checker; everybody asks here. To be in a
programme for a while, use `django_tenants.utils.tenant_context`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from django.db import connection

if TYPE_CHECKING:
    from programs.models import Programme


class _Tenanted(Protocol):
    schema_name: str
    tenant: Programme

    def set_tenant(self, tenant: Programme) -> None: ...
    def set_schema_to_public(self) -> None: ...


_connection = cast(_Tenanted, connection)


def active_schema() -> str:
    """The schema that the connection works in; "public" outside a programme."""
    return _connection.schema_name


def active_programme() -> Programme:
    """The programme that the connection works in, as it was when entered. Ask only inside one."""
    return _connection.tenant


def enter(programme: Programme) -> None:
    """Work in the programme's schema from here on. Costs the server nothing when the connection is there already."""
    if _connection.schema_name == programme.schema_name:
        _connection.tenant = programme
    else:
        _connection.set_tenant(programme)


def enter_public() -> None:
    """Work in the public schema from here on."""
    _connection.set_schema_to_public()
