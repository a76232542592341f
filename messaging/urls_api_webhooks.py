from django.urls import path

from messaging import api_webhooks as api

urlpatterns = [
    path("webhook-endpoints/", api.EndpointsView.as_view(), name="webhook-endpoints"),
    path("webhook-endpoints/<code:endpoint_id>", api.EndpointView.as_view(), name="webhook-endpoint"),
    path("webhook-endpoints/<code:endpoint_id>/rotate", api.EndpointRotateView.as_view(), name="webhook-rotate"),
    path("webhook-endpoints/<code:endpoint_id>/test", api.EndpointTestView.as_view(), name="webhook-test"),
    path("webhook-endpoints/<code:endpoint_id>/replay", api.EndpointReplayView.as_view(), name="webhook-replay"),
    path("webhook-deliveries/", api.DeliveriesView.as_view(), name="webhook-deliveries"),
    path("webhook-deliveries/<code:delivery_id>", api.DeliveryView.as_view(), name="webhook-delivery"),
    path(
        "webhook-deliveries/<code:delivery_id>/replay",
        api.DeliveryReplayView.as_view(),
        name="webhook-delivery-replay",
    ),
]
