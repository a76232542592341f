"""Strict stand-ins for services of others, for development and tests: they refuse what the real ones refuse."""
