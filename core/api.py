"""What every API view shares: strict input, cursor pages, and the errors of credentials and limits.

Knows no model. Authentication and scopes are in `workspace.api_auth`, counters in `programs.api_limits`.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
from django.db import models
from django.urls import register_converter
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from core.codes import keyed_digest
from core.errors import DomainError, InvalidInput
from core.keyset import Order, keyset_page
from core.tenancy import active_schema

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


# -- addresses, bodies, formats ---------------------------------------------------------------------------------------


class CodeConverter:
    """A public code in a URL. Anything else is not there, before the database is asked."""

    regex = "[0-9a-z]{8,16}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(CodeConverter, "code")


class JsonParser(BaseParser):
    """Strict JSON (no NaN, no numbers beyond a float, no lone surrogates, bounded depth)."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            # A request's `body` holds to DATA_UPLOAD_MAX_MEMORY_SIZE, its `read()` does not.
            return msgspec.json.decode(stream.body if hasattr(stream, "body") else stream.read())
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ParseError(f"The body is not valid JSON: {error}"[:200]) from error


class JsonOnly(BaseContentNegotiation):
    """The API speaks JSON whatever the Accept header says: one answer, no 406 to handle."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        wanted = str(request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if wanted == parser.media_type), None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


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


class CursorPage(msgspec.Struct, frozen=True):
    items: list[Any]
    next_cursor: str | None


def cursor_page(
    request: Request, queryset: models.QuerySet[Any], *, orders: Mapping[str, Order], default: str
) -> CursorPage:
    """One page by key (`core.keyset`): constant cost at any depth, no row skipped or doubled while others write.

    `orders` maps what a caller may write in `?ordering` (with a leading minus for descending). The cursor is signed for
    this list, order and programme, so nothing else is ever read as one. Raises InvalidCursor, InvalidOrdering, and
    InvalidInput for a limit outside 1 to 200. One query.
    """
    limit = _limit(request)
    ordering = request.query_params.get("ordering") or default
    order = orders.get(ordering.removeprefix("-"))
    if order is None:
        raise InvalidOrdering(field="ordering", allowed=sorted(orders))
    given = request.query_params.get("cursor")
    cursor = _verified(given, request.path, ordering) if given else ""
    page = keyset_page(queryset, order, descending=ordering.startswith("-"), cursor=cursor, size=limit)
    following = page.next_cursor and f"{_signature(page.next_cursor, request.path, ordering)}.{page.next_cursor}"
    return CursorPage(list(page.rows), following or None)


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


def _signature(cursor: str, path: str, ordering: str) -> str:
    return keyed_digest("core.api.cursor", active_schema(), path, ordering, cursor)[:9].hex()


def _verified(given: str, path: str, ordering: str) -> str:
    signature, _dot, cursor = given.partition(".")
    if not hmac.compare_digest(signature.encode(), _signature(cursor, path, ordering).encode()):
        raise InvalidCursor(field="cursor")
    return cursor
