"""The audit log's words for what happens to businesses, people, keys, tills and work."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.permissions import Role
from programs.models import BusinessInvitation, Invitation, JoinRequest, Membership, User
from workspace.audit_registry import FIELDS, VALUES, Group, Named, Reader, register_act, register_subject
from workspace.models import ApiClient, Business, Job, TillDevice

ACTS = {
    Group.SETTINGS: {
        "programme.changed": (_("Programme changed"), _("{who} changed the settings of {what}")),
        "logo.changed": (_("Logo changed"), _("{who} changed the logo of {what}")),
        "business.opened": (_("Business opened"), _("{who} opened the business {what}")),
        "business.changed": (_("Business changed"), _("{who} changed the business {what}")),
        "join_settings.changed": (_("Joining changed"), _("{who} changed how businesses may join {what}")),
        "join_code.rotated": (_("Join code renewed"), _("{who} made a new join code for {what}")),
        "business_invitation.sent": (_("Business invited"), _("{who} invited the business {what}")),
        "business_invitation.renewed": (
            _("Business invited again"),
            _("{who} sent the invitation of the business {what} again"),
        ),
        "business_invitation.revoked": (
            _("Invitation of a business withdrawn"),
            _("{who} withdrew the invitation of the business {what}"),
        ),
        "join_request.sent": (_("Business asks to join"), _("{who} asked that {what} may join")),
        "join_request.withdrawn": (_("Request to join withdrawn"), _("{who} withdrew the request of {what}")),
        "join_request.approved": (_("Business approved"), _("{who} approved that {what} joins")),
        "join_request.declined": (_("Business declined"), _("{who} declined the request of {what}")),
    },
    Group.TEAM: {
        "member.invited": (_("Person invited"), _("{who} invited {what}")),
        "member.joined": (_("Person joined"), _("{what} joined the team")),
        "member.changed": (_("Role changed"), _("{who} changed what {what} may do")),
        "member.removed": (_("Person removed"), _("{who} removed {what} from the team")),
        "invitation.renewed": (_("Invitation sent again"), _("{who} sent the invitation of {what} again")),
        "invitation.revoked": (_("Invitation withdrawn"), _("{who} withdrew the invitation of {what}")),
    },
    Group.ACCESS: {
        "api_client.created": (_("API key made"), _("{who} made an API key for {what}")),
        "api_client.revoked": (_("API client ended"), _("{who} ended all keys of {what}")),
        "api_key.rotated": (_("API key renewed"), _("{who} made a new key for {what}")),
        "api_key.revoked": (_("API key revoked"), _("{who} revoked a key of {what}")),
        "till.registered": (_("Till registered"), _("{who} made a browser the till {what}")),
        "audit.exported": (_("Audit log exported"), _("{who} exported the audit log")),
    },
    Group.WORK: {
        "job.started": (_("Work started"), _("{who} started {what}")),
        "job.cancel_requested": (_("Work stopped"), _("{who} asked to stop {what}")),
    },
}
for group, acts in ACTS.items():
    for name, (title, sentence) in acts.items():
        register_act(f"workspace.{name}", group=group, title=title, sentence=sentence)

FIELDS |= {
    "name": _("Name"),
    "email": _("E-mail"),
    "role": _("Role"),
    "business": _("Business"),
    "business_id": _("Business"),
    "scopes": _("Permissions"),
    "prefix": _("Key"),
    "overlap_hours": _("Hours that the older key lives on"),
    "kind": _("Kind"),
    "logo": _("Logo"),
    "contact_person": _("Contact person"),
    "category": _("Category"),
    "address": _("Address"),
    "is_active": _("Open"),
    "time_zone": _("Time zone"),
    "colour": _("Brand colour"),
    "cors_origins": _("Web pages that may call the API"),
    "country": _("Country"),
    "currency": _("Currency"),
    "language": _("Language"),
    "invitation": _("Invitation"),
    "before": _("Before"),
    "after": _("Changed"),
    "text": _("Search"),
    "group": _("Kind"),
    "is_on": _("Join code works"),
    "expires_at": _("Until"),
    "max_uses": _("At most so many uses"),
    "asks_invited": _("Invited businesses wait for approval"),
    "terms": _("Terms for businesses"),
    "points_per_unit": _("Points for each unit of money"),
    "start": _("From"),
    "end": _("Until"),
}
VALUES |= {"role": dict(Role.choices), "category": dict(Business.Category.choices)}


def _businesses(codes: Collection[str], _reader: Reader) -> Mapping[str, Named]:
    found = Business.objects.filter(code__in=codes).values_list("code", "name")
    return {code: Named(name, reverse("workspace:business-edit", args=[code])) for code, name in found}


def _tills(codes: Collection[str], _reader: Reader) -> Mapping[str, Named]:
    return {code: Named(name) for code, name in TillDevice.objects.filter(code__in=codes).values_list("code", "name")}


def _clients(codes: Collection[str], _reader: Reader) -> Mapping[str, Named]:
    found = ApiClient.objects.filter(code__in=codes).values_list("code", "name")
    return {code: Named(name, reverse("workspace:api-keys")) for code, name in found}


def _jobs(codes: Collection[str], _reader: Reader) -> Mapping[str, Named]:
    return {code: Named(kind) for code, kind in Job.objects.filter(code__in=codes).values_list("code", "kind")}


def _people(codes: Collection[str], _reader: Reader) -> Mapping[str, Named]:
    """The log names them, so they were here once; who left the programme has a name still."""
    users = User.objects.filter(pk__in=[int(code) for code in codes if code.isdecimal()])
    return {str(user.pk): Named(str(user), reverse("workspace:team")) for user in users}


def _invitations(codes: Collection[str], reader: Reader) -> Mapping[str, Named]:
    found = Invitation.objects.filter(programme=reader.programme, code__in=codes).values_list("code", "email")
    return {code: Named(email, reverse("workspace:team")) for code, email in found}


def _programme(codes: Collection[str], reader: Reader) -> Mapping[str, Named]:
    return {code: Named(reader.programme.name, reverse("workspace:settings")) for code in codes}


def _search_businesses(text: str, reader: Reader) -> Collection[str]:
    found = Business.objects.visible_to(reader.actor).filter(name__icontains=text)
    return [f"business:{code}" for code in found.values_list("code", flat=True)[:100]]


def _search_clients(text: str, reader: Reader) -> Collection[str]:
    found = ApiClient.objects.visible_to(reader.actor).filter(name__icontains=text)
    return [f"api_client:{code}" for code in found.values_list("code", flat=True)[:100]]


def _search_tills(text: str, _reader: Reader) -> Collection[str]:
    found = TillDevice.objects.filter(name__icontains=text).values_list("code", flat=True)[:100]
    return [f"till:{code}" for code in found]


def _search_people(text: str, reader: Reader) -> Collection[str]:
    members = Membership.objects.filter(programme=reader.programme)
    found = members.filter(user__name__icontains=text) | members.filter(user__email__icontains=text)
    return [f"user:{pk}" for pk in found.values_list("user_id", flat=True)[:100]]


def _search_invitations(text: str, reader: Reader) -> Collection[str]:
    found = Invitation.objects.filter(programme=reader.programme, email__icontains=text)
    return [f"invitation:{code}" for code in found.values_list("code", flat=True)[:100]]


register_subject("business", title=_("business"), find=_businesses, search=_search_businesses)
register_subject("till", title=_("till"), find=_tills, search=_search_tills)
register_subject("api_client", title=_("API client"), find=_clients, search=_search_clients)
register_subject("job", title=_("background work"), find=_jobs)
register_subject("user", title=_("person"), find=_people, search=_search_people)
register_subject("invitation", title=_("invitation"), find=_invitations, search=_search_invitations)


def _invited_businesses(codes: Collection[str], reader: Reader) -> Mapping[str, Named]:
    found = BusinessInvitation.objects.filter(programme=reader.programme, code__in=codes).values_list("code", "name")
    return {code: Named(name) for code, name in found}


def _join_requests(codes: Collection[str], reader: Reader) -> Mapping[str, Named]:
    found = JoinRequest.objects.filter(programme=reader.programme, code__in=codes).values_list("code", "name")
    return {code: Named(name) for code, name in found}


register_subject("business_invitation", title=_("invited business"), find=_invited_businesses)
register_subject("join_request", title=_("request to join"), find=_join_requests)
register_subject("programme", title=_("programme"), find=_programme)
