"""How shared objects were linked: which libraries they need, and whose C runtime they hold."""

import re
from dataclasses import dataclass

from builders.native_flags import KEEP_FIELDS, OLD_TAGS, RUNTIMES
from builders.native_hints.contents import contents, text_at
from verify.native.elf import Elf

_MAX_DYNAMIC = 16 * 1024
"""Bytes of a dynamic section that are looked at."""

_NEEDED, _THREADS, _LIBC = 1, b"libpthread.so.0", b"libc.so.6"
_OLD_TAGS, _NEW_TAGS = {15, 16}, {29, 30}
"""DT_RPATH and DT_SYMBOLIC; DT_RUNPATH and DT_FLAGS (System V ABI, chapter 5)."""

_TABLE_INIT = re.compile(
    rb"H\x83\xec\x08H\x8b\x05.{4}H\x85\xc0t\x05\xe8.{4}H\x83\xc4\x08\xc3", re.DOTALL
)
"""`.init` as glibc's crti.S made it before 2.28."""

_LANDING_PAD = b"\xf3\x0f\x1e\xfa"
"""`endbr64`, the first instruction of what may be called by its address."""

_LATE_VERSION = re.compile(rb"\0GLIBC_2\.(?:29|[3-9][0-9])\0")
"""A version of a symbol that glibc 2.28 has not."""

_RED_HAT = b"(Red Hat "


@dataclass(kw_only=True)
class Linking:
    """What the files read so far say of it."""

    _has_threads: bool = False
    _always_needs_libc: bool = True
    _has_old_tags: bool = False
    _has_table_init: bool = False
    _has_landing_pads: bool = False
    _has_late_versions: bool = False
    _is_red_hat: bool = False

    def add(self, elf: Elf) -> None:
        """Read one more file."""
        entries = _dynamic(elf)
        needed = {name for tag, name in entries if tag == _NEEDED}
        tags = {tag for tag, _ in entries}
        self._has_old_tags |= bool(tags & _OLD_TAGS) and not tags & _NEW_TAGS
        self._has_threads |= _THREADS in needed
        self._always_needs_libc &= _LIBC in needed
        init = b"".join(contents(elf, ".init"))
        self._has_table_init |= _TABLE_INIT.fullmatch(init) is not None
        self._has_landing_pads |= init.startswith(_LANDING_PAD)
        self._has_late_versions |= any(map(_LATE_VERSION.search, contents(elf, ".dynstr")))
        self._is_red_hat |= any(_RED_HAT in data for data in contents(elf, ".comment"))

    @property
    def flags(self) -> str:
        """How libraries came to be needed.

        Debian's GCC leaves out those that nothing is taken from, that of Red Hat does not. A
        CPython built where threads are a library of their own has `-pthread` in its LDSHARED.
        """
        keep = ("-Wl,--no-as-needed",) if self._always_needs_libc else ()
        tags = (OLD_TAGS,) if self._has_old_tags else ()
        return " ".join((KEEP_FIELDS, *keep, *tags, *(("-pthread",) if self._has_threads else ())))

    @property
    def runtime(self) -> str:
        """Which parts of the C runtime are not those of Debian's compiler."""
        # Red Hat's toolsets for 7 compile against its glibc, which is 2.17; those for 8, 2.28.
        found = (
            self._has_table_init,
            self._is_red_hat,
            self._has_landing_pads and self._is_red_hat,
            self._has_table_init and self._is_red_hat,
            self._has_landing_pads and self._is_red_hat and not self._has_late_versions,
        )
        wanted = zip(RUNTIMES, found, strict=True)
        return " ".join(word for word, is_wanted in wanted if is_wanted)


def _dynamic(elf: Elf) -> tuple[tuple[int, bytes], ...]:
    """The entries of the dynamic section: each tag, and the text that its value would name."""
    section = elf.by_name.get(".dynamic")
    if section is None:
        return ()
    strings = elf.content(elf.sections[section.link])
    data = elf.content(section)[:_MAX_DYNAMIC]
    words = [int.from_bytes(data[at : at + 8], "little") for at in range(0, len(data), 8)]
    pairs = tuple(zip(words[::2], words[1::2], strict=False))
    last = next((at for at, (tag, _) in enumerate(pairs) if tag == 0), len(pairs))
    return tuple((tag, text_at(strings, at) if tag == _NEEDED else b"") for tag, at in pairs[:last])
