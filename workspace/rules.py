"""Pure rules of the workspace."""

from __future__ import annotations

import re

# rg_live_<prefix>_<secret>: the prefix finds the row, the secret (32 bytes, URL-safe base64) proves the caller.
KEY_PATTERN = re.compile(r"rg_live_([0-9a-z]{8,16})_[A-Za-z0-9_-]{43}")
