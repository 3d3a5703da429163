"""Comparing a published wheel with a rebuilt one, and accounting for every byte."""
