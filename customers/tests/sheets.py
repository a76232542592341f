"""Excel files written by hand, down to the last oddity: no library would write some of them."""

from __future__ import annotations

import io
import zipfile
from xml.sax.saxutils import escape, quoteattr

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
# The styles of cells, by number: plain, a date, a date with its time, an amount in red, a date of our own format.
STYLES = f"""<styleSheet {MAIN}><numFmts count="2">
<numFmt numFmtId="164" formatCode="[$-809]dd&quot; of &quot;mmmm yyyy"/>
<numFmt numFmtId="165" formatCode="[Red]#,##0.00&quot; days&quot;"/></numFmts>
<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/><xf numFmtId="165"/><xf numFmtId="164"/></cellXfs>
</styleSheet>"""
DATE, DATE_TIME, AMOUNT, OWN_DATE = 1, 2, 3, 4


def number(text, style=0):
    return f'<c s="{style}"><v>{text}</v></c>'


def raw(xml):
    return f"<c{xml}</c>"


def shared(index):
    return f'<c t="s"><v>{index}</v></c>'


def cell(value):
    if isinstance(value, str) and value.startswith("<c"):
        return value
    if value is None:
        return "<c/>"
    return f'<c t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'


def sheet_xml(rows):
    body = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
    return f'<?xml version="1.0" encoding="UTF-8"?><worksheet {MAIN}><sheetData>{body}</sheetData></worksheet>'


def workbook(sheets, *, strings=(), is_1904=False, hidden=(), extra=None):
    """Bytes of an Excel file: name → rows of cells (texts, or the XML of a cell), or the whole XML of a sheet."""
    names = list(sheets)

    def hide(name):
        return ' state="hidden"' if name in hidden else ""

    listed = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{at}" r:id="rId{at}"{hide(name)}/>'
        for at, name in enumerate(names, start=1)
    )
    relations = "".join(
        f'<Relationship Id="rId{at}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{at}.xml"/>'
        for at in range(1, len(names) + 1)
    )
    parts = {
        "xl/workbook.xml": f'<workbook {MAIN} xmlns:r="{OFFICE}"><workbookPr date1904="{int(is_1904)}"/>'
        f"<sheets>{listed}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{RELATIONS}">{relations}</Relationships>',
        "xl/styles.xml": STYLES,
        "xl/sharedStrings.xml": f"<sst {MAIN}>{''.join(strings)}</sst>",
        **(extra or {}),
    }
    for at, rows in enumerate(sheets.values(), start=1):
        parts[f"xl/worksheets/sheet{at}.xml"] = rows if isinstance(rows, str) else sheet_xml(rows)
    return archive(parts)


def archive(parts):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in parts.items():
            file.writestr(name, text)
    return content.getvalue()
