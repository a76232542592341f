"""A customer's rights, for staff who act for them: their data as a file, and erasing them for good."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import FileResponse, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from core.errors import NotFound
from core.page import done, page
from core.permissions import Perm, requires
from core.presentation import format_points
from core.requests import StaffRequest
from customers.actions.privacy import ImportUnderWay
from customers.models import Customer, Order
from customers.reports.customer_list import name_and_contact
from loyalty.reports import balance_of
from screens.actions.export import find_export, open_export, start_export
from screens.actions.privacy import erase_customer
from workspace.models import Job


class EraseForm(forms.Form):
    """The word to say yes with: a dialog that is clicked away must not be enough."""

    sure = forms.BooleanField(
        label=gettext_lazy("I know that it cannot be undone."),
        error_messages={"required": gettext_lazy("Tick the box if you are sure.")},
    )


@require_safe
@requires(Perm.CUSTOMERS_EXPORT)
def privacy(request: StaffRequest, code: str) -> HttpResponse:
    """`?job=` is the export that somebody started here."""
    customer = _get(request, code)
    return _page(request, customer, EraseForm())


@require_POST
@requires(Perm.CUSTOMERS_EXPORT)
def export_start(request: StaffRequest, code: str) -> HttpResponse:
    job = start_export(customer=_get(request, code), actor=request.actor, now=timezone.now())
    return done(request, f"{_url(code)}?job={job.code}")


@require_safe
@requires(Perm.CUSTOMERS_EXPORT)
def export_file(request: StaffRequest, code: str, job: str) -> FileResponse:
    customer = _get(request, code)
    found = find_export(customer=customer, code=job, side="staff")
    file = open_export(found, now=timezone.now())
    response = FileResponse(
        file, as_attachment=True, filename=f"customer-{customer.code}.zip", content_type="application/zip"
    )
    response.headers["Cache-Control"] = "private, no-store"
    return response


@require_POST
@requires(Perm.CUSTOMERS_ERASE)
def erase(request: StaffRequest, code: str) -> HttpResponse:
    customer = _get(request, code)
    form = EraseForm(request.POST)
    if not form.is_valid():
        return _page(request, customer, form, status=422)
    try:
        erased = erase_customer(customer_id=customer.pk, actor=request.actor, now=timezone.now())
    except ImportUnderWay as error:
        form.add_error(None, str(error.message))
        return _page(request, customer, form, status=error.status)
    text = ngettext(
        "Erased. %(points)s point is gone with them.", "Erased. %(points)s points are gone with them.", erased.points
    )
    messages.success(request, text % {"points": format_points(erased.points)})
    return done(request, reverse("customers:list"))


def _page(request: StaffRequest, customer: Customer, form: EraseForm, status: int = 200) -> HttpResponse:
    job = None
    if request.GET.get("job"):
        job = find_export(customer=customer, code=request.GET["job"], side="staff")
    is_ready = job is not None and job.state == Job.State.DONE
    context = {
        "customer": customer,
        "name": name_and_contact(customer, request.programme.country)[0],
        "form": form,
        "job": job,
        "job_url": f"{_url(customer.code)}?job={job.code}" if job else "",
        "file_url": reverse("screens:privacy-file", args=[customer.code, job.code]) if job and is_ready else "",
        "balance": balance_of(customer.pk, now=timezone.now()),
        "orders": Order.objects.filter(customer=customer).count(),
        "may_erase": Perm.CUSTOMERS_ERASE in request.membership.permissions,
    }
    return page(request, "screens/privacy.html", context, partials={"customer-export"}, status=status)


def _get(request: StaffRequest, code: str) -> Customer:
    """Everything about a person is more than one business may know."""
    request.actor.check_sees_all()
    customer = Customer.objects.known().filter(code=code).first()
    if customer is None:
        raise NotFound(_("There is no such customer."))
    return customer


def _url(code: str) -> str:
    return reverse("screens:privacy", args=[code])
