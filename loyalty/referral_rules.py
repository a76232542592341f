"""When two customers may be one person. Pure."""

from __future__ import annotations

from typing import Protocol


class Person(Protocol):
    first_name: str
    last_name: str
    email: str


def may_be_the_same(one: Person, other: Person) -> bool:
    """The same full name, or the same mailbox: what follows a + and dots before the @ tell nobody apart.

    Source: RFC 5233 (sub-addressing); dots as Gmail delivers them.
    """
    names = [f"{person.first_name} {person.last_name}".casefold().split() for person in (one, other)]
    if len(names[0]) > 1 and names[0] == names[1]:
        return True
    boxes = [mailbox(person.email) for person in (one, other)]
    return bool(boxes[0]) and boxes[0] == boxes[1]


def mailbox(address: str) -> str:
    local, _at, domain = address.casefold().rpartition("@")
    local = local.partition("+")[0]
    return f"{local.replace('.', '')}@{domain}" if local else ""
