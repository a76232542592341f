"""A small file of each kind, as it could come, to download and to fill in."""

from __future__ import annotations

from collections.abc import Mapping

from customers.models import ImportRun

Kind = ImportRun.Kind

SAMPLES: Mapping[str, str] = {
    Kind.CUSTOMERS: """\
Customer number,Email,Phone,First name,Last name,Street,City,Postcode,Country,Birthday,Language,Tags
1001,ann@example.com,+44 7700 900123,Ann,Bell,1 High Street,York,YO1 7HH,GB,1980-02-03,en,"Regular, Tea lover"
1002,ben@example.com,,Ben,Cole,,Leeds,LS1 4DY,GB,,en,Newsletter
""",
    Kind.ORDERS: """\
Order number,Date,Total,Customer number,Email,Discount,Tax,Shipping,Channel
A-1001,2026-01-05 10:15,24.50,1001,ann@example.com,0,4.08,0,store
A-1002,2026-01-06 17:40,9.00,1002,ben@example.com,1.00,1.50,0,web
""",
    Kind.LINES: """\
Order number,Date,Customer number,Stock code,Product title,Quantity,Unit price
A-1001,2026-01-05 10:15,1001,MUG-RED,Red mug,2,7.50
A-1001,2026-01-05 10:15,1001,TEA-100,Green tea,1,9.50
R-1003,2026-01-09 11:00,1001,MUG-RED,Red mug,-1,7.50
""",
    Kind.PRODUCTS: """\
Stock code,Product title,Category,Vendor,Price,Cost,Barcode
MUG-RED,Red mug,Kitchen,Potters,7.50,3.10,4006381333931
TEA-100,Green tea,Tea,Leaf & Co,9.50,4.00,
""",
    Kind.STOCK: """\
Stock code,Place,Quantity,Reorder point
MUG-RED,Shop,24,6
TEA-100,Shop,12.5,
""",
}
