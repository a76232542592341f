from django.urls import path

from messaging import views_webhooks as views

app_name = "webhooks"
urlpatterns = [
    path("", views.webhook_list, name="list"),
    path("new/", views.webhook_new, name="create"),
    path("deliveries/<code:delivery_code>/", views.delivery_detail, name="delivery"),
    path("deliveries/<code:delivery_code>/replay/", views.delivery_replay, name="delivery-replay"),
    path("<code:endpoint_code>/", views.webhook_detail, name="detail"),
    path("<code:endpoint_code>/edit/", views.webhook_edit, name="edit"),
    path("<code:endpoint_code>/rotate/", views.webhook_rotate, name="rotate"),
    path("<code:endpoint_code>/pause/", views.webhook_pause, name="pause"),
    path("<code:endpoint_code>/resume/", views.webhook_resume, name="resume"),
    path("<code:endpoint_code>/delete/", views.webhook_delete, name="delete"),
    path("<code:endpoint_code>/test/", views.webhook_test, name="test"),
    path("<code:endpoint_code>/replay/", views.webhook_replay, name="replay"),
]
