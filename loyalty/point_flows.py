"""How points move, as SQL: the legs of transactions by day, who owes them, where it happened and how.

One text for all who ask: the roll-up of days, the days that it has not counted yet, the auditor. What undoes something
has the flow of what it undoes in the end. Source: docs/how-to/reports.md, docs/algorithms/settlement.md.
"""

from __future__ import annotations

# Rows (day, issuer_id, business_id, flow, points, debt) of the rows of loyalty_transaction that the query
# `{transactions}` gives; `{zone}` is a text of SQL. A member's leg without a lot moves debt, and belongs to the
# business where it happened. `spent` says redemptions by the issuers of what was redeemed, and what undoes them by the
# same issuers in the same order: a reversal in parts takes the parts that earlier ones left.
LEGS = """
    WITH RECURSIVE chosen AS MATERIALIZED (
        SELECT t.id, t.kind, t.points, t.business_id, t.reverses_id, (t.at AT TIME ZONE {zone})::date AS day
        FROM ({transactions}) AS t
        WHERE t.status = 'done' AND t.kind <> 'hold'
    ), line (id, member_id, above_id) AS (
        SELECT id, id, reverses_id FROM chosen WHERE reverses_id IS NOT NULL
        UNION ALL
        SELECT line.id, t.id, t.reverses_id FROM line JOIN loyalty_transaction t ON t.id = line.above_id
        WHERE t.reverses_id IS NOT NULL
    ), root AS (
        SELECT line.id, t.id AS root_id, t.kind FROM line JOIN loyalty_transaction t ON t.id = line.above_id
        WHERE t.reverses_id IS NULL
    ), flowing AS MATERIALIZED (
        SELECT c.id, c.day, c.points, c.business_id, root.root_id, CASE coalesce(root.kind, c.kind)
            WHEN 'redeem' THEN 'redeemed'
            WHEN 'expire' THEN 'expired'
            WHEN 'transfer' THEN 'passed'
            WHEN 'mature' THEN 'passed' -- on the way to being available, or back from a claim, points pay debt
            WHEN 'void' THEN 'passed'
            WHEN 'adjust' THEN CASE WHEN root.id IS NULL AND c.points > 0 THEN 'issued' ELSE 'taken' END
            ELSE CASE WHEN root.id IS NULL THEN 'issued' ELSE 'taken' END -- earn, bonus, referral
        END AS flow
        FROM chosen c LEFT JOIN root ON root.id = c.id
    ), leg AS MATERIALIZED (
        SELECT f.day, CASE WHEN e.lot_id IS NULL THEN f.business_id ELSE l.issuer_id END AS issuer_id, f.business_id,
               f.flow, f.root_id IS NULL AND f.flow = 'redeemed' AS is_spending,
               CASE WHEN e.lot_id IS NULL THEN 0 ELSE e.amount END AS points,
               CASE WHEN e.lot_id IS NULL THEN e.amount ELSE 0 END AS debt
        FROM flowing f
        JOIN loyalty_entry e ON e.transaction_id = f.id AND e.account_id IS NOT NULL
        LEFT JOIN loyalty_lot l ON l.id = e.lot_id
    ), earlier AS ( -- how much of it reversals before this one undid
        SELECT line.id, coalesce(sum(abs(sibling.points)), 0)::bigint AS points
        FROM line LEFT JOIN loyalty_transaction sibling
             ON sibling.reverses_id = line.above_id AND sibling.id < line.member_id AND sibling.status = 'done'
        GROUP BY line.id
    ), undone AS MATERIALIZED (
        SELECT f.day, f.business_id, f.root_id, sign(f.points)::bigint AS direction, earlier.points AS first,
               earlier.points + abs(f.points) AS beyond
        FROM flowing f JOIN earlier ON earlier.id = f.id
        WHERE f.flow = 'redeemed' AND f.root_id IS NOT NULL
    ), spent_back AS (
        SELECT u.day, l.issuer_id, u.business_id,
               u.direction * greatest(least(part.beyond, u.beyond) - greatest(part.first, u.first), 0) AS points
        FROM undone u CROSS JOIN LATERAL (
            SELECT e.lot_id, (sum(-e.amount) OVER (ORDER BY e.id))::bigint + e.amount AS first,
                   (sum(-e.amount) OVER (ORDER BY e.id))::bigint AS beyond
            FROM loyalty_entry e WHERE e.transaction_id = u.root_id AND e.account_id IS NOT NULL
        ) AS part
        JOIN loyalty_lot l ON l.id = part.lot_id
    )
    SELECT day, issuer_id, business_id, flow, sum(points)::bigint AS points, sum(debt)::bigint AS debt
    FROM (
        SELECT day, issuer_id, business_id, flow, points, debt FROM leg
        UNION ALL SELECT day, issuer_id, business_id, 'spent', points, 0 FROM leg WHERE is_spending
        UNION ALL SELECT day, issuer_id, business_id, 'spent', points, 0 FROM spent_back
    ) AS moved
    GROUP BY day, issuer_id, business_id, flow
    HAVING sum(points) <> 0 OR sum(debt) <> 0
"""

# Those of the days that are not counted yet, and newer ones of days that are (a till that was offline, a history that
# was loaded): of `start` to `end`, where `fresh` is the first moment that is not counted.
FRESH = """
    SELECT t.* FROM loyalty_transaction t
    WHERE t.at >= %(fresh)s::timestamptz AND t.at < %(end)s::timestamptz
       OR t.id > %(seen)s AND t.at >= %(start)s AND t.at < least(%(fresh)s::timestamptz, %(end)s::timestamptz)
"""
# Every flow of `start` to `end`: counted days from the roll-up, the rest from the ledger.
FLOWS = f"""
    SELECT day, issuer_id, business_id, flow, points, debt FROM loyalty_pointday
    WHERE day >= %(first_day)s AND day <= %(last_day)s AND day <= %(counted)s::date
    UNION ALL
    SELECT * FROM ({LEGS.format(zone="%(zone)s::text", transactions=FRESH)}) AS fresh
"""
# The transactions of some days: `starts` and `ends` are the same number of moments.
OF_DAYS = """
    SELECT t.* FROM unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) AS wanted (start, stop)
    JOIN loyalty_transaction t ON t.at >= wanted.start AND t.at < wanted.stop
"""
