"""Rewards for staff at `/loyalty/rewards/`, and their pictures for everybody."""

from django.urls import path

from screens import views_rewards as views

app_name = "rewards"
urlpatterns = [
    path("loyalty/rewards/", views.rewards, name="list"),
    path("loyalty/rewards/new/", views.create, name="create"),
    path("loyalty/rewards/preview/", views.preview, name="preview"),
    path("loyalty/rewards/<slug:code>/", views.detail, name="detail"),
    path("loyalty/rewards/<slug:code>/change/", views.change, name="change"),
    path("loyalty/rewards/<slug:code>/stock/", views.stock_set, name="stock"),
    path("loyalty/rewards/<slug:code>/stock/change/", views.stock_change, name="stock-change"),
    path("loyalty/rewards/<slug:code>/archive/", views.archive, name="archive"),
    path("loyalty/rewards/<slug:code>/restore/", views.restore, name="restore"),
    path("loyalty/rewards/<slug:code>/place/", views.place, name="place"),
    path("loyalty/rewards/<slug:code>/claims/<slug:mark>/void/", views.claim_void, name="claim-void"),
    path("loyalty/rewards/<slug:code>/picture/remove/", views.picture_remove, name="picture-remove"),
    path("rewards/pictures/<str:name>", views.picture, name="picture"),
]
