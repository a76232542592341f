"""Where a database is: `postgresql://`, `mysql://` and `sqlite:///` addresses in parts."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast, get_args
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from django.utils.translation import gettext as _

from customers.databases.errors import AddressProblem

Kind = Literal["postgresql", "mysql", "sqlite"]
Tls = Literal["disable", "prefer", "require", "verify-full"]
SCHEMES: dict[str, Kind] = {
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "mysql": "mysql",
    "mariadb": "mysql",
    "sqlite": "sqlite",
}
PORTS = {"postgresql": 5432, "mysql": 3306, "sqlite": 0}
MAX_ADDRESS = 500
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")


@dataclass(frozen=True, slots=True)
class Address:
    """`host` of SQLite is empty and `database` its path; a host that begins with / is the folder of a Unix socket.

    `is_judged`: somebody typed it on a page, so only hosts on the public internet are called.
    """

    kind: Kind
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    tls: Tls
    is_judged: bool

    @property
    def shown(self) -> str:
        """Without the password."""
        if self.kind == "sqlite":
            return f"sqlite:///{self.database}"
        who = f"{quote(self.user, safe='')}@" if self.user else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        options = "" if self.tls == usual_tls(is_judged=self.is_judged) else f"?sslmode={self.tls}"
        return f"{self.kind}://{who}{host}:{self.port}/{quote(self.database, safe='')}{options}"


def usual_tls(*, is_judged: bool) -> Tls:
    """Across the internet never in the clear, unless somebody says so."""
    return "require" if is_judged else "prefer"


def read_address(url: str, *, password: str = "", is_judged: bool) -> Address:
    """The parts of an address; `password` stands in for one that the address leaves out.

    Raises AddressProblem. What stands behind the host's name is judged at each call, not here.
    """
    refused = AddressProblem(_("Write the address as postgresql://user:password@host/database or mysql://…"))
    if len(url) > MAX_ADDRESS:
        raise refused
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise refused from None
    kind = SCHEMES.get(parts.scheme.lower())
    if kind is None or parts.fragment:
        raise refused
    if kind == "sqlite":
        return _file(parts.path, is_judged=is_judged)
    options = dict(parse_qsl(parts.query))
    tls = options.pop("sslmode", usual_tls(is_judged=is_judged))
    host = parts.hostname or ""
    if not is_judged and options.get("host", "").startswith("/"):
        host = options.pop("host")
    if options or tls not in get_args(Tls):
        raise AddressProblem(_("Behind the ? only sslmode is understood: disable, prefer, require or verify-full."))
    database = unquote(parts.path.removeprefix("/"))
    if not database or "/" in database or not (_HOST.fullmatch(host) or (host.startswith("/") and not is_judged)):
        raise refused
    return Address(
        kind=kind,
        host=host,
        port=port or PORTS[kind],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or "") or password,
        database=database,
        tls=cast(Tls, tls),
        is_judged=is_judged,
    )


def _file(path: str, *, is_judged: bool) -> Address:
    if is_judged:
        raise AddressProblem(_("A file on the server is read by the command import_database only."))
    plain = unquote(path.removeprefix("/"))
    if not plain:
        raise AddressProblem(_("Write the file as sqlite:///folder/file.db, or sqlite:////folder/file.db."))
    return Address("sqlite", "", 0, "", "", str(Path(plain)), "disable", is_judged=False)
