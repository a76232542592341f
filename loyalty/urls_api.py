from django.urls import path

from loyalty import api, api_transactions

urlpatterns = [
    path("customers/<code:customer_id>/ledger", api_transactions.LedgerView.as_view(), name="customer-ledger"),
    path("transactions/", api_transactions.TransactionsView.as_view(), name="transactions"),
    path("transactions/add-points", api.add_points, name="transactions-add-points"),
    path("transactions/redeem-points", api.redeem_points, name="transactions-redeem-points"),
    path("transactions/adjust", api.adjust, name="transactions-adjust"),
    path("transactions/batch", api.batch, name="transactions-batch"),
    path("transactions/simulate", api.simulate, name="transactions-simulate"),
    path("transactions/<code:transaction_id>/reverse", api.reverse, name="transactions-reverse"),
]
