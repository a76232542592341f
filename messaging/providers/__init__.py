"""Providers of texts: one folder each, found by itself. A new one is a folder whose `provider.py` has a PROVIDER.

What a provider must be able to do is in `contract`; calls over the network to an address that people type go through
`http`, which refuses addresses inside our own network.
"""

from __future__ import annotations

import functools
import pkgutil
from collections.abc import Mapping
from importlib import import_module

from messaging.providers.contract import Provider


@functools.cache
def all_providers() -> Mapping[str, Provider]:
    """Every provider by its name."""
    folders = sorted(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg)
    found: list[Provider] = [import_module(f"{__name__}.{folder}.provider").PROVIDER for folder in folders]
    return {provider.name: provider for provider in found}
