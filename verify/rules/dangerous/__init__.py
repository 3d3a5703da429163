"""One file per dangerous pattern: what it finds and what an attacker gains from it."""
