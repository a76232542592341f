"""Words for what orders say of themselves; what other systems wrote there stays as it is."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

_CHANNELS = {"store": _("In the shop")}
_SOURCES = {"till": _("Till"), "api": _("API"), "page": _("By hand"), "import": _("Import"), "system": _("Regulars")}


def channel_words(channel: str) -> str:
    return str(_CHANNELS.get(channel, channel))


def source_words(source: str) -> str:
    return str(_SOURCES.get(source, source))
