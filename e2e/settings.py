"""Settings of the server that the browser tests use: the test settings, with static files served from their sources."""

import os

from config.settings.test import *  # noqa: F403

WHITENOISE_USE_FINDERS = True
PUBLIC_PORT = int(os.environ["PUBLIC_PORT"])
MEDIA_ROOT = os.environ["MEDIA_ROOT"]
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
