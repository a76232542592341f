"""The OpenAPI document: what drf-spectacular cannot know by itself.

Hot views are plain Django views over msgspec structs. They describe themselves with `describe`, and the hook here puts
them into the same document. Every operation also gets the problems that it may answer with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.utils import OpenApiParameter, inline_serializer
from rest_framework import serializers

from core.api import DEFAULT_LIMIT, MAX_LIMIT
from core.permissions import Perm
from core.problems import MEDIA_TYPE, Problem

View = TypeVar("View", bound=Callable[..., Any])
REF = "#/components/schemas/{name}"


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of a hot view. `request` and the values of `responses` are msgspec structs (or types of them).

    `parameters` are OpenAPI parameter objects; path parameters with a `code` converter are added by themselves.
    """

    id: str
    summary: str
    tag: str
    description: str = ""
    request: Any = None
    responses: Mapping[int, Any] | None = None
    parameters: Sequence[Mapping[str, Any]] = ()
    idempotent: bool = False


IDEMPOTENCY_HEADER: dict[str, Any] = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "Repeating a request with the same key returns the first answer. Without it, the order reference "
    "serves; a request with neither is refused.",
}


def describe(**operations: Operation) -> Callable[[View], View]:
    """Attach what each method of a hot view takes and gives: `@describe(POST=Operation(…))`, outermost decorator."""

    def wrap(view: View) -> View:
        view.openapi = operations  # type: ignore[attr-defined]
        return view

    return wrap


_PAGES: dict[str, Any] = {}


def page_of(serializer: type[serializers.Serializer[Any]]) -> Any:
    """The answer of a list of `serializer`: `{"data": […], "next_cursor": …}`."""
    name = serializer.__name__.removesuffix("Output") + "Page"
    if name not in _PAGES:
        _PAGES[name] = inline_serializer(
            name,
            {
                "data": serializer(many=True),
                "next_cursor": serializers.CharField(
                    allow_null=True, help_text="Send it as ?cursor= for the next page; null: this is the last one."
                ),
            },
        )
    return _PAGES[name]


def page_parameters(*orders: str, default: str) -> list[OpenApiParameter]:
    """`cursor`, `limit` and `ordering` of a list."""
    choices = [sign + order for order in orders for sign in ("", "-")]
    return [
        OpenApiParameter("cursor", str, description="The `next_cursor` of the page before."),
        OpenApiParameter(
            "limit",
            {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
            description="Rows in a page.",
        ),
        OpenApiParameter("ordering", str, enum=choices, default=default, description="A minus sign: descending."),
    ]


def _routes(patterns: Sequence[Any], prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, route)
        else:
            yield route, pattern


def api_routes(urlconf: str) -> list[tuple[str, URLPattern]]:
    """(route, pattern) of everything under `api/` in `urlconf`."""
    return [(route, p) for route, p in _routes(get_resolver(urlconf).url_patterns) if route.startswith("api/")]


def add_hot_views(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:  # noqa: FBT001
    """drf-spectacular hook: the operations of views that carry `openapi`."""
    components = result.setdefault("components", {}).setdefault("schemas", {})
    described: list[Any] = [Problem]
    found: list[tuple[str, str, Operation]] = []
    for route, pattern in api_routes(str(generator.urlconf or "config.urls_programme")):
        for method, operation in getattr(pattern.callback, "openapi", {}).items():
            found.append((f"/{_openapi_path(route)}", method.lower(), operation))
            described += [kind for kind in (operation.request, *(operation.responses or {}).values()) if kind]
    schemas, definitions = msgspec.json.schema_components(described, ref_template=REF)
    by_kind = dict(zip(map(str, described), schemas, strict=True))
    taken = sorted(set(definitions) & set(components))
    if taken:  # one name for two shapes would make the document lie about one of them
        raise ValueError(f"these component names are used by a serializer and by a struct: {', '.join(taken)}")
    components.update(definitions)
    for path, method, operation in found:
        result["paths"].setdefault(path, {})[method] = _operation(operation, path, by_kind)
    result["paths"] = dict(sorted(result["paths"].items()))
    result["components"]["schemas"] = dict(sorted(components.items()))
    return result


def _openapi_path(route: str) -> str:
    """`a/<code:b>` as `a/{b}`."""
    parts = []
    for part in route.split("/"):
        parts.append("{" + part[1:-1].rpartition(":")[2] + "}" if part.startswith("<") else part)
    return "/".join(parts)


def _operation(operation: Operation, path: str, schemas: Mapping[str, Any]) -> dict[str, Any]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    given = {parameter["name"] for parameter in operation.parameters}
    parameters: list[Any] = [
        {"in": "path", "name": name, "required": True, "schema": {"type": "string"}}
        for name in names
        if name not in given
    ]
    parameters += [*operation.parameters, *([IDEMPOTENCY_HEADER] if operation.idempotent else [])]
    described: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [operation.tag],
        "security": [{"apiKey": []}, {"bearer": []}],
        "responses": {
            str(status): {
                "description": "Done",
                **({"content": {"application/json": {"schema": schemas[str(kind)]}}} if kind else {}),
            }
            for status, kind in (operation.responses or {204: None}).items()
        },
    }
    if operation.description:
        described["description"] = operation.description
    if parameters:
        described["parameters"] = parameters
    if operation.request is not None:
        body = {"application/json": {"schema": schemas[str(operation.request)]}}
        described["requestBody"] = {"required": True, "content": body}
    return described


# Which problems every operation may answer with, beside its own. `default` covers the rest (429, 500, 503).
_PROBLEMS = {
    "400": "The request cannot be read.",
    "401": "No valid key or token.",
    "403": "The key or role lacks a permission.",
    "404": "Not there, or not visible to the caller.",
    "409": "A rule refused; nothing was changed.",
    "422": "Some input is not valid; `errors` names the fields.",
    "default": "Any other problem, such as 429 with Retry-After.",
}


def add_scopes(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:  # noqa: FBT001
    """drf-spectacular hook: a summary, the permission that each operation needs, and either kind of credentials."""
    required: dict[str, Mapping[str, Any]] = {
        f"/{_openapi_path(route)}": required_of(pattern.callback)
        for route, pattern in api_routes("config.urls_programme")
    }
    for path, methods in result["paths"].items():
        for method, operation in methods.items():
            if not isinstance(operation, dict):
                continue
            text = operation.get("description", "")
            operation.setdefault("summary", text.partition("\n")[0].partition(". ")[0].rstrip("."))
            perm = required.get(path, {}).get(method.upper())
            if perm is not None:
                operation["security"] = [{"apiKey": []}, {"bearer": []}]
            if isinstance(perm, Perm):
                operation["x-permission"] = perm.value
                operation["description"] = f"{text}\n\nNeeds the permission `{perm.value}`.".strip()
    return result


def required_of(view: Callable[..., Any]) -> Mapping[str, Any]:
    """What a view of the API requires for each method; nothing for an open one."""
    required: Mapping[str, Any] | None = getattr(view, "required", None)
    return required or getattr(getattr(view, "cls", None), "required", None) or {}


def add_problems(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:  # noqa: FBT001
    """drf-spectacular hook: the problems of every operation under `/api/v1/`."""
    content = {MEDIA_TYPE: {"schema": {"$ref": REF.format(name="Problem")}}}
    result["components"].setdefault("responses", {})["Problem"] = {"description": "A problem", "content": content}
    for path, methods in result["paths"].items():
        for method, operation in methods.items():
            if not isinstance(operation, dict):
                continue
            fitting = ["default"]
            fitting += ["401", "403"] if operation.get("security") != [{}] else []
            fitting += ["404"] if "{" in path else []
            fitting += ["400", "409", "422"] if method in ("post", "put", "patch") else []
            fitting += ["422"] if method == "get" and operation.get("parameters") else []
            for status in fitting:
                response = {"description": _PROBLEMS[status], "content": content}
                operation["responses"].setdefault(status, response)
            operation["responses"] = dict(sorted(operation["responses"].items()))
    return result
