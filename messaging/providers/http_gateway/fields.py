"""What a programme says about its gateway."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from messaging.providers.contract import Field

NAME = r"[A-Za-z0-9_.-]{1,60}"
PATH = r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*"
STATUSES = r"[1-5]\d\d(\s*,\s*[1-5]\d\d)*"
METHODS = (("POST", "POST"), ("PUT", "PUT"), ("GET", "GET"))
FORMATS = (("json", _("JSON")), ("form", _("Form (name=value&…)")))
BODY = '{"to": "{to}", "from": "{from}", "text": "{text}", "reference": "{reference}"}'

SENDING = (
    Field("url", _("Address"), kind="url", max_length=500, help=_("Of the request that sends one text.")),
    Field("method", _("Method"), kind="choice", initial="POST", choices=METHODS),
    Field("body_format", _("Kind of body"), kind="choice", initial="json", choices=FORMATS),
    Field(
        "body",
        _("Template of the body"),
        kind="lines",
        max_length=2000,
        initial=BODY,
        help=_(
            "{to}, {to_digits} (without the plus), {from}, {text}, {reference} and {status_url} are filled in. "
            "With GET they go into the address."
        ),
    ),
    Field(
        "header",
        _("Name of the header with the secret"),
        is_required=False,
        pattern=r"[A-Za-z0-9-]{1,60}",
        initial="Authorization",
    ),
    Field(
        "secret",
        _("Value of that header"),
        kind="secret",
        is_required=False,
        max_length=500,
        help=_("Such as Bearer and the key."),
    ),
)
ANSWERS = (
    Field(
        "taken_statuses",
        _("Statuses that mean “taken”"),
        initial="200, 201, 202",
        pattern=STATUSES,
        max_length=60,
    ),
    Field(
        "taken_path",
        _("Where the answer says “taken”"),
        is_required=False,
        pattern=PATH,
        help=_("A path in a JSON answer such as messages.0.status, where the status alone does not say it."),
    ),
    Field("taken_value", _("What stands there when it was taken"), is_required=False, max_length=60),
    Field(
        "id_path",
        _("Where the answer has the text’s id"),
        is_required=False,
        pattern=PATH,
        help=_("A path in a JSON answer such as messages.0.id."),
    ),
)
CALLS = (
    Field("inbound_id", _("Incoming texts: field of the id"), initial="id", pattern=NAME),
    Field("inbound_from", _("Incoming texts: field of the sender"), initial="from", pattern=NAME),
    Field("inbound_text", _("Incoming texts: field of the words"), initial="text", pattern=NAME),
    Field("report_id", _("Reports: field of the id"), initial="id", pattern=NAME),
    Field(
        "report_reference",
        _("Reports: field of our reference"),
        is_required=False,
        initial="reference",
        pattern=NAME,
    ),
    Field("report_status", _("Reports: field of the status"), initial="status", pattern=NAME),
    Field("delivered_words", _("Reports: words for “delivered”"), initial="delivered"),
    Field(
        "failed_words",
        _("Reports: words for “not delivered”"),
        initial="failed, undelivered, rejected, expired",
    ),
)
FIELDS = (*SENDING, *ANSWERS, *CALLS)
