"""How moments of a customer's history read: today, yesterday, 12 days ago, then the date."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.clock import local_day

# Longer ago, the date says more than the number of days.
DAYS_COUNTED = 60


def days_ago(moment: datetime, *, now: datetime, zone: ZoneInfo) -> str:
    """The day of `moment` as seen today, in the programme's zone."""
    day, today = local_day(moment, zone), local_day(now, zone)
    days = (today - day).days
    if days == 0:
        return _("Today")
    if days == 1:
        return _("Yesterday")
    if 1 < days <= DAYS_COUNTED:
        return ngettext("%(days)s day ago", "%(days)s days ago", days) % {"days": days}
    return date_format(day, "j M Y")


def clock_time(moment: datetime, zone: ZoneInfo) -> str:
    """Hours and minutes in the programme's zone."""
    return date_format(moment.astimezone(zone), "G:i")


def day_heading(moment: datetime, *, now: datetime, zone: ZoneInfo) -> str:
    """Today, Yesterday, Friday 14 November, and with the year when it is another one."""
    day, today = local_day(moment, zone), local_day(now, zone)
    if 0 <= (today - day).days <= 1:
        return days_ago(moment, now=now, zone=zone)
    return date_format(day, "l j F" if day.year == today.year else "j F Y")
