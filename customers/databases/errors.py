"""Why a mapping cannot be used, and why a database cannot be read: in words for people, without secrets."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, InvalidInput


class MappingProblem(InvalidInput):
    """The message names the section and the key."""

    code = "mapping_invalid"

    def __init__(self, message: str | Promise) -> None:
        super().__init__(message, field="mapping")


class AddressProblem(InvalidInput):
    """The address of a database cannot be used; the message says how one is written."""

    code = "database_address_refused"

    def __init__(self, message: str | Promise) -> None:
        super().__init__(message, field="url")


class SourceProblem(DomainError):
    """The database did not answer, or refused; the message is its own, without the password."""

    code = "database_unreadable"
    message = _("The database could not be read.")
