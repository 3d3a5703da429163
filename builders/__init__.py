"""From a published wheel's hints to a recipe; from a recipe to a rebuild; the sandboxes."""
