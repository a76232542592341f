"""Notes on the profile of a customer."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import InvalidInput, NotFound
from core.page import done, page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from customers.actions import notes as actions
from customers.models import Customer, Note
from customers.reports.customer_list import name_and_contact
from customers.views import scope_of
from customers.words import clock_time, days_ago

PROFILE = "screens:profile"
SHOWN = 20  # on the profile; older ones are in the timeline


class NoteForm(forms.Form):
    text = forms.CharField(
        label=_("Note"), max_length=actions.MAX_LENGTH, widget=forms.Textarea(attrs={"rows": 3}), strip=True
    )


def note_card(request: StaffRequest, customer: Customer, *, error: str = "", typed: str = "") -> dict[str, object]:
    """What `customers/_customer_notes.html` needs: pinned ones first, then the newest. One query."""
    scope, may = scope_of(request), request.membership.permissions
    found = Note.objects.visible_to(request.actor).filter(customer=customer)
    rows = [
        {
            "note": note,
            "when": f"{days_ago(note.created_at, now=scope.now, zone=scope.zone)}, "
            f"{clock_time(note.created_at, scope.zone)}",
            "is_own": note.author == request.actor.reference,
            "may_delete": note.author == request.actor.reference or Perm.CUSTOMERS_ERASE in may,
        }
        for note in found.order_by("-is_pinned", "-created_at", "-id")[: SHOWN + 1]
    ]
    return {
        "customer": customer,
        "notes": rows[:SHOWN],
        "has_more_notes": len(rows) > SHOWN,
        "may_note": Perm.CUSTOMERS_EDIT in may,
        "note_error": error,
        "note_typed": typed,
    }


@require_POST
@requires(Perm.CUSTOMERS_EDIT)
def write(request: StaffRequest, code: str) -> HttpResponse:
    customer, text, error = _customer(request, code), request.POST.get("text", ""), ""
    try:
        actions.write_note(customer_id=customer.pk, text=text, actor=request.actor, now=timezone.now())
    except InvalidInput as refused:
        error = str(refused.message)
    return _card(request, customer, error=error, typed=text if error else "")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Perm.CUSTOMERS_EDIT)
def change(request: StaffRequest, code: str) -> HttpResponse:
    note = _note(request, code)
    form = NoteForm(request.POST or None, initial={"text": note.text})
    if form.is_valid():
        try:
            actions.change_note(note=note, text=form.cleaned_data["text"], actor=request.actor, now=timezone.now())
        except InvalidInput as refused:
            form.add_error("text", str(refused.message))
        else:
            return done(request, reverse(PROFILE, args=[note.customer.code]))
    name = name_and_contact(note.customer, request.programme.country)[0]
    context = {"form": form, "customer": note.customer, "name": name}
    return page(request, "customers/note_form.html", context, status=422 if form.errors else 200)


@require_POST
@requires(Perm.CUSTOMERS_EDIT)
def pin(request: StaffRequest, code: str) -> HttpResponse:
    note = _note(request, code)
    actions.pin_note(note=note, is_pinned=request.POST.get("pinned") == "yes", actor=request.actor)
    return _card(request, note.customer)


@require_POST
@requires(Perm.CUSTOMERS_EDIT)
def delete(request: StaffRequest, code: str) -> HttpResponse:
    note = _note(request, code)
    is_any = Perm.CUSTOMERS_ERASE in request.membership.permissions
    actions.delete_note(note=note, actor=request.actor, is_any=is_any)
    return _card(request, note.customer)


def _card(request: StaffRequest, customer: Customer, *, error: str = "", typed: str = "") -> HttpResponse:
    if getattr(request, "htmx", None):
        context = note_card(request, customer, error=error, typed=typed)
        return page(request, "customers/_customer_notes.html", context, status=422 if error else 200)
    if error:
        messages.error(request, error)
    return done(request, reverse(PROFILE, args=[customer.code]))


def _customer(request: StaffRequest, code: str) -> Customer:
    """Also of a page that was opened before its customer was merged. Raises NotFound."""
    customer = Customer.objects.visible_to(request.actor).behind(code)
    if customer is None:
        raise NotFound
    return customer


def _note(request: StaffRequest, code: str) -> Note:
    """A note of a customer whom the person sees. Raises NotFound."""
    note = Note.objects.visible_to(request.actor).filter(code=code).select_related("customer").first()
    if note is None:
        raise NotFound
    _customer(request, note.customer.code)
    return note
