"""One outbox and its channels. Every text and e-mail to a customer leaves through it, at most once to the provider.

Doors: `actions.queue_message`, `channels/` (one folder or module each).
"""
