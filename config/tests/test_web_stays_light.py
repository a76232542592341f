"""What only jobs need is not loaded to answer a page: numpy and the models are 150 MB and a second of each start."""

import subprocess
import sys

from django.conf import settings

LOOK = """
import importlib, sys, django
django.setup()
from django.conf import settings
for urls in (settings.ROOT_URLCONF, settings.PUBLIC_SCHEMA_URLCONF):
    importlib.import_module(urls)
heavy = {"numpy", "scipy", "sklearn", "pandas"}
print(*sorted(heavy & set(sys.modules)))
"""


def test_no_page_loads_what_models_need():
    found = subprocess.run(
        [sys.executable, "-c", LOOK], cwd=settings.BASE_DIR, capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == []
