"""Which files hold words that customers read: the points page, its errors, and the texts and e-mails sent to them.

Found by following the code from where it starts, so that a new page, message or module belongs without being listed:

- Python: the modules of the points page, all that queue a message or answer one, and every module of ours that these
  import.
- Templates: those that this Python names, the error pages, and everything that they extend or include.

What is reached on the way but read by staff alone is in STAFF_ONLY.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
APPS = (
    "core",
    "programs",
    "workspace",
    "customers",
    "messaging",
    "loyalty",
    "intelligence",
    "segments",
    "screens",
    "config",
)

PAGE_MODULES = "screens/*portal*.py"
SENDING = re.compile(r"\bqueue_message\(")
ANSWERING = re.compile(r"^@answers\(", re.MULTILINE)  # in the language that messaging.commands has chosen
# Names that a form of the points page shows, and what is put around a message on its way.
MORE_MODULES = ("core/countries.py", "messaging/channels/email.py")
ERROR_PAGES = ("templates/[0-9]*.html", "templates/errors/*.html")
# Templates of the staff that the paper in a customer's hand comes from.
MORE_TEMPLATES = ("screens/till/_receipt.html",)
# What `{% extends name %}` and `{% include name %}` may stand for.
BY_VARIABLE = {"email_base": ("emails/_page.html",)}

# Pattern of paths → who reads them. Their words have no German.
STAFF_ONLY = {
    "*/models.py": "admin: names of fields and kinds",
    "*/models/*.py": "admin: names of fields and kinds",
    "core/actor.py": "staff whose role is limited",
    "core/money.py": "till: amounts that staff type",
    "core/permissions.py": "team: names of roles and permissions",
    "customers/actions/customers.py": "staff and API: what is wrong with a profile",
    "customers/actions/refunds.py": "staff and API: what is wrong with a refund",
    "customers/attributes.py": "staff and API: what is wrong with a value",
    "customers/events.py": "staff: the timeline of a profile",
    "customers/imports/*.py": "staff and API: what is wrong with a file",
    "intelligence/features/*.py": "staff and API: what features mean",
    "intelligence/reports_features.py": "staff: how values read",
    "loyalty/access_*.py": "staff whose role is limited",
    "loyalty/actions/affiliate*.py": "staff and API: what is wrong with an affiliate or a payout",
    "loyalty/actions/approvals.py": "staff and API: points by hand that wait for a second person",
    "loyalty/actions/stamps.py": "staff and API: what is wrong with a stamp card",
    "loyalty/actions/tiers.py": "staff and API: what is wrong with a tier",
    "loyalty/events.py": "staff: the timeline of a profile",
    "loyalty/operations.py": "till and API: what is wrong with a sale",
    "messaging/*webhook*.py": "staff and API: webhooks",
    "programs/*.py": "team: log-in, programmes",
    "programs/actions/*.py": "team: log-in, programmes",
    "screens/actions/privacy.py": "staff: what stays in the books of somebody who is erased",
    "screens/forms_till.py": "till",
    "screens/reports_till.py": "till",
    "workspace/*.py": "staff: settings, audit",
    "workspace/actions/*.py": "staff: settings, audit",
}

_EXTENDS = re.compile(r"{%-?\s*(?:extends|include)\s+(\S+)")
_GETTEXT = re.compile(r"\bgettext\b|\bngettext\b|\bgettext_lazy\b|\bCountry\(")


def modules() -> list[Path]:
    """Python files with words for customers, relative to the repository."""
    reached = _reached(_entry_modules(), _imported_files)
    with_words = (path for path in reached if _GETTEXT.search(_read(path)))
    return sorted(path for path in with_words if not is_staff_only(path))


def templates() -> list[Path]:
    """Templates with words for customers, relative to the repository."""
    return sorted(_reached(_entry_templates(), _used_templates))


def is_staff_only(path: Path) -> bool:
    return any(fnmatch(path.as_posix(), pattern) for pattern in STAFF_ONLY)


def used_patterns() -> set[str]:
    """The patterns of STAFF_ONLY that something reached matches: another one is a leftover."""
    reached = [path for path in _reached(_entry_modules(), _imported_files) if _GETTEXT.search(_read(path))]
    return {pattern for pattern in STAFF_ONLY if any(fnmatch(path.as_posix(), pattern) for path in reached)}


def _reached(start: Iterable[Path], next_of: Callable[[Path], Iterable[Path]]) -> set[Path]:
    found, todo = set(start), list(start)
    while todo:
        for path in next_of(todo.pop()):
            if path not in found:
                found.add(path)
                todo.append(path)
    return found


@cache
def _read(path: Path) -> str:
    return (ROOT / path).read_text()


# -- Python -----------------------------------------------------------------------------------------------------------


def _entry_modules() -> list[Path]:
    pages = [path.relative_to(ROOT) for path in ROOT.glob(PAGE_MODULES)]
    senders = [path for path in _own_modules() if SENDING.search(_read(path)) or ANSWERING.search(_read(path))]
    return [*pages, *senders, *map(Path, MORE_MODULES)]


def _own_modules() -> Iterator[Path]:
    """Without tests, and without what makes demonstrations."""
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            if not {"tests", "migrations", "demo"} & set(path.parts):
                yield path.relative_to(ROOT)


@cache
def _imported_files(path: Path) -> list[Path]:
    found: list[Path] = []
    for node in ast.walk(ast.parse(_read(path))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            if name.partition(".")[0] in APPS:
                found += _file_of(name)
    return found


def _file_of(module: str) -> Iterator[Path]:
    stem = Path(*module.split("."))
    for path in (stem.with_suffix(".py"), stem / "__init__.py"):
        if (ROOT / path).exists():
            yield path


# -- templates --------------------------------------------------------------------------------------------------------


def _entry_templates() -> list[Path]:
    errors = [path.relative_to(ROOT) for pattern in ERROR_PAGES for path in ROOT.glob(pattern)]
    reached = _reached(_entry_modules(), _imported_files)
    named = {
        name for path in reached if not is_staff_only(path) for name in re.findall(r'"(\w+/[\w/]+\.html)"', _read(path))
    }
    return [*errors, *(template_file(name) for name in sorted({*named, *MORE_TEMPLATES}))]


def _used_templates(path: Path) -> Iterator[Path]:
    for name in _EXTENDS.findall(_read(path)):
        if name[0] in "\"'":
            yield template_file(name.strip("\"'").partition("#")[0])
        elif name in BY_VARIABLE:
            yield from map(template_file, BY_VARIABLE[name])
        else:
            raise ValueError(f"{path} uses the template of the variable {name}: say in BY_VARIABLE which it can be")


def template_file(name: str) -> Path:
    """Where a template is. Raises FileNotFoundError."""
    for folder in ("templates", *(f"{app}/templates" for app in APPS)):
        if (ROOT / folder / name).exists():
            return Path(folder, name)
    raise FileNotFoundError(name)
