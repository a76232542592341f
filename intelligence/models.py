"""What the analysis is told and what its runs found; what lists sort and filter by is written to customers."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from core.codes import public_code
from customers.models.fields import MoneyField


class IntelligenceSettings(models.Model):
    """What the owner decides about forecasts and archetypes; the row may be missing, the defaults then hold."""

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    # Of spend, what is left after the goods are paid for: values are worth that much. 1: values are spend.
    margin = models.DecimalField(_("margin"), max_digits=5, decimal_places=4, default=Decimal(1))
    discount_rate = models.DecimalField(
        _("discount rate"), max_digits=5, decimal_places=4, default=Decimal("0.1")
    )  # a year
    # Without a purchase for so long, a customer counts as gone; null: from the programme's own rhythm.
    horizon_days = models.PositiveSmallIntegerField(_("days until gone"), null=True, blank=True)
    # Customers that a run looks at, nightly and on Sundays (null: all); everybody is assigned.
    nightly_sample = models.PositiveIntegerField(_("customers looked at nightly"), default=1_000)
    weekly_sample = models.PositiveIntegerField(_("customers looked at weekly"), null=True, blank=True, default=5_000)
    min_k = models.PositiveSmallIntegerField(_("fewest archetypes"), default=3)
    max_k = models.PositiveSmallIntegerField(_("most archetypes"), default=10)
    is_dynamic = models.BooleanField(_("fewer archetypes while there are few customers"), default=True)
    is_robust = models.BooleanField(_("scale by medians"), default=True)
    shows_products = models.BooleanField(_("suggested products on the points page"), default=True)
    # Playbooks: from where on an archetype, or a customer, is worth a campaign of its own.
    vip_value = models.DecimalField(
        _("value of a VIP archetype"), max_digits=12, decimal_places=2, default=Decimal(2_000)
    )
    vip_customers = models.PositiveIntegerField(_("customers of a VIP archetype"), default=100)
    retention_churn = models.FloatField(_("churn that calls for retention"), default=0.6)
    vip_customer_value = models.DecimalField(
        _("value of a VIP customer"), max_digits=12, decimal_places=2, default=Decimal(1_000)
    )


class ArchetypeRun(models.Model):
    """One finding of archetypes. `model` assigns anybody at any time: runs are kept so that it can be used again.

    `options` are those asked for. `found` has, for each archetype, its id, name, customers and typical figures; `moves`
    is a list of [from, to, customers] since the last weekly run but one (`moves_since`), with ids, null for newcomers.
    `people` is the map: points as [x, y, archetype id], and what the axes say. Nothing in a run names anybody: it is
    kept for months.
    """

    class Kind(models.TextChoices):
        NIGHTLY = "nightly", _("Nightly")
        WEEKLY = "weekly", _("Weekly")
        ASKED = "asked", _("Asked for")
        BACK = "back", _("Rolled back")

    class NamingProblem(models.TextChoices):
        """Why the built-in rules named archetypes although another namer is configured."""

        FAILED = "failed", _("it gave no answer")
        COUNT = "count", _("it did not name each of them once")
        TEXT = "text", _("a name or a description was empty, too long or no plain text")
        TWICE = "twice", _("two would have had the same name")

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    searched_at = models.DateTimeField()  # when their number was last searched for; between, archetypes follow people
    options = models.JSONField(default=dict)
    customers = models.IntegerField()
    looked_at = models.IntegerField()  # customers in the sample
    k = models.PositiveSmallIntegerField()
    because = models.CharField(max_length=20)
    model = models.JSONField(default=dict)
    found = models.JSONField(default=list)
    moves = models.JSONField(default=list)
    moves_since = models.DateField(null=True)
    next_moves_since = models.DateField(null=True)  # of the next weekly run
    people = models.JSONField(default=dict)
    named_by = models.CharField(max_length=40, default="rules", db_default="rules")  # title of a namer
    naming_problem = models.CharField(max_length=10, choices=NamingProblem.choices, blank=True, db_default="")

    class Meta:
        indexes: ClassVar = [models.Index(F("finished_at").desc(), name="archetype_run_newest")]

    def __str__(self) -> str:
        return f"{self.finished_at:%Y-%m-%d %H:%M}: {self.k}"


class RfmRun(models.Model):
    """One scoring of all customers: how many were in each group then, and who moved since the run before.

    `figures` maps a group's code to its numbers, `grid` counts customers by recency and frequency score, `moves` is a
    list of [from, to, customers] with "" for people who had no group yet.
    """

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    customers = models.IntegerField()
    figures = models.JSONField(default=dict)
    grid = models.JSONField(default=list)
    moves = models.JSONField(default=list)

    class Meta:
        indexes: ClassVar = [models.Index(F("finished_at").desc(), name="rfm_run_newest")]

    def __str__(self) -> str:
        return f"RFM {self.finished_at:%Y-%m-%d %H:%M}"


class PopularProduct(models.Model):
    """What people bought of one product in the last 90 days: of an archetype, at a business, or everybody everywhere.

    Counted each night, of known customers. A product that is deleted stays until the next count.
    """

    business = models.ForeignKey(
        "workspace.Business", on_delete=models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    archetype = models.ForeignKey(
        "customers.Archetype", on_delete=models.CASCADE, null=True, related_name="+", db_index=False
    )
    product = models.ForeignKey(
        "customers.Product", on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    buyers = models.IntegerField()  # different people
    share = models.FloatField()  # of all such people who bought anything, 0 to 1
    purchases = models.IntegerField()  # different orders
    average_price = MoneyField()  # of one piece, after discounts

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["product", "archetype", "business"], name="popular_product_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=models.Q(business=None) | models.Q(archetype=None), name="popular_product_of_one_group"
            ),
        ]
        # The most popular of a group.
        indexes: ClassVar = [
            models.Index("archetype", "business", F("buyers").desc(), name="popular_product_first"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id}: {self.share:.0%}"


class CustomerFeatures(models.Model):
    """What is known of a customer who bought: counts, sums and dates, as of the end of a day.

    `intelligence.features.families` computes the columns and `registry` reads them; all of it can be built again from
    raw rows. The windows (`…_30`, `…_90`, `…_365`) are right on the day of the last FeatureRun: each night those
    rows are counted whose windows move.
    """

    customer = models.OneToOneField(
        "customers.Customer", on_delete=models.CASCADE, primary_key=True, related_name="features"
    )
    orders_count = models.IntegerField()
    order_days = models.IntegerField()
    first_order_on = models.DateField()
    last_order_on = models.DateField()
    gross_spend = MoneyField()  # before refunds
    first_day_spend = MoneyField()
    day_spend_squares = models.FloatField()  # the sum of squares of what was spent on each day
    gap_squares = models.BigIntegerField()  # of days from one order day to the next
    refunds_count = models.IntegerField()
    refunded = MoneyField()
    refunded_later = MoneyField()  # after the first order day
    lines_count = models.IntegerField()
    items = models.DecimalField(max_digits=19, decimal_places=3)
    products_count = models.IntegerField()
    # A product that is deleted leaves its number until the row is counted again.
    favourite_product = models.ForeignKey(
        "customers.Product",
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    orders_30 = models.IntegerField()
    orders_90 = models.IntegerField()
    orders_365 = models.IntegerField()
    spend_30 = MoneyField()  # net
    spend_90 = MoneyField()
    spend_365 = MoneyField()
    weekend_orders = models.IntegerField()
    morning_orders = models.IntegerField()
    evening_orders = models.IntegerField()
    main_channel = models.CharField(max_length=20)
    channels_count = models.SmallIntegerField()
    businesses_count = models.SmallIntegerField()


class StaleFeatures(models.Model):
    """A customer whose features must be counted again; gone when that is done."""

    customer_id = models.BigIntegerField(primary_key=True)


class FeatureRun(models.Model):
    """Everybody's features brought to a day: all of them counted, or those that the days since the last run change.

    `figures` maps a feature to [customers who have it] and, of numbers, what a tenth, half and nine tenths of them have
    at most.
    """

    as_of = models.DateField()  # the windows of that run end here
    full_on = models.DateField(null=True)  # the day of the run that last counted all from raw rows: this or an earlier
    zone = models.CharField(max_length=64, blank=True, db_default="")
    rollups_at = models.DateTimeField(null=True)  # when the roll-ups of that full run had been rebuilt
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    customers = models.IntegerField()
    changed = models.IntegerField()  # rows that were written or deleted
    figures = models.JSONField(default=dict)

    class Meta:
        indexes: ClassVar = [models.Index(F("finished_at").desc(), name="feature_run_newest")]

    def __str__(self) -> str:
        return f"{self.as_of}"


class BacktestRun(models.Model):
    """What each way of forecasting would have said on days of the past, held against what came.

    `scores` maps the code of a candidate (`intelligence.engine.candidates`) to its scores at each of those days, the
    oldest first. The rest is of the newest day: `calibration` and `deciles` are lists of [customers, said, came], of
    chances in bins of equal width and of spend from the highest forecasts down, `gain` of [share of customers, share
    of what they spent].
    """

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    as_of = models.DateField()  # nothing after the end of this day was looked at
    customers = models.IntegerField()  # had bought by then
    judged = models.IntegerField()  # of them: all, or drawn at random
    horizon_days = models.PositiveSmallIntegerField()
    for_chances = models.CharField(max_length=20)  # the candidate that was least wrong, of who comes
    for_money = models.CharField(max_length=20)  # and of what they spend
    scores = models.JSONField()
    calibration = models.JSONField()
    deciles = models.JSONField()
    gain = models.JSONField()

    class Meta:
        indexes: ClassVar = [models.Index(F("finished_at").desc(), name="backtest_run_newest")]


class AnalysisRun(models.Model):
    """One look at all sales up to the end of `as_of`: figures and names of products, nothing about one person.

    `findings` are `intelligence.analysis.findings.Findings`, `summary` is the short form that a language model gets.
    """

    as_of = models.DateField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    findings = models.JSONField(default=dict)
    summary = models.JSONField(default=dict)

    class Meta:
        indexes: ClassVar = [models.Index(F("finished_at").desc(), name="analysis_run_newest")]

    def __str__(self) -> str:
        return f"{self.as_of}"
