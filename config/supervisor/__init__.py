"""Everything that runs on one machine, started and kept alive by one command, `manage.py up`.

Owns the order of a start (database, migrations, static files, demo, web, worker), the children's lives and the
watchdog of the job queue. It never touches a programme's data. Doors: `supervisor.Supervisor`, `commands`.
docs/operations/deploy-server.md tells how to run the same commands under systemd instead.
"""
