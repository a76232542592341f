"""What a provider of texts can do, and the plain values that it is given and gives back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from django.utils.functional import Promise

from core.errors import PermanentError
from messaging.channels import Outgoing

Words = str | Promise
Kind = Literal["text", "secret", "url", "choice", "lines"]


class OptedOut(PermanentError):
    """The person has told the provider that they want no texts from this sender."""


class Unclear(Exception):
    """The provider may or may not have taken the text: it is not sent again by itself."""


@dataclass(frozen=True, slots=True)
class Field:
    """One setting that a programme fills in. `pattern` must match the whole value; a secret is never shown again."""

    name: str
    label: Words
    help: Words = ""
    kind: Kind = "text"
    is_required: bool = True
    initial: str = ""
    choices: Sequence[tuple[str, Words]] = ()
    pattern: str = ""
    max_length: int = 200


@dataclass(frozen=True, slots=True)
class Account:
    """A programme's account with a provider. `status_url` is where it may report on the text that is being sent."""

    sender: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    status_url: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A call of a provider's at our webhook: its own address as the public knows it, and what it carries."""

    url: str
    form: Mapping[str, str]
    query: Mapping[str, str]
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Inbound:
    """A text that somebody sent. `wish` is "stop" or "start" where the provider itself read it as that."""

    provider_id: str
    sender: str
    recipient: str
    body: str
    wish: Literal["", "stop", "start"] = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a text. `word` is the provider's own word for it, `reference` our code where it has it."""

    provider_id: str
    word: str
    state: Literal["sent", "delivered", "undelivered"]
    reference: str = ""
    error: str = ""
    is_opt_out: bool = False


class Provider:
    """A provider of texts. The class holds no state: everything about a programme is in its Account."""

    name: ClassVar[str]
    label: ClassVar[Words]
    help: ClassVar[Words] = ""
    fields: ClassVar[Sequence[Field]] = ()
    sender: ClassVar[Field]
    # It confirms a STOP by itself and takes no texts to that number afterwards, so that we must not confirm it, too.
    confirms_stop: ClassVar[bool] = False
    # It calls one address for all programmes and signs; others call an address with a random code in it.
    is_signed: ClassVar[bool] = False
    has_webhooks: ClassVar[bool] = True
    is_for_development: ClassVar[bool] = False

    def check(self, account: Account) -> None:
        """Raise InvalidInput, naming the field, for settings that fit no field alone."""

    def send(self, message: Outgoing, account: Account) -> str:
        """Hand the text over and return the provider's id of it, "" where it has none.

        Raises as `messaging.channels` says, and OptedOut.
        """
        raise NotImplementedError

    def route(self, account: Account) -> str:
        """What a signed call names this account by; "" where the code in the address does."""
        return ""

    def routes_in(self, form: Mapping[str, str]) -> Collection[str]:
        """The routes that a signed call may mean, before it is proven."""
        return ()

    def is_genuine(self, delivery: Delivery, account: Account) -> bool:
        """Whether the provider made this call. Without a signature, the code in the address has proven it."""
        return True

    def read_inbound(self, delivery: Delivery, account: Account) -> Inbound | None:
        """The text that the call brings; None when it brings none."""
        raise NotImplementedError

    def read_report(self, delivery: Delivery, account: Account) -> Report | None:
        """What the call says about a text of ours; None when it says nothing that we know."""
        raise NotImplementedError
