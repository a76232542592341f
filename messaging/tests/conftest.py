from messaging.tests.fixtures_texts import connect, twilio  # noqa: F401
