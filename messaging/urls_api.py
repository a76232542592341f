from django.urls import path

from messaging import api_messages, api_texts

urlpatterns = [
    path("settings/sms", api_texts.SmsSettingsView.as_view(), name="settings-sms"),
    path("settings/sms/test", api_texts.SmsTestView.as_view(), name="settings-sms-test"),
    path("messages/", api_messages.MessagesView.as_view(), name="messages"),
    path("messages/settle", api_messages.MessagesSettleView.as_view(), name="messages-settle"),
    path("messages/<code:message_id>", api_messages.MessageView.as_view(), name="message"),
    path("received-texts/", api_messages.ReceivedTextsView.as_view(), name="received-texts"),
    path(
        "received-texts/<code:text_id>/decide",
        api_messages.ReceivedTextDecideView.as_view(),
        name="received-text-decide",
    ),
]
