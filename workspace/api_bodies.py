"""Bodies of the hot views: read by msgspec, and refused with the code of the first field that does not fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from core.errors import DomainError, InvalidInput
from core.problems import FieldError, problem
from workspace.api_auth import ApiCaller

Body = TypeVar("Body", bound=msgspec.Struct)


class MalformedBody(DomainError):
    code = "malformed"
    status = 400


class UnsupportedMediaType(DomainError):
    code = "unsupported_media_type"
    status = 415


class InvalidBody(InvalidInput):
    """The first thing in a body that does not fit; `field_code` tells an unknown field from a wrong value."""

    def __init__(self, message: str, *, field: str, field_code: str = "invalid") -> None:
        super().__init__(message, field=field)
        self.field_code = field_code


def read(request: HttpRequest, decoder: msgspec.json.Decoder[Body]) -> Body:
    """The body as `decoder`'s type. Raises MalformedBody, UnsupportedMediaType and InvalidBody."""
    if (request.content_type or "").lower() != "application/json":
        raise UnsupportedMediaType(_("Send application/json."))
    return decode(request.body, decoder)


def decode(body: bytes | msgspec.Raw, decoder: msgspec.json.Decoder[Body]) -> Body:
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _invalid_body(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedBody(_("The body is not valid JSON.")) from error


def _invalid_body(text: str) -> InvalidBody:
    """msgspec names the place in words: "Expected `int`, got `str` - at `$.points`", "… unknown field `x` - at `$`"."""
    message, _at, path = text.partition(" - at `$")
    parts = path.rstrip("`").replace("[", ".").replace("]", "").strip(".")
    if "unknown field `" in message or "required field `" in message:
        name = message.split("`")[1]
        parts = f"{parts}.{name}" if parts else name
        is_unknown = "unknown field" in message
        words = _("There is no such field.") if is_unknown else _("This field is required.")
        return InvalidBody(words, field=parts, field_code="unknown_field" if is_unknown else "required")
    return InvalidBody(f"{message}.", field=parts)


def refusal(error: InvalidBody) -> HttpResponse:
    return problem(
        422,
        "invalid",
        _("Some fields are not valid."),
        errors=[FieldError(error.field, str(error.message), error.field_code)],
    )


View = Callable[..., HttpResponse]


def refusing(view: View) -> View:
    """Answer an invalid body with the code of its field; every other refusal goes to the middleware."""

    def wrapped(request: HttpRequest, caller: ApiCaller, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, caller, **kwargs)
        except InvalidBody as error:
            return refusal(error)

    wrapped.__name__, wrapped.__doc__, wrapped.__module__ = view.__name__, view.__doc__, view.__module__
    return wrapped
