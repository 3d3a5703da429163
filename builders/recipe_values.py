"""Values of a recipe's JSON, which may come from anywhere: each is checked where it enters.

The functions raise TypeError or ValueError; `builders.recipe` makes one UsageFault of them.
"""

import re
from datetime import datetime

from packaging.utils import NormalizedName, canonicalize_name

from builders import native_flags
from builders.switch_names import is_switch
from verify.index.filenames import why_unsafe

MAX_TEXT = 4096
"""Characters of one value."""

MAX_ITEMS = 100
"""Values of one list or object; more than a hundred settings are nobody's."""

BUILD_VARIABLES = re.compile(
    r"""
    SOURCE_DATE_EPOCH                                   # reproducible-builds.org
    | (C|CPP|CXX|F|FC|LD|RUST|CGO_C|CGO_LD|ARCH)FLAGS   # make's and distutils' names
    | CC | CXX | FC | AR | RANLIB | LDSHARED | MAKEFLAGS | CYTHON_FORCE
    | CARGO_BUILD_[A-Z_]+ | CARGO_PROFILE_[A-Z_]+
    | CMAKE_[A-Z_]+ | SKBUILD_[A-Z_]+
    | (SETUPTOOLS_SCM|VCS_VERSIONING)_PRETEND_VERSION(_FOR_[A-Z0-9_]+)?
    | SETUPTOOLS_USE_DISTUTILS | SETUPTOOLS_ENABLE_FEATURES
    | PBR_VERSION | PDM_BUILD_SCM_VERSION | HATCH_BUILD_[A-Z_]+ | HATCH_VCS_[A-Z_]+
    | POETRY_DYNAMIC_VERSIONING_[A-Z_]+
    """,
    re.VERBOSE,
)
"""Variables that a build reads as an option. What a sandbox fixes (PATH, HOME, TZ, locale) or what
makes a loader or an interpreter run other code (LD_*, PYTHON*) is none of them: those would say
where code comes from, which a recipe says by hash only."""

HASH_SEED = "PYTHONHASHSEED"
"""The one variable of an interpreter that a recipe may set: it changes the order of sets alone."""


def text(value: object) -> str:
    """A string that can be an argument, an environment value and UTF-8."""
    if not isinstance(value, str):
        raise TypeError(f"{str(value)[:100]!r} is no string")
    if len(value) > MAX_TEXT:
        raise ValueError(f"{value[:100]!r} is too long")
    if "\0" in value:
        raise ValueError(f"{value[:100]!r} has a NUL")
    value.encode("utf-8")
    return value


def name(value: object) -> NormalizedName:
    """A project name, normalized."""
    return canonicalize_name(text(value), validate=True)


def filename(value: object) -> str:
    """A file name that may become a path."""
    reason = why_unsafe(text(value))
    if reason is not None:
        raise ValueError(f"{value!r} is no file name: {reason}")
    return text(value)


def digest(value: object) -> str:
    """A lower-case hexadecimal sha256."""
    return _matching(value, "[0-9a-f]{64}", "sha256")


def python(value: object) -> str:
    """A Python version `X.Y`."""
    return _matching(value, r"[0-9]\.[0-9]{1,2}", "Python version X.Y")


def line_ends(value: object) -> str:
    """`lf` or `crlf`."""
    return _matching(value, "lf|crlf", "line_ends")


VERSION = r"[0-9A-Za-z.!+_-]{1,100}"
"""What a PEP 440 version is made of; honest ones are short."""


def version(value: object) -> str:
    """A PEP 440 version as it stands in a file."""
    return _matching(value, VERSION, "version")


def flag(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither true nor false")
    return value


def umask(value: object) -> str:
    """Octal digits of a umask."""
    return _matching(value, "[0-7]{3,4}", "umask")


def mode(value: object) -> str:
    """A way to ask for a wheel, see `BackendCall`."""
    return _matching(value, r"pep517|setup\.py", "way to build")


def moment(value: object) -> datetime:
    """A time with a zone."""
    parsed = datetime.fromisoformat(text(value))
    if parsed.tzinfo is None:
        raise ValueError(f"{value!r} has no time zone")
    return parsed


def texts(value: object) -> tuple[str, ...]:
    """A list of strings."""
    if not isinstance(value, list) or len(value) > MAX_ITEMS:
        raise TypeError(f"{str(value)[:100]!r} is no list, or a too long one")
    return tuple(text(item) for item in value)


def settings(value: object, limit: int = MAX_ITEMS) -> dict[str, str]:
    """An object of strings."""
    if not isinstance(value, dict) or len(value) > limit:
        raise TypeError(f"{str(value)[:100]!r} is no object, or a too large one")
    return {text(key): text(item) for key, item in value.items()}


def variables(value: object) -> dict[str, str]:
    """Environment variables, each one of BUILD_VARIABLES or a switch."""
    found = settings(value)
    for key, item in found.items():
        if not (BUILD_VARIABLES.fullmatch(key) or is_switch(key, item) or is_hash_seed(key, item)):
            raise ValueError(f"the variable {key!r} is no option of a build")
    if "SOURCE_DATE_EPOCH" in found:
        _matching(found["SOURCE_DATE_EPOCH"], "[0-9]{1,12}", "number of seconds")
    return found


def is_hash_seed(name: str, value: str) -> bool:
    """Whether a variable is the seed of string hashes, a number of 32 bits."""
    is_number = re.fullmatch("0|[1-9][0-9]{0,9}", value) is not None
    return name == HASH_SEED and is_number and int(value) < 2**32


def toolchain(value: object) -> str:
    """The name of a toolchain."""
    return _matching(value, "[a-z]{1,20}-[0-9]{1,3}", "toolchain")


def compiler_flags(value: object) -> dict[str, str]:
    """Flags by source, see `builders.native_flags`: they choose how code is generated."""
    found = settings(value, native_flags.MAX_KEYS)
    for key, flags in found.items():
        if not native_flags.are_compiler_flags({key: flags}):
            raise ValueError(
                f"{flags[:100]!r} for {key[:100]!r} do not just choose code generation"
            )
    return found


def build_paths(value: object) -> dict[str, str]:
    """Plain absolute directories by source, and that of the interpreter's headers."""
    found = settings(value, native_flags.MAX_KEYS)
    for key, path in found.items():
        if not native_flags.is_directory(path):
            raise ValueError(f"{path[:100]!r} is no plain absolute path")
        is_known = key in {native_flags.EVERY_SOURCE, native_flags.PYTHON}
        if not is_known and not native_flags.is_source(key):
            raise ValueError(f"{key[:100]!r} is no plain path of a source")
    return found


def libraries(value: object) -> dict[str, str]:
    """Digests by names of libraries."""
    found = settings(value)
    return {
        _matching(key, "[a-z0-9]{1,20}", "library"): digest(item) for key, item in found.items()
    }


def post_steps(value: object) -> tuple[str, ...]:
    """Steps that the driver knows, each at most once."""
    found = texts(value)
    for step in found:
        if not native_flags.is_post_step(step):
            raise ValueError(f"{step[:100]!r} is no step after a build")
    if len({step.partition(" ")[0] for step in found}) != len(found):
        raise ValueError("a step is taken twice")
    return found


def repository(value: object) -> str:
    """The name of an image's repository, without that of a registry."""
    part = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
    return _matching(value, f"{part}(?:/{part})*", "repository of images")


def image_tag(value: object) -> str:
    """The tag of an image."""
    return _matching(value, r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", "tag of an image")


def image_digest(value: object) -> str:
    """The digest of an image's manifest."""
    return _matching(value, "sha256:[0-9a-f]{64}", "digest of an image")


def image_python(value: object) -> str:
    """The directory of an interpreter in a published build image."""
    return _matching(
        value, "cp[23][0-9]{1,2}-cp[23][0-9]{1,2}(?:t|mu?)?", "interpreter of an image"
    )


def _matching(value: object, pattern: str, what: str) -> str:
    found = text(value)
    if re.fullmatch(pattern, found) is None:
        raise ValueError(f"{found[:100]!r} is no {what}")
    return found
