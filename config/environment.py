"""Reading variables: a value that cannot be parsed stops the start with the variable's name.

django-environ alone takes any word for False, a value that begins with a dollar for the name of another variable, and
the line end of a secret's file for a part of the secret.
"""

from __future__ import annotations

import builtins
import fcntl
import os
import re
import secrets
from collections.abc import Collection
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

TRUE, FALSE = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})


class Environment(environ.FileAwareEnv):  # type: ignore[misc]
    """`NAME`, or the file that `NAME_FILE` names. An empty value counts as none."""

    def get_value(
        self,
        var: str,
        cast: Any = None,
        default: Any = environ.Env.NOTSET,
        parse_default: builtins.bool = False,  # noqa: FBT002 (the library's signature)
    ) -> Any:
        text = self.ENVIRON.get(var, "").strip("\r\n")
        if not text.strip():
            if default is self.NOTSET:
                raise ImproperlyConfigured(f"Set {var}.")
            return self.parse_value(default, cast) if parse_default else default
        try:
            return self.parse_value(text, cast)
        except ValueError as error:
            raise ImproperlyConfigured(f"{var}: {error}") from error

    @classmethod
    def parse_value(cls, value: Any, cast: Any) -> Any:
        if cast is bool:
            word = value.strip().lower()
            if word not in TRUE | FALSE:
                raise ValueError(f"1 or 0 is expected, not {value!r}")
            return word in TRUE
        if cast is list:
            return [part.strip() for part in value.split(",") if part.strip()]
        return super().parse_value(value, cast)

    def email_url(self, var: str, default: Any = environ.Env.NOTSET, backend: Any = None) -> Any:
        try:
            return super().email_url(var, default=default, backend=backend)
        except (ImproperlyConfigured, ValueError) as error:
            raise ImproperlyConfigured(f"{var}: {error}") from error

    def choice(self, var: str, choices: Collection[str], default: str) -> str:
        """One of `choices`."""
        value: str = self.str(var, default=default)
        if value not in choices:
            raise ImproperlyConfigured(f"{var} must be one of {', '.join(choices)}, not {value!r}.")
        return value

    def host(self, var: str, default: str) -> str:
        """A bare host name in lower case, such as regulars.example."""
        value: str = self.str(var, default=default).strip().lower()
        if not re.fullmatch(r"[a-z0-9.-]+", value):
            raise ImproperlyConfigured(f"{var} must be a host name without scheme and port, not {value!r}.")
        return value

    def rate(self, var: str, default: str) -> tuple[int, int]:
        """A limit such as `3000/60`: so many requests in so many seconds."""
        found = re.fullmatch(r"([1-9][0-9]{0,8})/([1-9][0-9]{0,8})", self.str(var, default=default).strip())
        if found is None:
            raise ImproperlyConfigured(f"{var} must be requests/seconds, such as {default}.")
        return int(found[1]), int(found[2])


def local_secret(path: Path) -> str:
    """A secret of this machine, made once, readable by its owner only: a laptop needs no configuration.

    Safe to race: whoever holds the lock of the still empty file writes it.
    """
    if path.exists() and (kept := path.read_text()):
        return kept
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a+", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        secret = file.read()
        if not secret:
            secret = secrets.token_urlsafe(48)
            file.write(secret)
    return secret
