"""Pure rules about programme names: which subdomains exist and how a schema is called."""

from __future__ import annotations

import re

SCHEMA_PREFIX = "p_"
SLUG_MAX_LENGTH = 40
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
