"""Reading customers, products, orders and refunds from another system's SQL database, which is only ever read.

A mapping (`mapping`) says where they stand; `selects` makes one statement for each of its sections, `drivers` runs it
in a read-only snapshot as a stream, `cells` makes text of the values. The rows become a file of the import core, which
checks and writes them (`customers.imports`); `marks` say how far a section has been read. Its door is
`customers.actions.databases`; docs/how-to/import-database.md is for those who write mappings.
"""
