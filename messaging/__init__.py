"""One outbox and its channels. Every text and e-mail to a customer leaves through it, at most once to the provider.

Doors: `actions.outbox.queue_message`, `actions.sign_in`, `actions.texts` (who carries texts), `actions.inbound` (what
comes back), `providers/` (one folder each).
"""
