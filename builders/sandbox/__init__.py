"""Sandboxes: one interface, one file per implementation."""
