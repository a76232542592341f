"""Every route of both kinds of host with what it asks for: read by a test and by the permissions page of the docs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import URLResolver, get_resolver

from core.permissions import ROLE_PERMISSIONS, Perm, Role
from programs.access import access_of, dotted_name

HOSTS = {"public": "config.urls_public", "programme": "config.urls_programme"}


@dataclass(frozen=True, slots=True)
class Route:
    """`access` is a Perm, one of the words of core.permissions, or None: nobody said. `methods` only for the API."""

    host: str
    path: str
    name: str
    view: str
    access: object
    methods: Mapping[str, str]
    is_admin: bool


def all_routes() -> list[Route]:
    return [route for host, urlconf in HOSTS.items() for route in _walk(get_resolver(urlconf), host, "/", ())]


def _walk(resolver: URLResolver, host: str, prefix: str, names: tuple[str, ...]) -> Iterator[Route]:
    for entry in resolver.url_patterns:
        path = prefix + str(entry.pattern).lstrip("^")
        if isinstance(entry, URLResolver):
            yield from _walk(entry, host, path, (*names, entry.namespace) if entry.namespace else names)
            continue
        view: Any = entry.callback
        required = getattr(getattr(view, "cls", view), "required", None) or {}
        yield Route(
            host=host,
            path=path.replace("$", ""),
            name=":".join((*names, entry.name or "")),
            view=dotted_name(view),
            access=access_of(view),
            methods={method: str(needed) for method, needed in required.items()},
            is_admin=hasattr(view, "admin_site") or hasattr(view, "model_admin"),
        )


def permissions_markdown() -> str:
    """docs/permissions.md: role × permission, then URL × permission. Generated, so that it cannot lie."""
    roles = list(Role)
    lines = [
        "# Permissions",
        "",
        "Generated from `core/permissions.py` and the views by `manage.py permissions_doc`; a test compares.",
        "A membership limited to one business sees and changes only what belongs to it, whatever the role.",
        "",
        "## What each role may do",
        "",
        "| Permission (and API scope) | What | " + " | ".join(str(role.label) for role in roles) + " |",
        "|---|---|" + ":-:|" * len(roles),
    ]
    for perm in Perm:
        marks = " | ".join("yes" if perm in ROLE_PERMISSIONS[role] else "" for role in roles)
        lines.append(f"| `{perm.value}` | {perm.label} | {marks} |")
    lines += [
        "",
        "## What each page asks for",
        "",
        "`open`: anybody. `signed-in`: any person who is logged in. `member`: any member of the programme.",
        "`customer`: a customer's own session. The admin sites (`/admin/`) check for themselves: platform staff on the",
        "public host, owners and managers of the programme on its own.",
        "",
        "| Host | Page | Asks for |",
        "|---|---|---|",
    ]
    routes = [route for route in all_routes() if not route.is_admin]
    pages = sorted((r for r in routes if not r.path.startswith("/api/")), key=lambda r: (r.host, r.path))
    lines += [f"| {route.host} | `{route.path}` | `{route.access}` |" for route in pages]
    lines += ["", "## What each act of the API asks for", "", "| Route | Method | Asks for |", "|---|---|---|"]
    api = sorted((r for r in routes if r.path.startswith("/api/") and r.host == "programme"), key=lambda r: r.path)
    for route in api:
        for method, needed in sorted(route.methods.items()) or [("any", str(route.access))]:
            lines.append(f"| `{route.path}` | {method} | `{needed}` |")
    return "\n".join(lines) + "\n"
