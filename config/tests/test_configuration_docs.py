"""docs/configuration.md and .env.example against the code that reads the environment."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from config.database import BASE_DIR
from workspace.management.commands import create_api_key

SETTINGS = BASE_DIR / "config" / "settings" / "base.py"
OUTSIDE = [BASE_DIR / "config" / "database.py", BASE_DIR / "config" / "management" / "commands" / "up.py"]
OUTSIDE += [BASE_DIR / "config" / "supervisor" / "serve.py", BASE_DIR / "bootstrap.py"]
NAMED = {create_api_key.ENVIRONMENT}  # read by the name in a constant
READERS = {"str", "bool", "int", "list", "email_url", "choice", "host", "rate"}
MISSING = object()


def read_by_settings() -> dict[str, object]:
    """Each variable that the settings read, with its default where that is a literal."""
    found: dict[str, object] = {}
    for call in (node for node in ast.walk(ast.parse(SETTINGS.read_text())) if isinstance(node, ast.Call)):
        is_reader = isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") == "env"
        if not is_reader or not isinstance(call.args[0], ast.Constant):
            continue
        assert call.func.attr in READERS
        default = next((k.value for k in call.keywords if k.arg == "default"), None)
        name = str(call.args[0].value)
        try:
            found[name] = found.get(name) or (ast.literal_eval(default) if default is not None else MISSING)
        except ValueError:
            found[name] = MISSING
    return found


def read_outside() -> set[str]:
    pattern = re.compile(r"os\.environ(?:\.get\(|\[)\"([A-Z_]+)\"")
    names = {name for path in OUTSIDE for name in pattern.findall(path.read_text())}
    return names - set(read_by_settings())


def documented() -> dict[str, str]:
    rows = re.findall(
        r"^\| `([A-Z_]+)` \| (.*?) \|", (BASE_DIR / "docs" / "configuration.md").read_text(), re.MULTILINE
    )
    assert len(rows) == len(dict(rows)), "a variable is documented twice"
    return dict(rows)


def test_every_variable_is_documented_and_nothing_else():
    assert set(documented()) == set(read_by_settings()) | read_outside() | NAMED


def test_documented_defaults_are_the_real_ones():
    shown = documented()
    for name, default in read_by_settings().items():
        if default is MISSING or not shown[name].startswith("`"):
            continue
        text = ",".join(default) if isinstance(default, list) else str(default)
        assert shown[name] == f"`{text}`", name


def test_example_file_lists_the_same_variables():
    example = (Path(BASE_DIR) / ".env.example").read_text()
    names = re.findall(r"^# ([A-Z_]+)=", example, re.MULTILINE)
    assert len(names) == len(set(names))
    assert set(names) == set(read_by_settings())
