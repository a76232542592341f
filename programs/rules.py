"""Pure rules: which subdomains may exist, how a schema is called, where a log-in may lead, what an origin is."""

from __future__ import annotations

import re
import unicodedata

THEMES = ("dark", "light", "system")
# E-mails that a person can switch off.
NOTIFICATIONS = ("team",)  # somebody joined a programme that they own, or a business asks to

SCHEMA_PREFIX = "p_"
SLUG_MAX_LENGTH = 40
NEXT_PATH_MAX_LENGTH = 500
# Lower-case letters, digits and single hyphens inside: a host name label (RFC 1123) and, with hyphens turned into
# underscores, a schema name. Two slugs never give the same schema because a slug has no underscore.
SLUG_PATTERN = re.compile(r"[a-z](?:[a-z0-9]|-(?=[a-z0-9])){1,39}")

RESERVED_SLUGS = frozenset(
    """admin api app apps assets auth billing blog cdn dashboard dev docs email example ftp health help host imap
    internal localhost login mail media metrics mx ns1 ns2 owner pop postgres postmaster public regulars root sms smtp
    staff static status support system template test testing till webhook webhooks webmail www""".split()
)


def is_valid_slug(slug: str) -> bool:
    """Whether `slug` may become a programme's subdomain (reserved words are not)."""
    return bool(SLUG_PATTERN.fullmatch(slug)) and slug not in RESERVED_SLUGS


def schema_name(slug: str) -> str:
    """The schema of the programme `slug`. Never changes, even when the programme moves to another host."""
    return SCHEMA_PREFIX + slug.replace("-", "_")


def suggest_slug(name: str) -> str:
    """A subdomain made from a programme's name, or "" when nothing usable is left of it."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain.replace("'", "")).strip("-0123456789")
    slug = words[:SLUG_MAX_LENGTH].strip("-")
    return slug if is_valid_slug(slug) else ""


def safe_path(path: str) -> str:
    """`path` if it stays on the host that it is used on, else "/"."""
    if len(path) > NEXT_PATH_MAX_LENGTH or not path.startswith("/") or path[1:2] in ("/", "\\"):
        return "/"
    return "/" if any(character <= " " or character in "\\\x7f" for character in path) else path


_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
ORIGIN_PATTERN = re.compile(rf"(https?)://((?:{_LABEL}\.)*{_LABEL})(?::([0-9]{{1,5}}))?/?")
USUAL_PORTS = {"http": 80, "https": 443}
MAX_ORIGINS = 20
ORIGIN_MAX_LENGTH = 200


def clean_origin(text: str) -> str:
    """A web origin as browsers send it: scheme, host, and the port unless it is the usual one; "" for anything else.

    Source: RFC 6454, section 6.2.
    """
    match = ORIGIN_PATTERN.fullmatch(text.strip().lower())
    if match is None or len(text) > ORIGIN_MAX_LENGTH:
        return ""
    scheme, host, port = match.group(1), match.group(2), int(match.group(3) or USUAL_PORTS[match.group(1)])
    if not 0 < port < 65536:
        return ""
    return f"{scheme}://{host}" if port == USUAL_PORTS[scheme] else f"{scheme}://{host}:{port}"
