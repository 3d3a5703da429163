"""File names of pages: from hostile names to names that any file system takes."""

import re
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256

from reports.renderers.results import Reported

FOLDER = "wheels"
_OTHERS = re.compile(r"[^A-Za-z0-9_-]+")
_MAX_NAME = 80


def page_names(results: Iterable[Reported]) -> list[str]:
    """The page of each result, relative to the report; the same wheel has it in every run."""
    seen: Counter[str] = Counter()
    return [_name(result, seen) for result in results]


def _name(result: Reported, seen: Counter[str]) -> str:
    label = result.label.removesuffix(".whl")
    readable = _OTHERS.sub("-", label)[:_MAX_NAME].strip("-") or "wheel"
    # Names that differ in case, or in what was replaced, are the same file somewhere.
    identity = sha256(f"{result.label}\0{result.sha256}".encode("utf-8", "surrogatepass"))
    name = f"{FOLDER}/{readable}-{identity.hexdigest()[:12]}"
    seen[name] += 1
    return f"{name}.html" if seen[name] == 1 else f"{name}-{seen[name]}.html"
