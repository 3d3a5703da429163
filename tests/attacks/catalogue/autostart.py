"""Code that runs in every Python process, or in every shell, without anybody importing it."""

from tests.attacks.catalogue.technique import PAYLOAD, Family
from tests.support.real_wheels import RealWheel

AUTOSTART = Family("Start-up hooks")

_LINE = b"import os\n"


def _path_file(wheel: RealWheel) -> list[str]:
    return [name for name in wheel.files if name.endswith(".pth")]


@AUTOSTART.dangerous("code.autostart", "Code in every Python process of the environment.")
def path_file_with_an_import_line(wheel: RealWheel) -> list[bytes]:
    lines = (_LINE, b"import\tos\n", b"./x\nimport os; os.getpid()\n", b"\xef\xbb\xbfimport os\n")
    return [wheel.forge({"x.pth": line}) for line in lines]


@AUTOSTART.dangerous("code.autostart", "The same, where only some versions see a line begin.")
def import_line_behind_an_odd_separator(wheel: RealWheel) -> list[bytes]:
    separators = (b"\x0c", b"\r", b"\x1c", "\u2028".encode())
    return [wheel.forge({"x.pth": b"./x" + each + _LINE}) for each in separators]


@AUTOSTART.dangerous("code.autostart", "The same, installed by way of a scheme.")
def path_file_in_a_scheme(wheel: RealWheel) -> list[bytes]:
    data = f"{wheel.stem}.data"
    places = ("purelib", "platlib", "data/lib/python3.11/site-packages", "data/Lib/site-packages")
    return [wheel.forge({f"{data}/{place}/x.pth": _LINE}) for place in places]


@AUTOSTART.dangerous("code.autostart", "The same on case-insensitive file systems.")
def path_file_in_capitals(wheel: RealWheel) -> bytes:
    return wheel.forge({"x.PTH": _LINE})


@AUTOSTART.unexplained("member.only-published", "A directory that imports look into.")
def path_file_with_a_directory(wheel: RealWheel) -> list[bytes]:
    return [wheel.forge({"x.pth": line}) for line in (b"./vendored\n", b"vendored\n")]


@AUTOSTART.dangerous("code.import-path", "A directory elsewhere that imports look into.")
def path_file_that_leads_out(wheel: RealWheel) -> list[bytes]:
    lines = (b"/tmp\n", b"../x\n", b"x/../..\n", b"C:/x\n", b"~/x\n")
    return [wheel.forge({"x.pth": line}) for line in lines]


@AUTOSTART.dangerous("code.autostart", "An entry point that CPython 3.15 calls at start (PEP 829).")
def start_file(wheel: RealWheel) -> list[bytes]:
    line = b"os:getpid\n"
    return [wheel.forge({name: line}) for name in ("x.start", f"{wheel.stem}.data/purelib/x.start")]


@AUTOSTART.dangerous("code.autostart", "`site` imports it in every process.")
def site_customization(wheel: RealWheel) -> list[bytes]:
    names = (
        "sitecustomize.py",
        "usercustomize.py",
        "sitecustomize/__init__.py",
        "SiteCustomize.py",
        f"{wheel.stem}.data/purelib/sitecustomize.py",
        f"{wheel.stem}.data/data/lib/python3.11/site-packages/usercustomize.py",
    )
    return [wheel.forge({name: PAYLOAD}) for name in names]


@AUTOSTART.dangerous("code.autostart", "The same, without a source to read.")
def compiled_site_customization(wheel: RealWheel) -> list[bytes]:
    names = (
        "sitecustomize.pyc",
        "sitecustomize.so",
        "usercustomize.cpython-311-darwin.so",
    )
    return [wheel.forge({name: b"\x7fELF"}) for name in names]


@AUTOSTART.dangerous("code.autostart", "An honest hook that does one thing more.")
def hook_changed(wheel: RealWheel) -> list[bytes]:
    names = _path_file(wheel)
    return [
        wheel.forge({name: content})
        for name in names
        for content in (
            wheel.files[name] + _LINE,
            wheel.files[name].replace(b"import sys", b"import os, sys", 1),
            wheel.files[name].replace(b"'sphinxcontrib'", b"'evil'", 1),
            wheel.files[name].replace(b"(3, 5)", b"(3, 5) or exec('')", 1),
            wheel.files[name].rstrip(b"\n") + b";x=1\n",
        )
    ]


@AUTOSTART.dangerous("code.autostart", "An honest hook under another name does one thing more.")
def hook_renamed_and_changed(wheel: RealWheel) -> list[bytes]:
    return [
        wheel.forge({name: None, name.replace("3.7", "3.8"): wheel.files[name] + _LINE})
        for name in _path_file(wheel)
    ]


@AUTOSTART.unexplained("member.only-published", "An honest hook runs twice, or after others.")
def hook_twice_or_renamed(wheel: RealWheel) -> list[bytes]:
    made = []
    for name in _path_file(wheel):
        content = wheel.files[name]
        made.append(wheel.forge({"zzz.pth": content}))
        made.append(wheel.forge({name: None, "zzz.pth": content}))
        made.append(wheel.forge({name.replace("3.7", "3.8"): content}))
        made.append(wheel.forge({name: None, f"vendored/{name}": content}))
    return made


@AUTOSTART.unexplained("member.only-rebuilt", "Imports of the namespace fail, or find another.")
def hook_left_out(wheel: RealWheel) -> list[bytes]:
    return [wheel.forge({name: None}) for name in _path_file(wheel)]


@AUTOSTART.dangerous("data.system-place", "Code in every shell, notebook or desktop.")
def hook_of_another_program(wheel: RealWheel) -> list[bytes]:
    places = (
        "etc/profile.d/x.csh",
        "etc/bash_completion.d/x",
        "etc/jupyter/jupyter_server_config.d/x.json",
        "share/applications/x.desktop",
        "etc/ipython/startup",
    )
    return [wheel.forge({f"{wheel.stem}.data/data/{place}": b"x\n"}) for place in places]
