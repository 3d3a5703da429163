"""The search for a recipe: what the last rebuild got wrong says what to try next."""
