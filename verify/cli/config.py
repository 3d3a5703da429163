"""The configuration file: defaults for options, and the policy."""

from collections.abc import Callable, Mapping
from pathlib import Path

import click

from verify.policy.defaults import UNSAFE_SANDBOX
from verify.policy.files import ConfigFile, find_config, named_config
from verify.policy.located import Located


def _texts(item: Located) -> list[str]:
    return [item.text()] if isinstance(item.value, str) else [one.text() for one in item.items()]


KEYS: Mapping[str, tuple[str, Callable[[Located], object]]] = {
    "cache-dir": ("cache_dir", Located.text),
    "extra-index-url": ("extra_index_urls", _texts),
    "image-registry": ("image_registry", Located.text),
    "index-url": ("index_url", Located.text),
    "ledger": ("ledger", Located.text),
    "memory": ("memory", Located.integer),
    "offline": ("offline", Located.flag),
    "sandbox": ("sandbox", Located.text),
    "timeout": ("timeout", Located.number),
}
"""What the file may hold beside a policy: the parameter that each key is a default for."""

POLICY = "policy"

_NAMED_ONLY = frozenset({"cache-dir", "image-registry", "ledger"})
"""Where earlier results are believed from, and the roots of builds: whoever wrote a project's files
does not choose that."""

_FOUND = "truewheel.config"


def load_defaults(context: click.Context, _parameter: click.Parameter, path: Path | None) -> None:
    """Take a file's values as the defaults of a command; those it has no option for do not count.

    The file is the one that is named, else the nearest `truewheel.toml` or `[tool.truewheel]`.

    Raises:
        PolicyFault: it cannot be read, or holds what it may not.
    """
    cwd = Path.cwd()
    file = find_config(cwd) if path is None else named_config(path, cwd)
    if file is None:
        return
    entries = file.top.table((*KEYS, POLICY))
    if not file.is_named:
        _require_harmless(entries)
    context.default_map = {
        parameter: read(entries[key]) for key, (parameter, read) in KEYS.items() if key in entries
    }
    context.meta[_FOUND] = file


def config_file() -> ConfigFile | None:
    """The file that configures the command under way, None without one."""
    context = click.get_current_context(silent=True)
    found: ConfigFile | None = context.meta.get(_FOUND) if context else None
    return found


def _require_harmless(entries: Mapping[str, Located]) -> None:
    """A file that nobody named is not let choose what is believed, or that code runs unconfined."""
    hint = "name the file with --config, or give the option itself"
    for key in sorted(_NAMED_ONLY & entries.keys()):
        raise entries[key].fault("counts only in a file that --config names", hint=hint)
    sandbox = entries.get("sandbox")
    if sandbox is not None and sandbox.value == UNSAFE_SANDBOX:
        problem = f"is {UNSAFE_SANDBOX!r}, which counts only in a file that --config names"
        raise sandbox.fault(problem, hint=hint)
