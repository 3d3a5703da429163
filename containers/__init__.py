"""Image definitions, and the engine helper for machines without a container engine."""
