"""What the newest analysis has to say: each kind is one function here, found by the registry.

To add a kind, write a function with `@insight(…)` in the module of its family, or in a new module named in
`registry.FAMILIES`; page, API and summary find it. It returns None where it has nothing to say: too few, too small,
or as likely as not chance (`significance`).
"""
