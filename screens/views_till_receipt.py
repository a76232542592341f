"""The receipt of a sale or redemption of this till: on paper, as a text, by e-mail."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.errors import DomainError
from core.page import done, page
from loyalty.models import Transaction
from messaging.languages import language_of
from screens.actions.receipts import email_receipt, sent_receipts, takes_texts, text_receipt
from screens.forms_till import ReceiptEmailForm
from screens.reports_receipt import receipt_of
from screens.till_device import TillRequest, at_a_till, own_transaction


@require_GET
@at_a_till
def receipt(request: TillRequest, code: str) -> HttpResponse:
    return _receipt_page(request, own_transaction(request, code), ReceiptEmailForm())


@require_POST
@at_a_till
def send_text(request: TillRequest, code: str) -> HttpResponse:
    text_receipt(entry=own_transaction(request, code), now=timezone.now())
    messages.success(request, _("The receipt is on its way as a text."))
    return done(request, reverse("till:receipt", args=[code]))


@require_POST
@at_a_till
def send_email(request: TillRequest, code: str) -> HttpResponse:
    entry, form = own_transaction(request, code), ReceiptEmailForm(request.POST)
    if not form.is_valid():
        return _receipt_page(request, entry, form, status=422)
    try:
        email_receipt(entry=entry, address=form.cleaned_data["email"], now=timezone.now())
    except DomainError as error:
        form.add_error("email", str(error.message))
        return _receipt_page(request, entry, form, status=error.status)
    messages.success(request, _("The receipt is on its way by e-mail."))
    return done(request, reverse("till:receipt", args=[code]))


def _receipt_page(request: TillRequest, entry: Transaction, form: ReceiptEmailForm, status: int = 200) -> HttpResponse:
    customer = entry.account.customer
    with translation.override(language_of(customer)):  # the paper is the customer's
        paper = receipt_of(entry, programme=request.programme)
    context = {
        "till": request.till,
        "receipt": paper,
        "code": entry.code,
        "form": form,
        "takes_texts": takes_texts(customer),
        "known_address": _masked(customer.email),
        "sent": sent_receipts(entry),
    }
    return page(request, "screens/till/receipt.html", context, status=status)


def _masked(address: str) -> str:
    """p•••@example.com: enough to know it again."""
    name, at, host = address.partition("@")
    return f"{name[:1]}•••@{host}" if at else ""
