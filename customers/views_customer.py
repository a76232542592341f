"""One customer: add, change, archive, restore. The profile is a page of `screens`."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import InvalidInput, NotFound
from core.forms import field_check
from core.page import done, page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from customers.actions.customers import (
    IdentifierTaken,
    archive_customer,
    create_customer,
    restore_customer,
    update_customer,
)
from customers.attributes import definitions
from customers.forms_customer import CustomerForm, NewCustomerForm
from customers.models import Customer
from customers.reports.customer_list import name_and_contact

PROFILE = "screens:profile"


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Perm.CUSTOMERS_EDIT)
def create(request: StaffRequest) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    country = request.programme.country
    here = reverse("customers:create")
    form = NewCustomerForm(data, phone_country=country, definitions=definitions(), check_url=here)
    if data is not None and (checked := field_check(request, form)) is not None:
        return checked
    made = _accepted(
        form,
        lambda: create_customer(
            values=form.values(),
            source="staff",
            region=country,
            actor=request.actor,
            now=timezone.now(),
        ),
    )
    if made is not None:
        name = name_and_contact(made, country)[0]
        messages.success(request, _("%(name)s is in your list now") % {"name": name})
        # People of one business see who bought there; a new customer has not.
        seen = request.actor.business_id is None
        return done(request, reverse(PROFILE, args=[made.code]) if seen else reverse("customers:list"))
    return page(request, "customers/customer_form.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Perm.CUSTOMERS_EDIT)
def edit(request: StaffRequest, code: str) -> HttpResponse:
    customer = _get(request, code)
    data = request.POST if request.method == "POST" else None
    country, here = request.programme.country, reverse("customers:edit", args=[code])
    form = CustomerForm(data, customer=customer, phone_country=country, definitions=definitions(), check_url=here)
    if data is not None and (checked := field_check(request, form)) is not None:
        return checked
    changed = _accepted(
        form,
        lambda: update_customer(
            customer_id=customer.pk,
            values=form.values(),
            region=country,
            actor=request.actor,
            now=timezone.now(),
        ),
    )
    if changed is not None:
        messages.success(request, _("Saved"))
        return done(request, reverse(PROFILE, args=[code]))
    context = {"form": form, "customer": customer, "name": name_and_contact(customer, country)[0]}
    return page(request, "customers/customer_form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Perm.CUSTOMERS_EDIT)
def archive(request: StaffRequest, code: str) -> HttpResponse:
    """Ask once more, where no script opens the dialog; then do it."""
    customer = _get(request, code)
    if request.method != "POST":
        context = {"customer": customer, "name": name_and_contact(customer, request.programme.country)[0]}
        return page(request, "customers/customer_archive.html", context)
    archive_customer(customer_id=customer.pk, actor=request.actor, now=timezone.now())
    messages.success(request, _("In the archive now: out of lists and sending"))
    return done(request, reverse(PROFILE, args=[code]))


@require_POST
@requires(Perm.CUSTOMERS_EDIT)
def restore(request: StaffRequest, code: str) -> HttpResponse:
    restore_customer(customer_id=_get(request, code).pk, actor=request.actor, now=timezone.now())
    messages.success(request, _("Back in your list"))
    return done(request, reverse(PROFILE, args=[code]))


def _get(request: StaffRequest, code: str) -> Customer:
    people = Customer.objects.visible_to(request.actor).known()
    customer = people.filter(code=code).first()
    if customer is None:
        raise NotFound
    return customer


def _accepted(form: NewCustomerForm, act: Callable[[], Customer]) -> Customer | None:
    """What the act made of a valid form; None with the reason in the form where it was refused or nothing was sent."""
    if not form.is_bound or not form.is_valid():
        return None
    try:
        return act()
    except (InvalidInput, IdentifierTaken) as error:
        field = str(getattr(error, "field", "") or error.data.get("field", ""))
        form.add_error(field if field in form.fields else None, str(error.message))
        return None
