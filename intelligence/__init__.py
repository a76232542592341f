"""What the programme can know about its customers: features, scores, groups.

Computed in the database by jobs; results that lists need are written to `customers.CustomerFacts`. Doors: `reports`.
"""
