"""Which programme a provider's call belongs to."""

from __future__ import annotations

from collections.abc import Collection

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from core.tenancy import active_schema
from programs.models import Programme, ProviderRoute


class RouteTaken(DomainError):
    """Another programme of this deployment has the number with this account."""

    code = "provider_route_taken"
    message = _("This sender of this account belongs to another programme already.")


def set_route(*, provider: str, address: str) -> None:
    """Make `address` lead to the active programme, instead of any that led there before. In the caller's transaction.

    Safe to repeat. Raises RouteTaken; nothing is changed then.
    """
    programme = Programme.objects.only("pk").get(schema_name=active_schema())
    try:
        with transaction.atomic():
            ProviderRoute.objects.filter(programme=programme).exclude(provider=provider, address=address).delete()
            route, _is_new = ProviderRoute.objects.get_or_create(
                provider=provider, address=address, defaults={"programme": programme}
            )
            if route.programme_id != programme.pk:
                raise RouteTaken
    except IntegrityError as error:  # somebody else took it at the same time
        raise RouteTaken from error


def drop_routes() -> None:
    """Let nothing lead to the active programme any more."""
    ProviderRoute.objects.filter(programme__schema_name=active_schema()).delete()


def programme_of(*, provider: str, addresses: Collection[str]) -> Programme | None:
    """The live programme to which one of the addresses leads. One query, in public."""
    routes = ProviderRoute.objects.filter(provider=provider, address__in=addresses, programme__is_active=True)
    route = routes.select_related("programme").first()
    return route.programme if route else None
