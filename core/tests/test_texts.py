"""Which characters of a text are kept: what people paste and type on phones, not what hides or breaks."""

from __future__ import annotations

import pytest

from core.texts import can_be_kept


@pytest.mark.parametrize(
    ("text", "is_kept"),
    [
        ("", True), ("Zoë’s “usual”", True), ("👨\u200d👩\u200d👧", True), ("\U0001fae8", True), ("25\u00a0€", True),
        ("می\u200cخواهم", True), ("a\x00", False), ("a\x1bb", False), ("a\nb", False), ("a\u202eb", False),
        ("a\u2067b", False), ("a\ud800", False),
    ],
)  # fmt: skip
def test_what_is_kept(text: str, is_kept: bool) -> None:
    assert can_be_kept(text) is is_kept
