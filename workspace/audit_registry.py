"""How entries of the audit log are read: what each act is called, and who or what it was done to.

Each app declares its own in `audit_words.py`, which is found by itself. A test compares the acts declared with the acts
recorded anywhere in the code.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from programs.models import Programme


class Group(models.TextChoices):
    POINTS = "points", _("Points")
    CUSTOMERS = "customers", _("Customers")
    IMPORTS = "imports", _("Imports")
    RULES = "rules", _("Rates, rules and rewards")
    TEAM = "team", _("Team")
    ACCESS = "access", _("Keys and tills")
    SETTINGS = "settings", _("Settings and businesses")
    MESSAGES = "messages", _("Codes and messages")
    WORK = "work", _("Background work")


@dataclass(frozen=True, slots=True)
class AuditAct:
    """`title` names the act in a list; `sentence` tells it, with {who} and, where it has a subject, {what}."""

    name: str
    group: Group
    title: str | Promise
    sentence: str | Promise


@dataclass(frozen=True, slots=True)
class Named:
    """A subject as people know it; `url` is empty where it has no page."""

    name: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom the log is read."""

    programme: Programme
    actor: Actor


@dataclass(frozen=True, slots=True)
class AuditSubject:
    """`find` names the subjects of some codes, in few queries; `search` gives subjects (`noun:code`) for a text."""

    noun: str
    title: str | Promise
    find: Callable[[Collection[str], Reader], Mapping[str, Named]]
    search: Callable[[str, Reader], Collection[str]] | None = None


ACTS: dict[str, AuditAct] = {}
SUBJECTS: dict[str, AuditSubject] = {}
# What the fields of an entry's data are called, and values that are words of ours.
FIELDS: dict[str, str | Promise] = {}
VALUES: dict[str, Mapping[str, str | Promise]] = {}


def register_act(name: str, *, group: Group, title: str | Promise, sentence: str | Promise) -> None:
    """Declare an act `app.noun.past`. Raises ValueError for the second declaration of one name."""
    if name in ACTS:
        raise ValueError(f"audit act {name} is declared twice")
    ACTS[name] = AuditAct(name, group, title, sentence)


def register_subject(
    noun: str,
    *,
    title: str | Promise,
    find: Callable[[Collection[str], Reader], Mapping[str, Named]],
    search: Callable[[str, Reader], Collection[str]] | None = None,
) -> None:
    """Declare the noun of `noun:code`. Raises ValueError for the second declaration."""
    if noun in SUBJECTS:
        raise ValueError(f"audit subject {noun} is declared twice")
    SUBJECTS[noun] = AuditSubject(noun, title, find, search)


def acts_of(group: str) -> list[str]:
    return [act.name for act in ACTS.values() if act.group == group]
