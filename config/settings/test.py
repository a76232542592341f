"""Settings of the test suite: fast hashing, mail in memory, no manifest, nothing else changed."""

import os

os.environ.setdefault("DATABASE_ROLE", "app")

from config.database import VAR_DIR
from config.settings.base import *  # noqa: F403
from config.settings.base import STORAGES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
DEVELOPMENT = True
WEBHOOKS_TO_THIS_MACHINE = True  # receivers of the tests
CONSOLE_MESSAGES_DIR = VAR_DIR / "test-messages"
