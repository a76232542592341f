"""Figures and lists that pages show, as frozen dataclasses. Reads only."""
