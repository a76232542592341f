"""What every app needs and that knows no app: errors, problems, permissions, pages, queueing, money, phones, time.

Owns no models and never imports an app. Doors: each module by its noun (`core.errors`, `core.jobs`, `core.page`).
"""
