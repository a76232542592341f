"""URLs of a programme's host: staff at `/`, till at `/till/`, points page at `/p/`, API at `/api/v1/`."""

from __future__ import annotations

from django.urls import include, path

from core.brand import brand_stylesheet
from core.component_sheet import component_sheet
from programs.admin_sites import programme_site

urlpatterns = [
    path("api/", include("config.urls_api")),  # first: the more often, the sooner found
    path("admin/", programme_site.urls),
    path("brand.css", brand_stylesheet, name="brand-stylesheet"),
    path("components/", component_sheet, name="component-sheet"),  # development only
    path("p/", include("screens.urls_portal")),
    path("till/", include("screens.urls_till")),
    path("", include("screens.urls_rewards")),  # before the pages of `loyalty/`
    path("", include("screens.urls_orders")),
    path("stock/", include("screens.urls_stock")),
    path("loyalty/affiliates/", include("screens.urls_affiliates")),
    path("loyalty/stamp-cards/", include("screens.urls_stamps")),
    path("loyalty/recommendations/", include("screens.urls_recommendations")),
    path("loyalty/reports/", include("screens.urls_reports")),
    path("loyalty/settlement/", include("screens.urls_settlement")),
    path("loyalty/", include("screens.urls_loyalty")),
    path("analytics/", include("screens.urls_analytics")),
    path("businesses/", include("screens.urls_businesses")),
    path("settings/businesses/joining/", include("screens.urls_joining")),  # before the codes of businesses
    path("settings/businesses/", include("screens.urls_leaving")),
    path("settings/webhooks/", include("messaging.urls_webhooks")),
    path("", include("messaging.urls")),
    path("", include("customers.urls")),
    path("", include("screens.urls")),  # after customers: its profile takes whatever else is under customers/
    path("intelligence/", include("intelligence.urls")),
    path("segments/", include("segments.urls")),
    path("", include("programs.urls_programme")),
    path("", include("workspace.urls")),
]

handler400 = "core.error_views.bad_request"
handler403 = "core.error_views.permission_denied"
handler404 = "core.error_views.not_found"
handler500 = "core.error_views.server_error"
