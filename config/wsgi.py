"""The WSGI application that granian serves. ASGI with synchronous Django measured 5 to 8 times slower."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")

application = get_wsgi_application()
