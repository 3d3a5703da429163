"""From a person's options to a workbench."""

import os
from pathlib import Path

from builders.recipe import Recipe
from builders.registry import parse_registry
from builders.sandbox.interface import Limits
from verify.cli.chosen_policy import chosen_policy
from verify.cli.options import Work
from verify.events import Listener
from verify.evidence import evidence_place
from verify.ledger.places import NOWHERE, resolve
from verify.workbench import Settings, Workbench


def open_bench(  # noqa: PLR0913 - each is another thing that a person may ask for
    work: Work,
    listener: Listener,
    *,
    reports: Path | None = None,
    evidence: str | None = None,
    recipe: Recipe | None = None,
    ledger: str | None = NOWHERE,
) -> Workbench:
    """The workbench that the options ask for; nothing is opened yet.

    `ledger` is what the person named, None for the one in the cache directory.
    """
    memory = work.memory * 1024**2
    settings = Settings(
        sandbox=work.sandbox,
        cache_root=work.cache_root,
        index_url=work.index_url,
        extra_index_urls=work.extra_index_urls,
        offline=work.offline,
        fresh=work.fresh,
        attempts=work.attempts,
        search_seconds=work.search_seconds,
        reports=reports,
        evidence=evidence_place(evidence) if evidence else None,
        ledger=resolve(ledger, work.cache_root),
        recipe=recipe,
        image_registry=parse_registry(work.image_registry) if work.image_registry else None,
        policy=chosen_policy(),
        limits=Limits(
            wall_seconds=work.timeout, cpu_seconds=int(work.timeout) + 1, memory_bytes=memory
        ),
        environ=tuple(sorted(os.environ.items())),
        cwd=Path.cwd(),
    )
    return Workbench(settings, listener)
