"""The last lines of a start: addresses, and who can log in."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings

from programs.models import Programme


def welcome(*, base: Callable[..., str], with_demo: bool, is_development: bool) -> list[str]:
    """Lines for the console. `base(subdomain)` gives the address of a host."""
    lines = [f"Sign up or log in   {base()}/"]
    programmes = Programme.objects.filter(is_demo=True).order_by("-slug") if with_demo else Programme.objects.none()
    for programme in programmes:
        lines.append(f"{programme.name[:19]:<20}{base(programme.slug)}/")
    first = programmes.last()
    if first is not None:
        lines.append(f"Points page         {base(first.slug)}/p/")
        lines.append(f"Till                {base(first.slug)}/till/")
        lines.append(f"API                 {base(first.slug)}/api/docs")
    if is_development:
        lines.append(f"Sent e-mails        {base()}/dev/mail/")
        if first is not None:
            lines.append(f"Sent texts          {base(first.slug)}/dev/messages/")
    if with_demo:
        lines += ["", *_log_ins()]
    return lines


def _log_ins() -> list[str]:
    """The demo's people. Their password is known only where the demo runs on a laptop."""
    from config.demo.log_ins import LAPTOP_PASSWORD, STAFF

    is_local = settings.PUBLIC_HOST in {"localhost", "127.0.0.1"}
    password = f"“{LAPTOP_PASSWORD}”" if is_local else "that the first load printed"
    return [f"Log in with the password {password} as", *(f"  {email:<24}{role.label}" for email, _name, role in STAFF)]
