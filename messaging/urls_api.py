from django.urls import path

from messaging import api_texts

urlpatterns = [
    path("settings/sms", api_texts.SmsSettingsView.as_view(), name="settings-sms"),
    path("settings/sms/test", api_texts.SmsTestView.as_view(), name="settings-sms-test"),
]
