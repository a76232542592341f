"""SQL that people write in a mapping: one SELECT or one expression, and nothing that writes.

The connection is read-only whatever stands here; this refuses early, with words, what it would refuse, and what a
server might run beside the statement.
"""

from __future__ import annotations

import re

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.databases.errors import MappingProblem

QUOTES = "'\"`"
WRITES = re.compile(
    r"\b(INTO|INSERT|UPDATE|DELETE|MERGE|CREATE|DROP|ALTER|TRUNCATE|GRANT|REVOKE|CALL|COPY|ATTACH)\b", re.IGNORECASE
)
# Comments hide code of one server from another; a statement after the first one is never wanted.
_REFUSED = (("--", gettext_lazy("comments")), ("/*", gettext_lazy("comments")), (";", gettext_lazy("a semicolon")))
_DOLLAR = re.compile(r"\$\w*\$")
_NAME = r"[A-Za-z_][\w$]*"
TABLE = re.compile(rf"{_NAME}(\.{_NAME}){{0,2}}")
PLAIN_NAME = re.compile(_NAME)


def checked_query(text: str, where: str) -> str:
    """A single SELECT without its last semicolon. `where` names the key for the message. Raises MappingProblem."""
    plain = text.strip().removesuffix(";").strip()
    bare = _without_literals(plain, where)
    if not re.match(r"(SELECT|WITH)\b", bare, re.IGNORECASE):
        raise MappingProblem(_("%(where)s must be one SELECT.") % {"where": where})
    _refuse_writes(bare, where)
    return plain


def checked_expression(text: str, where: str) -> str:
    """A value or condition, such as lower(email). Raises MappingProblem."""
    plain = text.strip()
    bare = _without_literals(plain, where)
    _refuse_writes(bare, where)
    depth = 0
    for character in bare:
        depth += (character == "(") - (character == ")")
        if depth < 0:
            break
    if depth or not plain:
        raise MappingProblem(_("%(where)s: the brackets do not match.") % {"where": where})
    return plain


def _refuse_writes(bare: str, where: str) -> None:
    if found := WRITES.search(bare):
        raise MappingProblem(
            _("%(where)s may only read: “%(word)s” is not allowed. Put a column of that name in quotes.")
            % {"where": where, "word": found[0]}
        )


def _without_literals(text: str, where: str) -> str:
    """The text with the inside of everything quoted taken out."""
    bare: list[str] = []
    quote = ""
    for character in text:
        if quote:
            if character == "\\":  # some servers escape with it, others do not
                raise MappingProblem(_("%(where)s: leave out the backslash.") % {"where": where})
            if character == quote:
                quote = ""
            continue
        if character in QUOTES:
            quote = character
        bare.append(" " if character in QUOTES else character)
    if quote:
        raise MappingProblem(_("%(where)s: a quotation mark is not closed.") % {"where": where})
    found = "".join(bare)
    for sign, name in _REFUSED:
        if sign in found:
            raise MappingProblem(_("%(where)s: leave out %(what)s.") % {"where": where, "what": name})
    if _DOLLAR.search(found) or "#" in found or "\\" in found or "\0" in text:
        raise MappingProblem(_("%(where)s: leave out #, $…$ and backslashes.") % {"where": where})
    return found
