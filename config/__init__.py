"""How the project is put together and run: settings, URLs, the supervisor, embedded PostgreSQL, the demo.

The highest layer: it may import every app and no app imports it. Doors: `manage.py up`, `config.settings.base`.
"""
