"""Writing down what a customer said to somebody of the team about texts and e-mails."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from core.errors import InvalidInput, NotFound
from core.page import done, page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from customers.actions.consent import record_consent
from customers.consent import OWN_WORDS
from customers.forms_consent import ConsentForm
from customers.models import Customer
from customers.reports.customer_list import name_and_contact
from screens.words import CONSENTS

SOURCE = "staff"


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Perm.CUSTOMERS_EDIT)
def consent(request: StaffRequest, code: str) -> HttpResponse:
    customer = Customer.objects.visible_to(request.actor).known().filter(code=code).first()
    if customer is None:
        raise NotFound
    asked = {f"{channel}-{purpose}": (channel, purpose) for channel, purpose in CONSENTS}
    labels = [(key, str(CONSENTS[pair])) for key, pair in asked.items()]
    form = ConsentForm(request.POST or None, asked=labels)
    if form.is_valid():
        channel, purpose = asked[form.cleaned_data["asked"]]
        try:
            record = record_consent(
                customer=customer,
                channel=channel,
                purpose=purpose,
                is_granted=form.cleaned_data["answer"] == "yes",
                source=SOURCE,
                wording=OWN_WORDS,
                words=form.cleaned_data["words"],
                actor=request.actor,
                now=timezone.now(),
            )
        except InvalidInput as error:
            form.add_error("words", str(error.message))
        else:
            messages.success(request, _("Written down") if record else _("Nothing changed: they had said so before"))
            return done(request, f"{reverse('screens:profile', args=[code])}?tab=consent")
    context = {"form": form, "customer": customer, "name": name_and_contact(customer, request.programme.country)[0]}
    return page(request, "screens/consent.html", context, status=422 if form.errors else 200)
