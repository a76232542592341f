"""Files that want to hurt: endless lines, very many columns. What they say otherwise is in the tests beside."""

import io
import tracemalloc

import pytest

from customers.imports.problems import UnreadableFile
from customers.imports.reading import MAX_COLUMNS, inspect

SMALL, MANY_MB = 24, 96


class EndlessLine(io.RawIOBase):
    """A header, and then one line of so many bytes that are never held together."""

    def __init__(self, size):
        self.size, self.at, self.start = size, 0, b"Email,Phone\n"

    def readable(self):
        return True

    def seekable(self):
        return True

    def seek(self, offset, whence=io.SEEK_SET):
        self.at = {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.size}[whence] + offset
        return self.at

    def tell(self):
        return self.at

    def readinto(self, buffer):
        count = max(0, min(len(buffer), self.size - self.at))
        buffer[:count] = b"x" * count
        told = self.start[self.at : self.at + count]
        buffer[: len(told)] = told
        self.at += count
        return count


def test_a_line_without_end_is_refused_and_never_held_in_memory():
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableFile, match="too long for a row"):
            inspect(io.BufferedReader(EndlessLine(MANY_MB * 2**20)))
        assert tracemalloc.get_traced_memory()[1] < SMALL * 2**20
    finally:
        tracemalloc.stop()


def test_so_many_columns_and_no_more():
    def with_columns(count):
        header, row = (",".join(f"{letter}{at}" for at in range(count)) for letter in "cv")
        return inspect(io.BytesIO(f"{header}\n{row}\n".encode()))

    assert len(with_columns(MAX_COLUMNS).header) == 200
    with pytest.raises(UnreadableFile, match="more columns"):
        with_columns(MAX_COLUMNS + 1)
