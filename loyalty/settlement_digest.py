"""The digest of a closed month, as SQL over its row `m` and its lines: who closes writes it, the auditor compares."""

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
