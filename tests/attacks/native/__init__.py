"""Attacks on the comparison of native code."""
