"""Encrypted secrets survive a rotation of keys and nothing else."""

import pytest
from cryptography.fernet import InvalidToken

from core.secrets import decrypt, encrypt


def test_a_new_key_in_front_still_reads_what_the_old_one_wrote(settings):
    settings.ENCRYPTION_KEYS = ["old key with enough letters"]
    token = encrypt("hidden")
    assert "hidden" not in token
    settings.ENCRYPTION_KEYS = ["new key with enough letters", "old key with enough letters"]
    assert decrypt(token) == "hidden"
    settings.ENCRYPTION_KEYS = ["new key with enough letters"]
    with pytest.raises(InvalidToken):
        decrypt(token)
