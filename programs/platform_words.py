"""What the acts of the platform's audit log are called. A test finds acts without a name."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

TITLES: dict[str, str | Promise] = {
    "programs.person.signed_up": _("Signed up"),
    "programs.person.logged_in": _("Logged in"),
    "programs.person.log_in_refused": _("A log-in was refused"),
    "programs.person.changed": _("Changed their own profile"),
    "programs.programme.created": _("Created a programme"),
    "programs.programme.changed": _("Changed a programme’s record"),
    "programs.user.changed": _("Changed a person’s record"),
    "programs.password.changed": _("Changed the password"),
    "programs.password.reset": _("Reset the password by e-mail"),
    "programs.password.set": _("Set a first password"),
    "programs.email.changed": _("Changed the e-mail address"),
    "programs.email.confirmed": _("Proved the e-mail address"),
    "programs.authenticator.added": _("Added an authenticator"),
    "programs.authenticator.removed": _("Removed an authenticator"),
    "programs.authenticator.reset": _("Made new recovery codes"),
    "programs.passkey.renamed": _("Renamed a passkey"),
    "programs.passkey.refused_as_copy": _("A passkey was refused as a copy"),
    "programs.google.connected": _("Connected Google"),
    "programs.google.disconnected": _("Disconnected Google"),
    "programs.api_session.opened": _("Logged in by API"),
    "programs.api_session.refresh_reused": _("A copied token ended a log-in by API"),
}


def title_of(action: str) -> str:
    return str(TITLES.get(action, action))
