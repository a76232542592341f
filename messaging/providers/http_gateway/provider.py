"""Any gateway that takes a text by one HTTP request: what goes where is a template of the programme's own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.conf import settings as deployment
from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput, PermanentError, RetryableError
from messaging.channels import Outgoing
from messaging.providers import http
from messaging.providers.contract import Account, Delivery, Field, Inbound, Provider, Report, Unclear
from messaging.providers.http_gateway.fields import FIELDS

PLACE = re.compile(r"\{(\w+)\}")
PLACES = ("to", "to_digits", "text", "from", "reference", "status_url")
RETRY_LATER = frozenset({401, 429})


class HttpGateway(Provider):
    name = "http_gateway"
    label = _("Another gateway (HTTP)")
    help = _("For any provider that takes a text by a web request. Its documentation says what goes where.")
    fields = FIELDS
    sender = Field("sender", _("Sender"), is_required=False, max_length=20, help=_("As the provider wants it: {from}."))

    def check(self, account: Account) -> None:
        given = account.settings
        try:
            parts = urlsplit(given["url"])
            is_callable = bool(parts.hostname) and parts.port != 0 and re.fullmatch(r"[!-~]+", given["url"]) is not None
        except ValueError:
            is_callable = False
        if not is_callable or "@" in parts.netloc or parts.fragment:
            raise InvalidInput(_("This is not an address that can be called."), field="url")
        if parts.scheme != "https" and not (parts.scheme == "http" and deployment.DEVELOPMENT):
            raise InvalidInput(_("The address must begin with https://, or the secret could be read."), field="url")
        try:
            template = _template(given)
        except ValueError:
            raise InvalidInput(
                _("This is not valid JSON. Every placeholder stands in quotation marks."), field="body"
            ) from None
        used = set(_places(template))
        if unknown := sorted(used - set(PLACES)):
            raise InvalidInput(_("Nothing is filled in for {%(name)s}.") % {"name": unknown[0]}, field="body")
        if "text" not in used or not used & {"to", "to_digits"}:
            raise InvalidInput(_("The template needs {to} (or {to_digits}) and {text}."), field="body")
        if bool(given.get("taken_path")) != bool(given.get("taken_value")):
            raise InvalidInput(
                _("Fill in both, where it stands and what stands there, or neither."), field="taken_value"
            )
        if given.get("secret") and not given.get("header"):
            raise InvalidInput(_("Say in which header the secret goes."), field="header")
        if not given.get("secret", "").isprintable() or not given.get("secret", "").isascii():
            raise InvalidInput(_("A header holds printable ASCII characters only."), field="secret")

    def send(self, message: Outgoing, account: Account) -> str:
        given = account.settings
        values = {
            "to": message.recipient, "to_digits": message.recipient.lstrip("+"), "text": message.body,
            "from": account.sender, "reference": message.code, "status_url": account.status_url,
        }  # fmt: skip
        filled = _filled(_template(given), lambda text: PLACE.sub(lambda found: values.get(found[1], found[0]), text))
        url, headers, body = given["url"], {"Accept": "application/json"}, None
        if given["method"] == "GET":
            url += ("&" if urlsplit(url).query else "?") + urlencode(filled)
        elif given["body_format"] == "json":
            headers["Content-Type"], body = "application/json", json.dumps(filled).encode()
        else:
            headers["Content-Type"], body = "application/x-www-form-urlencoded", urlencode(filled).encode()
        if given.get("secret"):
            headers[given["header"]] = given["secret"]
        return _read_answer(http.call(url, method=given["method"], headers=headers, body=body), given)

    def read_inbound(self, delivery: Delivery, account: Account) -> Inbound | None:
        given, form = account.settings, delivery.form
        provider_id, sender = form.get(given["inbound_id"], ""), form.get(given["inbound_from"], "")
        if not provider_id or not sender:
            return None
        return Inbound(provider_id, sender, account.sender, form.get(given["inbound_text"], ""))

    def read_report(self, delivery: Delivery, account: Account) -> Report | None:
        given, form = account.settings, delivery.form
        reference = form.get(given.get("report_reference", ""), "") or delivery.query.get("message", "")
        provider_id, word = form.get(given["report_id"], ""), form.get(given["report_status"], "")
        if not word or not (provider_id or reference):
            return None
        plain = word.casefold()
        is_delivered, has_failed = plain in _words(given["delivered_words"]), plain in _words(given["failed_words"])
        state = "delivered" if is_delivered else "undelivered" if has_failed else "sent"
        return Report(provider_id, word[:60], state, reference)  # type: ignore[arg-type]


def _template(given: Mapping[str, str]) -> Any:
    """The body before it is filled in: JSON values, or pairs of a form. Raises ValueError."""
    if given["body_format"] == "json" and given["method"] != "GET":
        return json.loads(given["body"])
    if given["body_format"] == "json":
        parsed = json.loads(given["body"])
        if not isinstance(parsed, dict) or not all(isinstance(value, str) for value in parsed.values()):
            raise ValueError("an address has names and values only")
        return list(parsed.items())
    return parse_qsl(given["body"], keep_blank_values=True)


def _filled(value: Any, fill: Callable[[str], str]) -> Any:
    """The template with `fill` done to every text in it: what is filled in can never become structure."""
    if isinstance(value, str):
        return fill(value)
    if isinstance(value, dict):
        return {name: _filled(inner, fill) for name, inner in value.items()}
    if isinstance(value, tuple):
        return (value[0], _filled(value[1], fill))
    if isinstance(value, list):
        return [_filled(inner, fill) for inner in value]
    return value


def _places(value: Any) -> Iterator[str]:
    """The placeholders that are filled in."""
    if isinstance(value, str):
        yield from PLACE.findall(value)
    elif isinstance(value, tuple):
        yield from _places(value[1])
    elif isinstance(value, list | dict):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _places(inner)


def _read_answer(answer: http.Answer, given: Mapping[str, str]) -> str:
    """The id in an answer that says "taken". Raises what another one means."""
    taken = {int(status) for status in given["taken_statuses"].split(",")}
    if answer.status not in taken:
        words = f"the gateway answered {answer.status}"
        if answer.status in RETRY_LATER:
            raise RetryableError(words)
        raise PermanentError(words) if 300 <= answer.status < 500 else Unclear(words)
    data = answer.json()
    if given.get("taken_path"):
        found = _at(data, given["taken_path"])
        if found is None:
            raise Unclear("the answer does not say whether the text was taken")
        if str(found).casefold() != given["taken_value"].casefold():
            raise PermanentError("the gateway did not take the text")
    found = _at(data, given["id_path"]) if given.get("id_path") else None
    return "" if found is None else str(found)


def _at(data: Any, path: str) -> str | int | float | None:
    """The value at `messages.0.id`; None where there is none."""
    for step in path.split("."):
        if isinstance(data, list) and step.isdecimal() and int(step) < len(data):
            data = data[int(step)]
        elif isinstance(data, dict) and step in data:
            data = data[step]
        else:
            return None
    return data if isinstance(data, str | int | float) else None


def _words(text: str) -> set[str]:
    return {word.strip().casefold() for word in text.split(",")}


PROVIDER = HttpGateway()
