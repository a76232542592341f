"""The import core: a file becomes customers, products, orders and refunds, set by set.

A file is read once as a stream (`reading`), each value judged and typed on the way (`values`, `fields`) and copied
into `ImportRow` (`staging`). What concerns several rows is judged in SQL (`checks`). Then chunk after chunk is written
in one transaction each (`writing`, `refunds`), so that a kill loses one chunk and a later run goes on after the last.
Its door is `customers.actions.imports`; the algorithm is described in docs/how-to/import.md.
"""
