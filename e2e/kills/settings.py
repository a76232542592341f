"""The product's settings, with shorter patience and one job kind whose effects can be counted."""

from config.settings.base import *  # noqa: F403
from config.settings.base import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "e2e.kills.app.KillsConfig"]
API_LIMITS = dict.fromkeys(API_LIMITS, (1000000, 60))  # noqa: F405
STATICFILES_FINDERS: list[str] = []  # no page is looked at
