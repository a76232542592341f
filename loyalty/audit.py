"""The auditor: proves from the rows that no point was lost, doubled or invented. Reads only, in one snapshot.

Each check is one query over everything it is about; it returns how many things it looked at and which break the rule.
Source: docs/algorithms/points.md, "Invariants".
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import connection, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from loyalty.point_flows import LEGS
from loyalty.settlement_digest import DIGEST, FINAL_DIGEST

SAMPLES = 5
# What the days of points have not counted yet.
UNCOUNTED = """
    SELECT t.* FROM loyalty_transaction t LEFT JOIN loyalty_pointcount c ON c.last_day IS NOT NULL
    WHERE c.id IS NULL OR t.id > c.last_transaction OR t.at >= (c.last_day + 1)::timestamp AT TIME ZONE c.zone
"""


@dataclass(frozen=True, slots=True)
class Invariant:
    """`query` gives one row (label, is_broken) for each thing checked."""

    code: str
    title: str | Promise
    query: str


@dataclass(frozen=True, slots=True)
class Finding:
    code: str
    title: str | Promise
    checked: int
    broken: int
    samples: Sequence[str]
    milliseconds: float

    @property
    def is_kept(self) -> bool:
        return self.broken == 0


INVARIANTS: Sequence[Invariant] = (
    Invariant(
        "I1",
        _("Every transaction's entries sum to zero, and its member's part is its points"),
        """
        SELECT t.code, coalesce(e.total, 0) <> 0 OR coalesce(e.member, 0) <> t.points
        FROM loyalty_transaction t LEFT JOIN (
            SELECT transaction_id, sum(amount) AS total, sum(amount) FILTER (WHERE account_id IS NOT NULL) AS member
            FROM loyalty_entry GROUP BY transaction_id
        ) e ON e.transaction_id = t.id
        UNION ALL
        SELECT 'entry ' || e.id, true FROM loyalty_entry e
        WHERE NOT EXISTS (SELECT FROM loyalty_transaction t WHERE t.id = e.transaction_id)
        """,
    ),
    Invariant(
        "I2",
        _("Every balance, what is set aside and what waits, less debt, is the sum of the member's entries"),
        """
        SELECT 'account ' || a.customer_id, a.available + a.held + a.pending - a.debt <> coalesce(e.total, 0)
        FROM loyalty_account a LEFT JOIN (
            SELECT account_id, sum(amount) AS total FROM loyalty_entry WHERE account_id IS NOT NULL GROUP BY account_id
        ) e ON e.account_id = a.customer_id
        """,
    ),
    Invariant(
        "I3",
        _("Every balance and what waits is what its live lots hold"),
        """
        SELECT 'account ' || a.customer_id,
               a.available <> coalesce(l.total - l.waiting, 0) OR a.pending <> coalesce(l.waiting, 0)
        FROM loyalty_account a LEFT JOIN (
            SELECT account_id, sum(remaining) AS total, coalesce(sum(remaining) FILTER (WHERE is_pending), 0) AS waiting
            FROM loyalty_lot GROUP BY account_id
        ) l ON l.account_id = a.customer_id
        """,
    ),
    Invariant(
        "I4",
        _("Every lot's rest, and what is set aside of it, is the sum of its entries"),
        """
        SELECT 'lot ' || l.id,
               l.remaining + coalesce(h.total, 0) <> coalesce(e.total, 0) OR NOT coalesce(e.same_account, true)
        FROM loyalty_lot l LEFT JOIN (
            SELECT e.lot_id, sum(e.amount) AS total, bool_and(e.account_id = o.account_id) AS same_account
            FROM loyalty_entry e JOIN loyalty_lot o ON o.id = e.lot_id GROUP BY e.lot_id
        ) e ON e.lot_id = l.id
        LEFT JOIN (
            SELECT lot_id, sum(points) AS total FROM loyalty_holdallocation GROUP BY lot_id
        ) h ON h.lot_id = l.id
        """,
    ),
    Invariant(
        "I5",
        _("Nothing is reversed for more than it was, and what took points at most once"),
        """
        SELECT t.code, t.reversed_points <> coalesce(r.points, 0) OR coalesce(r.points, 0) > abs(t.points)
               OR (t.points < 0 AND coalesce(r.times, 0) > 1)
        FROM loyalty_transaction t LEFT JOIN (
            SELECT reverses_id, sum(abs(points)) AS points, count(*) AS times
            FROM loyalty_transaction WHERE status = 'done' AND reverses_id IS NOT NULL GROUP BY reverses_id
        ) r ON r.reverses_id = t.id
        WHERE t.status = 'done' AND t.kind NOT IN ('hold', 'void', 'mature')
        """,
    ),
    Invariant(
        "I6",
        _("No entry was changed after it was written, and the application cannot"),
        """
        SELECT 'entry ' || e.id, e.seal <> ledger_seal(e.transaction_id, e.account_id, e.lot_id, e.amount)
        FROM loyalty_entry e
        UNION ALL
        SELECT 'right to ' || p.name, has_table_privilege(r.rolname, 'loyalty_entry', p.name)
        FROM pg_roles r CROSS JOIN (VALUES ('UPDATE'), ('DELETE'), ('TRUNCATE')) AS p (name)
        WHERE r.rolname = %(app_role)s AND NOT r.rolsuper
        """,
    ),
    Invariant(
        "I7",
        _("Every order gave points at most once"),
        """
        SELECT o.code, count(*) > 1 OR bool_or(o.customer_id IS DISTINCT FROM t.account_id)
        FROM loyalty_transaction t JOIN customers_order o ON o.id = t.order_id
        WHERE t.kind = 'earn' AND t.status = 'done' GROUP BY o.id
        """,
    ),
    Invariant(
        "I8",
        _("Every account's version counts its transactions"),
        """
        SELECT 'account ' || a.customer_id, a.version <> coalesce(t.number, 0)
        FROM loyalty_account a LEFT JOIN (
            SELECT account_id, count(*) AS number FROM loyalty_transaction WHERE status = 'done' GROUP BY account_id
        ) t ON t.account_id = a.customer_id
        """,
    ),
    Invariant(
        "I9",
        _("What each business issued, less what was spent, expired and taken back, is what it owes"),
        """
        SELECT 'business ' || coalesce(l.issuer_id, 0),
               sum(l.remaining + coalesce(h.held, 0)) <> sum(l.amount + coalesce(e.taken, 0))
        FROM loyalty_lot l LEFT JOIN (
            SELECT lot_id, sum(amount) AS taken FROM loyalty_entry
            WHERE amount < 0 AND lot_id IS NOT NULL GROUP BY lot_id
        ) e ON e.lot_id = l.id
        LEFT JOIN (
            SELECT lot_id, sum(points) AS held FROM loyalty_holdallocation GROUP BY lot_id
        ) h ON h.lot_id = l.id
        GROUP BY l.issuer_id
        UNION ALL
        SELECT 'programme', (SELECT coalesce(-sum(amount), 0) FROM loyalty_entry WHERE account_id IS NULL)
               <> (SELECT coalesce(sum(available + held + pending - debt), 0) FROM loyalty_account)
        """,
    ),
    Invariant(
        "I10",
        _("Every stored answer is the answer of its transaction"),
        """
        SELECT t.code, CASE t.status
            WHEN 'done' THEN t.response->>'transaction' IS DISTINCT FROM t.code
                OR (t.response->>'points')::bigint IS DISTINCT FROM t.points
            WHEN 'refused' THEN t.response->>'refusal' IS NULL
            ELSE t.response->>'transaction' IS NULL
        END
        FROM loyalty_transaction t
        """,
    ),
    Invariant(
        "I11",
        _("Every lifetime total is what sales earned, less what was taken back"),
        """
        SELECT 'account ' || a.customer_id, a.lifetime <> coalesce(t.points, 0)
        FROM loyalty_account a LEFT JOIN (
            WITH RECURSIVE earned (id, account_id, points) AS (
                SELECT t.id, t.account_id, t.points FROM loyalty_transaction t
                WHERE t.kind = 'earn' AND t.status = 'done'
                UNION ALL -- what undoes it, what undoes that, and so on
                SELECT t.id, t.account_id, t.points FROM loyalty_transaction t
                JOIN earned ON earned.id = t.reverses_id WHERE t.status = 'done'
            )
            SELECT account_id, sum(points) AS points FROM earned GROUP BY account_id
        ) t ON t.account_id = a.customer_id
        """,
    ),
    Invariant(
        "I12",
        _("Nothing runs out or becomes available before its account is looked at"),
        """
        SELECT 'account ' || a.customer_id, l.first IS NOT NULL
               AND (a.expires_next_at IS NULL OR a.expires_next_at > l.first)
        FROM loyalty_account a LEFT JOIN (
            SELECT account_id, min(expires_at) AS first FROM (
                SELECT account_id, expires_at FROM loyalty_lot WHERE remaining > 0
                UNION ALL SELECT account_id, available_at FROM loyalty_lot WHERE is_pending
                UNION ALL SELECT account_id, expires_at FROM loyalty_hold WHERE state = 'held'
                UNION ALL SELECT customer_id, lapses_at FROM loyalty_account
            ) AS ends GROUP BY account_id
        ) l ON l.account_id = a.customer_id
        """,
    ),
    Invariant(
        "I13",
        _("What is set aside of an account is what its live holds took from its lots"),
        """
        SELECT 'account ' || a.customer_id, a.held <> coalesce(h.total, 0)
        FROM loyalty_account a LEFT JOIN (
            SELECT account_id, sum(points) AS total FROM loyalty_hold WHERE state = 'held' GROUP BY account_id
        ) h ON h.account_id = a.customer_id
        UNION ALL
        SELECT 'hold ' || h.transaction_id, coalesce(p.total, 0) <> CASE h.state WHEN 'held' THEN h.points ELSE 0 END
               OR NOT coalesce(p.same_account, true)
        FROM loyalty_hold h LEFT JOIN (
            SELECT p.hold_id, sum(p.points) AS total, bool_and(l.account_id = o.account_id) AS same_account
            FROM loyalty_holdallocation p
            JOIN loyalty_lot l ON l.id = p.lot_id JOIN loyalty_hold o ON o.transaction_id = p.hold_id
            GROUP BY p.hold_id
        ) p ON p.hold_id = h.transaction_id
        """,
    ),
    Invariant(
        "I14",
        _("What one member of a transfer gave, the other got, and both sides are undone or none"),
        """
        SELECT t.code, o.id IS NULL OR o.points <> -t.points OR o.account_id = t.account_id
               OR o.counterpart_id IS DISTINCT FROM t.id OR o.reversed_points <> t.reversed_points
        FROM loyalty_transaction t LEFT JOIN loyalty_transaction o ON o.id = t.counterpart_id
        WHERE t.kind = 'transfer' AND t.status = 'done'
        """,
    ),
    Invariant(
        "I15",
        _("What reports count as issued, redeemed, expired and taken back leaves what each business’s points are"),
        f"""
        WITH flows AS MATERIALIZED (
            SELECT d.issuer_id, d.business_id, d.flow, d.points, d.debt
            FROM loyalty_pointday d JOIN loyalty_pointcount c ON c.last_day >= d.day
            UNION ALL
            SELECT issuer_id, business_id, flow, points, debt
            FROM ({LEGS.format(zone="'UTC'", transactions=UNCOUNTED)}) AS fresh
        )
        SELECT 'business ' || coalesce(issuer_id, 0), sum(held) <> sum(counted) FROM (
            SELECT issuer_id, remaining AS held, 0 AS counted FROM loyalty_lot
            UNION ALL SELECT l.issuer_id, h.points, 0
            FROM loyalty_holdallocation h JOIN loyalty_lot l ON l.id = h.lot_id
            UNION ALL SELECT issuer_id, 0, points FROM flows WHERE flow <> 'spent'
        ) AS points GROUP BY issuer_id
        UNION ALL -- what is settled is what was redeemed
        SELECT 'redeemed at ' || coalesce(business_id, 0),
               sum(CASE flow WHEN 'spent' THEN points ELSE -points - debt END) <> 0
        FROM flows WHERE flow IN ('spent', 'redeemed') GROUP BY business_id
        """,
    ),
    Invariant(
        "M1",
        _("No closed month of settlement was changed, and the application cannot"),
        f"""
        SELECT 'month ' || m.month, m.digest IS DISTINCT FROM ({DIGEST}) FROM loyalty_settlementmonth m
        UNION ALL
        SELECT 'right to ' || p.name || ' ' || t.name, has_table_privilege(r.rolname, t.name, p.name)
        FROM pg_roles r CROSS JOIN (VALUES ('UPDATE'), ('DELETE'), ('TRUNCATE')) AS p (name)
        CROSS JOIN (VALUES ('loyalty_settlementmonth'), ('loyalty_settlementline')) AS t (name)
        WHERE r.rolname = %(app_role)s AND NOT r.rolsuper
        """,
    ),
    Invariant(
        "M2",
        _("No final statement was changed, and a business that left is in no month that was closed later"),
        f"""
        SELECT 'final statement ' || f.leaving_id, f.digest IS DISTINCT FROM ({FINAL_DIGEST})
        FROM loyalty_finalstatement f
        UNION ALL
        SELECT 'month ' || m.month || ' and business ' || f.business_id,
               EXISTS (SELECT FROM loyalty_settlementline l WHERE l.month_id = m.month
                       AND f.business_id IN (l.debtor_id, l.creditor_id))
        FROM loyalty_finalstatement f JOIN loyalty_settlementmonth m ON m.closed_at > f.closed_at
        UNION ALL
        SELECT 'business ' || f.business_id, b.is_active OR b.left_on IS DISTINCT FROM f.last_day
        FROM loyalty_finalstatement f JOIN workspace_business b ON b.id = f.business_id
        UNION ALL
        SELECT 'right to ' || p.name || ' ' || t.name, has_table_privilege(r.rolname, t.name, p.name)
        FROM pg_roles r CROSS JOIN (VALUES ('UPDATE'), ('DELETE'), ('TRUNCATE')) AS p (name)
        CROSS JOIN (VALUES ('loyalty_finalstatement'), ('loyalty_finalline')) AS t (name)
        WHERE r.rolname = %(app_role)s AND NOT r.rolsuper
        """,
    ),
    Invariant(
        "T1",
        _("Every member has the tier of the last line of their history, and none is forgotten when its time is over"),
        """
        SELECT 'account ' || a.customer_id, a.tier_id IS DISTINCT FROM c.tier_id
               OR (a.tier_id IS NULL) <> (a.tier_since IS NULL)
               OR a.tier_kept_until IS NOT NULL AND (a.tier_id IS NULL OR a.tier_due_at IS NULL)
        FROM loyalty_account a LEFT JOIN (
            SELECT DISTINCT ON (account_id) account_id, tier_id FROM loyalty_tierchange ORDER BY account_id, id DESC
        ) c ON c.account_id = a.customer_id
        """,
    ),
    Invariant(
        "S1",
        _("Every member's stamps are the sum of what came and went, and each sale gave what is noted with it"),
        """
        SELECT 'book ' || b.id, b.total <> coalesce(e.total, 0) FROM loyalty_stampbook b LEFT JOIN (
            SELECT book_id, sum(stamps) AS total FROM loyalty_stampentry GROUP BY book_id
        ) e ON e.book_id = b.id
        UNION ALL
        SELECT 'sale ' || s.id, s.given <> coalesce(e.total, 0) FROM loyalty_stampsale s LEFT JOIN (
            SELECT book_id, order_id, sum(stamps) AS total FROM loyalty_stampentry
            WHERE kind = 'sale' GROUP BY book_id, order_id
        ) e ON e.book_id = s.book_id AND e.order_id = s.order_id
        UNION ALL
        SELECT 'stamps ' || e.code, u.stamps <> -e.stamps OR u.book_id <> e.book_id
        FROM loyalty_stampentry e JOIN loyalty_stampentry u ON u.undoes_id = e.id
        """,
    ),
    Invariant(
        "S2",
        _("Full stamp cards and the stamps on the card in hand follow from all stamps and what was used"),
        """
        SELECT 'book ' || b.id,
               b.completed <> greatest(floor(b.total::numeric / c.stamps), coalesce(r.over, 0))
               OR b.stamps <> b.total - c.stamps * b.completed
               OR coalesce(r.ready, 0) <> b.completed - coalesce(r.over, 0)
        FROM loyalty_stampbook b JOIN loyalty_stampcard c ON c.id = b.card_id LEFT JOIN (
            SELECT book_id, count(*) FILTER (WHERE state IN ('used', 'expired')) AS over,
                   count(*) FILTER (WHERE state = 'ready') AS ready
            FROM loyalty_stampreward GROUP BY book_id
        ) r ON r.book_id = b.id
        """,
    ),
    Invariant(
        "A1",
        _("Every affiliate’s commissions are in one payout each or open, and a payout is the sum of its lines"),
        """
        SELECT 'affiliate ' || a.code, coalesce(l.total, 0) <> coalesce(p.total, 0) + coalesce(l.open, 0)
        FROM loyalty_affiliate a LEFT JOIN (
            SELECT affiliate_id, sum(amount) AS total, sum(amount) FILTER (WHERE payout_id IS NULL) AS open
            FROM loyalty_affiliateline GROUP BY affiliate_id
        ) l ON l.affiliate_id = a.id LEFT JOIN (
            SELECT affiliate_id, sum(amount) AS total FROM loyalty_affiliatepayout
            WHERE state <> 'cancelled' GROUP BY affiliate_id
        ) p ON p.affiliate_id = a.id
        UNION ALL
        SELECT 'payout ' || p.code, CASE p.state WHEN 'cancelled' THEN l.number IS NOT NULL
               ELSE p.amount IS DISTINCT FROM l.total OR p.line_count IS DISTINCT FROM l.number OR NOT l.same END
        FROM loyalty_affiliatepayout p LEFT JOIN (
            SELECT l.payout_id, sum(l.amount) AS total, count(*) AS number,
                   bool_and(l.affiliate_id = p.affiliate_id) AS same
            FROM loyalty_affiliateline l JOIN loyalty_affiliatepayout p ON p.id = l.payout_id GROUP BY l.payout_id
        ) l ON l.payout_id = p.id
        """,
    ),
    Invariant(
        "A2",
        _("Every commission is what its lines come to, and that of a sale that was given back whole is nothing"),
        """
        SELECT 'sale ' || o.code, s.commission <> coalesce(l.total, 0) OR s.commission <> 0 AND (
                   (o.status = 'cancelled' OR o.refunded_total >= o.total)
                   AND coalesce(r.transaction_id, 0) > coalesce(e.last, 0)
               )
        FROM loyalty_affiliatesale s JOIN customers_order o ON o.id = s.order_id LEFT JOIN (
            SELECT sale_id, sum(amount) AS total FROM loyalty_affiliateline WHERE sale_id IS NOT NULL GROUP BY sale_id
        ) l ON l.sale_id = s.id
        LEFT JOIN customers_streamreader r ON r.name = 'loyalty.affiliates'
        LEFT JOIN LATERAL ( -- what the reader of the stream has not come to yet is settled by it
            SELECT max(e.transaction_id) AS last FROM customers_event e
            WHERE e.customer_id = o.customer_id AND e.name IN ('customers.order.refunded', 'customers.order.cancelled')
        ) e ON true
        UNION ALL
        SELECT 'month ' || s.affiliate_id || ' ' || s.month,
               s.total + coalesce(c.total, 0) <> least(s.total, coalesce(s.cap, s.total))
        FROM (
            SELECT affiliate_id, month, sum(commission) AS total, (array_agg(month_cap ORDER BY id))[1] AS cap
            FROM loyalty_affiliatesale GROUP BY affiliate_id, month
        ) s LEFT JOIN (
            SELECT affiliate_id, month, sum(amount) AS total FROM loyalty_affiliateline
            WHERE kind = 'cap' GROUP BY affiliate_id, month
        ) c ON c.affiliate_id = s.affiliate_id AND c.month = s.month
        """,
    ),
)


def audit() -> list[Finding]:
    """Check every invariant in the programme active now. Seconds for a million transactions; changes nothing.

    Inside a transaction of the caller it sees that transaction's snapshots; otherwise one snapshot for all checks.
    """
    if connection.in_atomic_block:
        return [_check(invariant) for invariant in INVARIANTS]
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return [_check(invariant) for invariant in INVARIANTS]


def _check(invariant: Invariant) -> Finding:
    started = time.perf_counter()
    with connection.cursor() as cursor:
        # The parameter has a cast for the server's sake; a query without one gets it in a harmless place.
        cursor.execute(
            f"WITH given AS (SELECT %(app_role)s::text) "
            f"SELECT count(*), count(*) FILTER (WHERE broken), "
            f"(array_agg(label) FILTER (WHERE broken))[1:{SAMPLES}] "
            f"FROM ({invariant.query.replace('%(app_role)s', '(SELECT * FROM given)')}) AS found (label, broken)",
            {"app_role": settings.DATABASE_APP_ROLE},
        )
        checked, broken, samples = cursor.fetchone()
    return Finding(
        code=invariant.code,
        title=invariant.title,
        checked=checked,
        broken=broken,
        samples=samples or [],
        milliseconds=(time.perf_counter() - started) * 1000,
    )
