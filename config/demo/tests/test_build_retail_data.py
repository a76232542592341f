"""Packing gives back what it was given, or nothing at all."""

import gzip
from pathlib import Path

import pytest

from config.demo import build_retail_data, retail_source

HEADER = "Invoice,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
AWKWARD = (
    HEADER
    + '1,22041,"RECORD FRAME 7"" SINGLE SIZE ",48,2009-12-01 07:45:00,2.1,13085,United Kingdom\n'
    + '1,gift_0001_20,"Voucher £20.00, paper",1,2009-12-01 07:45:00,0.001,13085,"Korea, South"\n'
    + "2,22041,,-80995,2009-12-01 07:46:00,0.0,,United Kingdom\n"
    + "1,BANK CHARGES,  Bank  Charges,70000,2009-12-01 07:46:00,-53594.36,13085,EIRE\n"
)


def _pack(text: str, folder: Path) -> Path:
    source = folder / "source.csv.gz"
    source.write_bytes(gzip.compress(text.encode()))
    target = folder / "packed"
    build_retail_data.build(source=source, target=target)
    return target


def test_awkward_rows_come_back_byte_for_byte(tmp_path: Path) -> None:
    packed = _pack(AWKWARD, tmp_path)

    assert b"".join(retail_source.csv_chunks(data=packed)).decode() == AWKWARD
    returned = list(retail_source.rows(data=packed))
    assert [row.invoice for row in returned] == ["1", "1", "2", "1"]
    assert returned[1].description == "Voucher £20.00, paper"
    assert [str(row.unit_price) for row in returned] == [
        "2.1",
        "0.001",
        "0.0",
        "-53594.36",
    ]


def test_same_source_gives_same_bytes(tmp_path: Path) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    first, second = (_pack(AWKWARD, folder) for folder in folders)

    names = sorted(path.name for path in first.iterdir())
    assert names == sorted(path.name for path in second.iterdir())
    assert [(first / name).read_bytes() for name in names] == [(second / name).read_bytes() for name in names]


@pytest.mark.parametrize(
    "text",
    [
        AWKWARD.replace("Invoice,", "InvoiceNo,"),
        AWKWARD.replace("\n", "\r\n"),
        AWKWARD.replace(",48,", ',"48",'),
        AWKWARD.replace(",48,", ",048,"),
    ],
    ids=["other header", "other line ends", "needless quotes", "leading zero"],
)
def test_what_would_not_come_back_is_refused_and_nothing_is_written(tmp_path: Path, text: str) -> None:
    with pytest.raises(build_retail_data.NotReproduced):
        _pack(text, tmp_path)

    assert not (tmp_path / "packed").exists()
