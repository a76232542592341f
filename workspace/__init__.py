"""A programme's own housekeeping: businesses, API clients and keys, audit entries, jobs, idempotency records.

Owns what every room of a programme needs and knows no customer. Doors: `actions.audit.record`,
`actions.jobs.start_job`, `jobs.job_kind`, `jobs.due_work`.
"""
