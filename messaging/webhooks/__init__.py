"""Outbound webhooks by the Standard Webhooks specification: what is sent, how it is signed, how it leaves.

Knows how, not when: `messaging.actions.webhooks` keeps endpoints, `messaging.actions.webhook_deliveries` sends.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""
