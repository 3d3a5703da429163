"""Programs on the PATH, data that decides, and everything else that is no Python source."""

import pickle

from tests.attacks.catalogue.technique import Family, Tampered
from tests.support.real_wheels import RealWheel
from tests.support.wheels import pack

DATA_AND_SCRIPTS = Family("Data and scripts")

_SHELL = b"#!/bin/sh\nexit 0\n"


def _scripts(wheel: RealWheel) -> list[str]:
    return [name for name in wheel.files if ".data/scripts/" in name]


def _license(wheel: RealWheel) -> str:
    return next(name for name in wheel.files if "LICENSE" in name)


@DATA_AND_SCRIPTS.dangerous("scripts.changed", "A program that shadows one of the system.")
def script_added(wheel: RealWheel) -> list[bytes]:
    names = ("ls", "pip", "sudo.py", "deep/er")
    return [wheel.forge({f"{wheel.stem}.data/scripts/{name}": _SHELL}) for name in names]


@DATA_AND_SCRIPTS.dangerous("scripts.changed", "An honest program does one thing more.")
def script_changed(wheel: RealWheel) -> list[bytes]:
    return [
        wheel.forge({name: content})
        for name in _scripts(wheel)
        for content in (
            wheel.files[name] + b"import os\n",
            wheel.files[name].replace(b"#!python", b"#!/tmp/python", 1),
            wheel.files[name].replace(b"\n", b"\r\n"),
        )
    ]


@DATA_AND_SCRIPTS.dangerous("scripts.changed", "An honest program under another name.")
def script_renamed(wheel: RealWheel) -> list[bytes]:
    return [
        wheel.forge({name: None, name.replace("jp.py", "sudo"): wheel.files[name]})
        for name in _scripts(wheel)
    ]


@DATA_AND_SCRIPTS.unexplained("member.only-rebuilt", "A program that people rely on is gone.")
def script_left_out(wheel: RealWheel) -> list[bytes]:
    return [wheel.forge({name: None}) for name in _scripts(wheel)]


@DATA_AND_SCRIPTS.dangerous("data.system-place", "A program on the PATH by way of the prefix.")
def program_below_the_prefix(wheel: RealWheel) -> list[bytes]:
    names = ("bin/ls", "Scripts/ls.bat")
    made = []
    for name in (f"{wheel.stem}.data/data/{name}" for name in names):
        base = wheel.with_files({name: _SHELL})
        made.append(wheel.edited(base=base, name=name, mode=0o100755))
    return made


@DATA_AND_SCRIPTS.unexplained("container.meaningful-field", "A mode that makes data a program.")
def mode_that_makes_a_program(wheel: RealWheel) -> Tampered:
    """The source builds to the same members; only the mode of one below the prefix differs."""
    name = f"{wheel.stem}.data/data/bin/ls"
    base = wheel.with_files({name: _SHELL})
    return Tampered(
        data=wheel.edited(base=base, name=name, mode=0o100755),
        rebuilt=wheel.edited(base=base, name=name, mode=0o100644),
    )


@DATA_AND_SCRIPTS.dangerous("distinfo.same-target", "The order decides which of two stays.")
def program_in_two_schemes(wheel: RealWheel) -> Tampered:
    """The source builds to both; only their order differs."""
    data = f"{wheel.stem}.data"
    one, two = f"{data}/scripts/tool", f"{data}/data/bin/tool"
    entries = wheel.with_files({one: _SHELL, two: b"#!/bin/sh\nexit 1\n"})
    *others, first, second, record = entries
    return Tampered(data=pack([*others, second, first, record]), rebuilt=pack(entries))


@DATA_AND_SCRIPTS.unexplained("distinfo.unknown-scheme", "Installers differ in where they put it.")
def scheme_that_is_none(wheel: RealWheel) -> list[bytes]:
    names = ("include/x.h", "purelib2/x.txt", "PURELIB/x.txt", "x/y.txt")
    return [wheel.forge({f"{wheel.stem}.data/{name}": b"x\n"}) for name in names]


@DATA_AND_SCRIPTS.dangerous("scripts.elsewhere", "A program beside the code, or in no scheme.")
def program_in_an_odd_place(wheel: RealWheel) -> list[bytes]:
    names = ("install.sh", "x.bat", "x.ps1", "tool", f"{wheel.stem}.data/Scripts/ls")
    return [wheel.forge({name: _SHELL}) for name in names]


@DATA_AND_SCRIPTS.unexplained("member.only-published", "C code that other builds include.")
def header_added(wheel: RealWheel) -> bytes:
    return wheel.forge({f"{wheel.stem}.data/headers/Python.h": b"#define x y\n"})


@DATA_AND_SCRIPTS.unexplained("member.only-published", "A file that some program runs or trusts.")
def data_added(wheel: RealWheel) -> list[bytes]:
    files = {
        "cache.pickle": pickle.dumps({"a": 1}),
        "config.yaml": b"!!python/object/apply:os.getpid []\n",
        "template.html": b"<script src=x></script>\n",
        "package.json": b'{"scripts": {"postinstall": "x"}}\n',
        "extension.pyx": b"import os\n",
        "notebook.ipynb": b"{}\n",
        "certificates.pem": b"-----BEGIN CERTIFICATE-----\n",
        "kernel.json": b'{"argv": ["x"]}\n',
    }
    return [wheel.forge({name: content}) for name, content in files.items()]


@DATA_AND_SCRIPTS.unexplained("member.differs", "What was agreed to is not what is installed.")
def license_changed(wheel: RealWheel) -> list[bytes]:
    name = _license(wheel)
    text = wheel.files[name]
    return [wheel.forge({name: text + b"All your base.\n"}), wheel.forge({name: b""})]


@DATA_AND_SCRIPTS.unexplained("member.only-rebuilt", "The terms of use are gone.")
def license_left_out(wheel: RealWheel) -> bytes:
    return wheel.forge({_license(wheel): None})
