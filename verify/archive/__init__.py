"""Strict reading of wheel archives (ZIP): raw facts first, then members."""
