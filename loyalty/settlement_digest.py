"""Digests of closed months (row `m`) and final statements (row `f`) with their lines, as SQL: who closes writes them,
the auditor compares.
"""

from __future__ import annotations

DIGEST = """
    SELECT encode(sha256(convert_to(
        m.month::text || ' ' || m.point_value::text || ' ' || m.currency || coalesce(string_agg(
            chr(10) || coalesce(l.debtor_id, 0)::text || ' ' || coalesce(l.creditor_id, 0)::text || ' '
            || l.points::text || ' ' || l.amount::text || ' ' || length(l.debtor_name)::text || ' ' || l.debtor_name
            || ' ' || l.creditor_name, '' ORDER BY coalesce(l.debtor_id, 0), coalesce(l.creditor_id, 0)
        ), ''), 'UTF8'
    )), 'hex')
    FROM loyalty_settlementline l WHERE l.month_id = m.month
"""
FINAL_DIGEST = """
    SELECT encode(sha256(convert_to(
        f.business_id::text || ' ' || f.last_day::text || ' ' || f.point_value::text || ' ' || f.currency || ' '
        || f.way || ' ' || f.points::text || ' ' || f.amount::text || ' ' || f.business_name || coalesce(string_agg(
            chr(10) || l.month::text || ' ' || coalesce(l.debtor_id, 0)::text || ' '
            || coalesce(l.creditor_id, 0)::text || ' ' || l.points::text || ' ' || l.amount::text || ' '
            || length(l.debtor_name)::text || ' ' || l.debtor_name || ' ' || l.creditor_name,
            '' ORDER BY l.month, coalesce(l.debtor_id, 0), coalesce(l.creditor_id, 0)
        ), ''), 'UTF8'
    )), 'hex')
    FROM loyalty_finalline l WHERE l.statement_id = f.leaving_id
"""
