"""A customer's own settings and rights: consent, language, PIN, their data as a file, and being forgotten."""

from __future__ import annotations

from django.contrib import messages
from django.core import signing
from django.http import FileResponse, HttpResponse
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import InvalidInput, NotFound
from core.page import done, page
from core.permissions import customer_page
from core.phones import display_phone
from core.requests import ProgrammeRequest, client_ip
from core.tenancy import active_schema
from customers.actions.consent import record_consent
from customers.actions.customers import update_customer
from customers.consent import consents_of
from loyalty.reports import balance_of
from messaging.actions import pins, sign_in
from messaging.errors import CodeDead, TooManyCodes, WrongCode
from messaging.languages import offered_languages
from messaging.models import CustomerPin, OneTimeCode
from messaging.reports_reach import number_to_text, texts_stopped_at
from screens import portal_session
from screens.actions.export import find_export, open_export, start_export
from screens.actions.privacy import erase_customer
from screens.forms_portal import CONSENTS, CodeForm, ConsentForm, LanguageForm, PinForm, wording_of
from screens.portal_session import CustomerRequest, signed_in_customer
from workspace.models import Job

LINK_SECONDS = 3600
ERASE = OneTimeCode.Purpose.ERASE


# -- consent, language ------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@signed_in_customer
def account(request: CustomerRequest) -> HttpResponse:
    """The customer's number, consent, language and PIN."""
    given = consents_of(request.customer.pk)
    if request.method == "POST":
        form = ConsentForm(request.POST, customer=request.customer, given=given)
        form.is_valid()  # switches: nothing that could be wrong
        _record(request, form)
        messages.success(request, _("Saved."))
        return done(request, reverse("portal:account"))
    languages = offered_languages()
    is_stopped = texts_stopped_at(request.customer.pk) is not None
    number = number_to_text() if is_stopped else ""
    context = {
        "texts_stopped": is_stopped,
        "number_to_text": display_phone(number, request.programme.country),
        "form": ConsentForm(customer=request.customer, given=given),
        "phone_shown": display_phone(request.customer.phone, request.programme.country),
        "has_pin": CustomerPin.objects.filter(customer=request.customer).exists(),
        "language_form": LanguageForm(languages=languages, initial={"language": translation.get_language()})
        if len(languages) > 1
        else None,
    }
    return page(request, "screens/portal/account.html", context)


def _record(request: CustomerRequest, form: ConsentForm) -> None:
    for field, (channel, purpose) in CONSENTS.items():
        if field in form.fields:
            record_consent(
                customer=request.customer,
                channel=channel,
                purpose=purpose,
                is_granted=form.cleaned_data[field],
                source="points page",
                wording=wording_of(field),
                actor=request.actor,
                now=timezone.now(),
            )


@never_cache
@require_POST
@customer_page
def language(request: ProgrammeRequest) -> HttpResponse:
    """Kept on the customer who is signed in, for texts and e-mails, and in a cookie, for the sign-in page."""
    form = LanguageForm(request.POST, languages=offered_languages())
    if not form.is_valid():
        raise InvalidInput(_("Choose a language from the list."), field="language")
    chosen = form.cleaned_data["language"]
    session = portal_session.current_session(request)
    if session is not None:
        update_customer(
            customer_id=session.customer_id,
            values={"language": chosen},
            region=request.programme.country,
            actor=portal_session.actor_of(request, session.customer),
            now=timezone.now(),
        )
    response = done(request, reverse("portal:account" if session is not None else "portal:sign-in"))
    portal_session.remember_language(response, chosen)
    return response


# -- PIN --------------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@signed_in_customer
def pin(request: CustomerRequest) -> HttpResponse:
    """Set a PIN, or another one."""
    form = PinForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            pins.set_pin(
                customer=request.customer, pin=form.cleaned_data["pin"], actor=request.actor, now=timezone.now()
            )
        except InvalidInput as error:
            form.add_error("pin", str(error.message))
        else:
            messages.success(request, _("Your PIN is set."))
            return done(request, reverse("portal:account"))
    context = {"form": form, "has_pin": CustomerPin.objects.filter(customer=request.customer).exists()}
    return page(request, "screens/portal/pin.html", context, status=422 if form.errors else 200)


@require_POST
@signed_in_customer
def pin_remove(request: CustomerRequest) -> HttpResponse:
    pins.remove_pin(customer=request.customer, actor=request.actor, now=timezone.now())
    messages.success(request, _("Your PIN is gone. You sign in with a code by text."))
    return done(request, reverse("portal:account"))


# -- my data ----------------------------------------------------------------------------------------------------------


@require_GET
@signed_in_customer
def data(request: CustomerRequest) -> HttpResponse:
    """What the download holds, and how far it is: `?job=` is the one that this customer started."""
    context: dict[str, object] = {"job": None}
    if request.GET.get("job"):
        job = find_export(customer=request.customer, code=request.GET["job"], side="customer")
        context = {"job": job, "file_url": _file_url(request, job)}
    return page(request, "screens/portal/data.html", context, partials={"my-data"})


@require_POST
@signed_in_customer
def data_start(request: CustomerRequest) -> HttpResponse:
    job = start_export(customer=request.customer, actor=request.actor, now=timezone.now())
    return done(request, f"{reverse('portal:data')}?job={job.code}")


@require_GET
@signed_in_customer
def data_file(request: CustomerRequest, token: str) -> FileResponse:
    """The file, for an hour and in the browser session that the link was made for."""
    try:
        job_code, session = signing.loads(token, salt=_salt(), max_age=LINK_SECONDS)
    except signing.BadSignature as error:
        raise NotFound from error
    if session != request.customer_session.pk:
        raise NotFound
    job = find_export(customer=request.customer, code=job_code, side="customer")
    file = open_export(job, now=timezone.now())
    return FileResponse(file, as_attachment=True, filename="my-data.zip", content_type="application/zip")


def _file_url(request: CustomerRequest, job: Job) -> str:
    if job.state != Job.State.DONE:
        return ""
    token = signing.dumps([job.code, request.customer_session.pk], salt=_salt())
    return reverse("portal:data-file", args=[token])


def _salt() -> str:
    return f"screens.portal.data:{active_schema()}"


# -- delete me --------------------------------------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "POST"])
@signed_in_customer
def delete(request: CustomerRequest) -> HttpResponse:
    """What goes and what stays; a fresh code confirms it, because phones lie about, signed in."""
    error_text, status = "", 200
    if request.method == "POST":
        try:
            token = sign_in.request_code(
                phone=request.customer.phone, address=client_ip(request), purpose=ERASE, now=timezone.now()
            )
        except TooManyCodes as error:
            error_text, status = str(error.message), error.status
        else:
            response = done(request, reverse("portal:delete-confirm"))
            portal_session.remember_request(response, token)
            return response
    context = {
        "balance": balance_of(request.customer.pk, now=timezone.now()),
        "phone_shown": display_phone(request.customer.phone, request.programme.country),
        "error_text": error_text,
    }
    return page(request, "screens/portal/delete.html", context, status=status)


@never_cache
@require_http_methods(["GET", "POST"])
@signed_in_customer
def delete_confirm(request: CustomerRequest) -> HttpResponse:
    now, token = timezone.now(), portal_session.request_token(request)
    pending = sign_in.pending_request(token=token, now=now, purpose=ERASE) if token else None
    if pending is None or pending.phone != request.customer.phone:
        return _ask_again(request, _("That code has run out. Nothing was deleted."))
    if request.method == "GET":
        return _confirm_page(request, CodeForm())
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _confirm_page(request, form, status=422)
    try:
        found = sign_in.confirm_code(token=token, code=form.cleaned_data["code"], purpose=ERASE, now=now)
    except WrongCode as error:
        text = _("That code did not match. Nothing was deleted; tries left: %(left)d.") % {"left": error.tries_left}
        form.add_error("code", text)
        return _confirm_page(request, form, status=422)
    except (CodeDead, TooManyCodes) as error:
        return _ask_again(request, str(error.message))
    if found != request.customer.pk:
        raise NotFound
    erase_customer(customer_id=found, actor=request.actor, now=now)
    messages.success(request, _("Your data is deleted. Thank you for having been here."))
    response = done(request, reverse("portal:sign-in"))
    portal_session.close_in_browser(response)
    return response


def _confirm_page(request: CustomerRequest, form: CodeForm, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "balance": balance_of(request.customer.pk, now=timezone.now()),
        "phone_shown": display_phone(request.customer.phone, request.programme.country),
    }
    return page(request, "screens/portal/delete_confirm.html", context, status=status)


def _ask_again(request: CustomerRequest, text: str) -> HttpResponse:
    messages.warning(request, text)
    return done(request, reverse("portal:delete"))
