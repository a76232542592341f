"""Pack the Online Retail II CSV into `retail_data/`, without loss: 91 MB become 2.3 MB.

    python -m config.demo.build_retail_data online_retail_ii.csv.gz

Four xz files, each readable by itself (`xzcat`):

- `items.csv.xz`: the distinct stock code, description, unit price, sorted;
- `receipts.csv.xz`: invoice, time, customer, country, number of lines, for each run of
  neighbouring lines that share the first four;
- `line_item.u16.xz`: for each line its item's position, unsigned 16-bit, little-endian;
- `line_quantity.i32.xz`: for each line its quantity, signed 32-bit, little-endian.

The same source and the same liblzma give the same bytes. Nothing is replaced unless what was
written reads back as the source, compared by SHA-256 of the whole text.
"""

import argparse
import csv
import gzip
import hashlib
import io
import lzma
import shutil
import sys
import tempfile
from array import array
from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from config.demo import retail_source

_ITEM = itemgetter(1, 2, 5)  # stock code, description, price
_RECEIPT = itemgetter(0, 4, 6, 7)  # invoice, time, customer, country


class NotReproduced(Exception):
    """The packed files do not read back as the source text."""


def build(*, source: Path, target: Path) -> int:
    """Pack the CSV at `source` (plain or .gz) into `target` and return the size in bytes.

    Raises NotReproduced, and leaves `target` as it was, when the files would not give back the
    source byte for byte: another header, other line ends, more quotes than needed.
    """
    with gzip.open(source) if source.suffix == ".gz" else source.open("rb") as file:
        content = file.read()
    with tempfile.TemporaryDirectory() as directory:
        packed = Path(directory)
        _pack(content.decode("utf-8"), packed)
        if _sha256(retail_source.csv_chunks(data=packed)) != _sha256([content]):
            raise NotReproduced(str(source))
        target.mkdir(parents=True, exist_ok=True)
        for path in packed.iterdir():
            shutil.copyfile(path, target / path.name)
        return sum(path.stat().st_size for path in packed.iterdir())


def _pack(text: str, target: Path) -> None:
    rows = list(csv.reader(io.StringIO(text, newline="")))[1:]
    items = sorted({_ITEM(row) for row in rows})
    position = {item: index for index, item in enumerate(items)}
    receipts = ((*key, sum(1 for _ in group)) for key, group in groupby(rows, key=_RECEIPT))
    _write(target / "items.csv.xz", _csv(items))
    _write(target / "receipts.csv.xz", _csv(receipts))
    _write(
        target / "line_item.u16.xz",
        _integers("H", (position[_ITEM(row)] for row in rows)),
    )
    _write(target / "line_quantity.i32.xz", _integers("i", (int(row[3]) for row in rows)))


def _csv(table: Iterable[Iterable[object]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(table)
    return text.getvalue().encode()


def _integers(typecode: str, values: Iterable[int]) -> bytes:
    column = array(typecode, values)  # OverflowError when the source outgrows the column
    if sys.byteorder == "big":
        column.byteswap()
    return column.tobytes()


def _write(path: Path, content: bytes) -> None:
    # Text packs best by bytes in context, columns by their place in the number.
    bits = {".csv": (4, 0, 0), ".u16": (3, 1, 1), ".i32": (2, 2, 2)}[path.suffixes[-2]]
    lc, lp, pb = bits
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 9, "lc": lc, "lp": lp, "pb": pb}]
    path.write_bytes(lzma.compress(content, format=lzma.FORMAT_XZ, filters=filters))


def _sha256(chunks: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description="Pack the Online Retail II CSV.")
    parser.add_argument("source", type=Path, help="the CSV, plain or .gz")
    parser.add_argument("--target", type=Path, default=retail_source.DATA)
    arguments = parser.parse_args()
    size = build(source=arguments.source, target=arguments.target)
    sys.stdout.write(f"{size:,} bytes in {arguments.target}\n")


if __name__ == "__main__":
    main()
