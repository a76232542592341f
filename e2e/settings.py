"""Settings of the server that the browser tests use: the test settings, with static files served from their sources."""

import os

from config.settings.test import *  # noqa: F403

WHITENOISE_USE_FINDERS = True
PUBLIC_PORT = int(os.environ["PUBLIC_PORT"])
MEDIA_ROOT = os.environ["MEDIA_ROOT"]
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# One server and one address for all browser tests: what a person may do in an hour would end them.
PLENTY = 1_000_000
API_LIMITS = {name: (PLENTY, seconds) for name, (_requests, seconds) in API_LIMITS.items()}  # noqa: F405
SIGN_IN_LIMITS = {name: (PLENTY, seconds) for name, (_requests, seconds) in SIGN_IN_LIMITS.items()}  # noqa: F405
