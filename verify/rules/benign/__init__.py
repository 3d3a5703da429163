"""One file per benign rule: what it explains, why that is harmless, the exact shape it accepts."""
