"""What every API view shares: strict input, cursor pages, and the errors of credentials and limits.

Knows no model. Authentication and scopes are in `workspace.api_auth`, counters in `programs.api_limits`.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

import msgspec
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import DomainError, InvalidInput

# -- errors of the boundary -------------------------------------------------------------------------------------------


class NotAuthenticated(DomainError):
    """No credentials, or credentials that prove nothing."""

    code = "not_authenticated"
    status = 401
    message = _("Send a key in X-API-Key or a token in Authorization: Bearer.")


class TooManyRequests(DomainError):
    """The limit of a key, a person or an address is used up until `retry_after` seconds from now."""

    code = "too_many_requests"
    status = 429
    message = _("Too many requests. Try again in a moment.")


class InvalidCursor(InvalidInput):
    code = "invalid_cursor"
    message = _("This cursor does not belong to this list. Start again without it.")


class InvalidOrdering(InvalidInput):
    code = "invalid_ordering"
    message = _("This list cannot be ordered by that.")


# -- input ------------------------------------------------------------------------------------------------------------


class StrictSerializer(serializers.Serializer[Any]):
    """Input of an API act: a field that it does not know is an error (`unknown_field`), never silently dropped."""

    default_error_messages: ClassVar[dict[str, Any]] = {"unknown_field": _("There is no such field.")}

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            unknown = [name for name in data if name not in self.fields or self.fields[name].read_only]
            if unknown:
                text = str(self.error_messages["unknown_field"])
                raise serializers.ValidationError(
                    {str(name): [serializers.ErrorDetail(text, "unknown_field")] for name in unknown}
                )
        return super().to_internal_value(data)


class CleanCharField(serializers.CharField):
    """Text without characters that PostgreSQL cannot store or that hide in a name."""

    default_error_messages: ClassVar[dict[str, Any]] = {"control": _("This text has characters that cannot be kept.")}

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if any(0xD800 <= ord(character) <= 0xDFFF for character in text):
            self.fail("control")
        return text


def read_body(
    request: Request, serializer: type[serializers.Serializer[Any]], *, partial: bool = False
) -> dict[str, Any]:
    """The checked input of a request. Raises a ValidationError, rendered as a 422 problem that names each field."""
    checked = serializer(data=request.data, partial=partial)
    checked.is_valid(raise_exception=True)
    data: dict[str, Any] = dict(checked.validated_data)
    return data


def read_query(request: Request, serializer: type[serializers.Serializer[Any]]) -> dict[str, Any]:
    """The checked parameters of a GET; `cursor`, `limit`, `ordering` belong to the page and are left alone."""
    given = {key: value for key, value in request.query_params.items() if key not in PAGE_PARAMETERS}
    checked = serializer(data=given)
    checked.is_valid(raise_exception=True)
    data: dict[str, Any] = dict(checked.validated_data)
    return data


# -- cursor pages -----------------------------------------------------------------------------------------------------

PAGE_PARAMETERS = ("cursor", "limit", "ordering")
DEFAULT_LIMIT = 50
MAX_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Order:
    """One order of a list: `field` is the model's path. Null values come last, whatever the direction."""

    field: str
    nullable: bool = False


class CursorPage(msgspec.Struct, frozen=True):
    items: list[Any]
    next_cursor: str | None


def cursor_page(
    request: Request,
    queryset: models.QuerySet[Any],
    *,
    orders: dict[str, Order],
    default: str,
    key: str = "pk",
) -> CursorPage:
    """One page by keyset: constant cost at any depth, no row skipped or doubled while others write.

    `orders` maps what a caller may write in `?ordering` (with a leading minus for descending) to a field. The cursor
    carries the order, so it can only continue the list that it came from. Raises InvalidCursor, InvalidOrdering and
    InvalidInput for a limit outside 1 to 200. One query.
    """
    limit = _limit(request)
    ordering = request.query_params.get("ordering") or default
    order = orders.get(ordering.removeprefix("-"))
    if order is None:
        raise InvalidOrdering(field="ordering", allowed=sorted(orders))
    descending = ordering.startswith("-")
    cursor = request.query_params.get("cursor")
    if cursor:
        queryset = queryset.filter(_after(cursor, ordering=ordering, order=order, key=key, descending=descending))
    field = models.F(order.field)
    first = (
        field.desc(nulls_last=order.nullable or None) if descending else field.asc(nulls_last=order.nullable or None)
    )
    terms = [first] if order.field == key else [first, models.F(key).desc() if descending else models.F(key).asc()]
    rows = list(queryset.order_by(*terms)[: limit + 1])
    more = len(rows) > limit
    rows = rows[:limit]
    return CursorPage(rows, _cursor(rows[-1], ordering=ordering, order=order, key=key) if more else None)


def page_response(page: CursorPage, serializer: type[serializers.BaseSerializer[Any]], **context: Any) -> Response:
    """A list's answer: `{"data": [...], "next_cursor": "…" | null}`."""
    rows = serializer(page.items, many=True, context=context).data
    return Response({"data": rows, "next_cursor": page.next_cursor})


def _limit(request: Request) -> int:
    text = request.query_params.get("limit")
    if text is None:
        return DEFAULT_LIMIT
    if not text.isascii() or not text.isdigit() or len(text) > 3 or not 1 <= int(text) <= MAX_LIMIT:
        raise InvalidInput(_("Ask for 1 to 200 at a time."), field="limit")
    return int(text)


def _value(row: Any, path: str) -> Any:
    for name in path.split("__"):
        row = getattr(row, name, None)
    return row


def _cursor(row: Any, *, ordering: str, order: Order, key: str) -> str:
    value = _value(row, order.field)
    text = value.isoformat() if isinstance(value, datetime) else str(value) if isinstance(value, Decimal) else value
    packed = msgspec.json.encode([ordering, text, _value(row, key)])
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _after(cursor: str, *, ordering: str, order: Order, key: str, descending: bool) -> Q:
    try:
        packed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        made_for, value, last = msgspec.json.decode(packed, type=tuple[str, str | int | None, int])
    except (msgspec.MsgspecError, binascii.Error, ValueError, UnicodeError) as error:
        raise InvalidCursor(field="cursor") from error
    if made_for != ordering or not 0 <= last < 2**63 or (isinstance(value, int) and abs(value) >= 2**63):
        raise InvalidCursor(field="cursor")
    beyond = "lt" if descending else "gt"
    if order.field == key:
        return Q(**{f"{key}__{beyond}": last})
    if value is None:  # already among the nulls, which come last
        return Q(**{f"{order.field}__isnull": True, f"{key}__{beyond}": last})
    after = Q(**{f"{order.field}__{beyond}": value}) | Q(**{order.field: value, f"{key}__{beyond}": last})
    return after | Q(**{f"{order.field}__isnull": True}) if order.nullable else after
