"""Reading a recipe that a person hands in."""

import json
from pathlib import Path

from builders.recipe import Recipe, recipe_from_json
from verify.errors import UsageFault

MAX_RECIPE_BYTES = 16 * 1024**2


def read_recipe(path: Path) -> Recipe:
    """The recipe in a JSON file.

    Raises:
        UsageFault: there is none that could be replayed.
    """
    try:
        if path.stat().st_size > MAX_RECIPE_BYTES:
            raise UsageFault(f"{path} is too large for a recipe")
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageFault(f"{path} cannot be read as JSON: {error}") from error
    return recipe_from_json(document)
