"""Stands in for `_hashlib` in a Python 2.7 that was built without OpenSSL's hashes.

2.7 knows only OpenSSL before 3.0, so one that was compiled lately has none of them, and its own
hashes are called `SHA256` where OpenSSL's are called `sha256`. `wheel` writes that name into every
row of RECORD. Published wheels were made by a Python with OpenSSL.

It is laid into the site-packages of build environments as `_hashlib.py`: behind the standard
library, so the real one is found first where there is one.
"""

import importlib
from functools import partial

TYPE_CHECKING = False  # typing.TYPE_CHECKING without typing, which 2.7 lacks
if TYPE_CHECKING:
    from typing import Any

_MODULES = {
    "md5": ("_md5", "new"),
    "sha1": ("_sha", "new"),
    "sha224": ("_sha256", "sha224"),
    "sha256": ("_sha256", "sha256"),
    "sha384": ("_sha512", "sha384"),
    "sha512": ("_sha512", "sha512"),
}

openssl_md_meth_names = frozenset(_MODULES)


class HASH(object):
    """One of the interpreter's own hashes under OpenSSL's name."""

    def __init__(self, name, state):
        # type: (str, Any) -> None
        self.name = name
        self._state = state
        self.digest_size = self.digestsize = state.digest_size
        self.block_size = state.block_size
        self.update = state.update
        self.digest = state.digest
        self.hexdigest = state.hexdigest

    def copy(self):
        # type: () -> HASH
        """A hash of the same bytes that goes on by itself."""
        return HASH(self.name, self._state.copy())

    def __repr__(self):
        # type: () -> str
        return "<%s HASH object @ 0x%x>" % (self.name, id(self))


def new(name, string=b""):
    # type: (str, bytes) -> HASH
    """A hash called as it was asked for, in any case; ValueError for an unknown one."""
    if name.lower() not in _MODULES:
        raise ValueError("unsupported hash type")
    module, constructor = _MODULES[name.lower()]
    return HASH(name, getattr(importlib.import_module(module), constructor)(string))


# Not functions: those would become methods where a class keeps one, as wheel's does.
globals().update(("openssl_%s" % (name,), partial(new, name)) for name in _MODULES)
