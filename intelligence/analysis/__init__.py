"""What is measured of a programme's sales each night, in the database: a module for each family of figures.

`parts` lists them, `findings` says what they find, `actions.analysis` keeps it, `insights` speaks of it.
docs/algorithms/analysis.md.
"""
