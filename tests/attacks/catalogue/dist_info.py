"""The dist-info directory as a whole: what passes for an installed project."""

from dataclasses import replace

from tests.attacks.catalogue.technique import PAYLOAD, Family, Tampered
from tests.support.real_wheels import RealWheel
from tests.support.wheels import pack

DIST_INFO = Family("dist-info")

_FOREIGN = b"Metadata-Version: 2.1\nName: pip\nVersion: 99.0\n"


def _renamed(wheel: RealWheel, stem: str) -> bytes:
    """The wheel with another dist-info directory, RECORD included."""
    files = {
        name.replace(wheel.dist_info, f"{stem}.dist-info", 1): content
        for name, content in wheel.files.items()
    }
    record = files.pop(f"{stem}.dist-info/RECORD").replace(
        wheel.dist_info.encode(), f"{stem}.dist-info".encode()
    )
    model = wheel.entry(wheel.module)
    files[f"{stem}.dist-info/RECORD"] = record
    return pack(replace(model, name=name, data=data, stream=None) for name, data in files.items())


@DIST_INFO.dangerous("distinfo.not-exactly-one", "Another project seems to be installed.")
def second_dist_info(wheel: RealWheel) -> list[bytes]:
    return [
        wheel.forge({f"{directory}/METADATA": _FOREIGN})
        for directory in ("pip-99.0.dist-info", f"{wheel.stem}.1.dist-info", "PIP-99.0.DIST-INFO")
    ]


@DIST_INFO.dangerous("distinfo.not-exactly-one", "No installer and no auditor finds the metadata.")
def no_dist_info(wheel: RealWheel) -> bytes:
    return pack(e for e in wheel.entries if not str(e.name).startswith(wheel.dist_info))


@DIST_INFO.dangerous("distinfo.directory-name", "Installed as another project or version.")
def dist_info_of_another_name(wheel: RealWheel) -> list[bytes]:
    version = wheel.stem.rpartition("-")[2]
    return [_renamed(wheel, f"{wheel.stem}.1"), _renamed(wheel, f"evil-{version}")]


@DIST_INFO.unexplained("member.only-published", "Two spellings of one project, installed twice.")
def dist_info_in_another_spelling(wheel: RealWheel) -> list[bytes]:
    # Entry points and programs under another spelling are other techniques.
    if any(name.endswith("/entry_points.txt") or ".data/" in name for name in wheel.files):
        return []
    return [_renamed(wheel, wheel.stem.swapcase())]


@DIST_INFO.dangerous("distinfo.directory-name", "Files of another project are replaced.")
def data_directory_of_another_project(wheel: RealWheel) -> list[bytes]:
    names = ("pip-99.0.data/purelib/x.txt", f"{wheel.stem}.1.data/purelib/x.txt")
    return [wheel.forge({name: b"x\n"}) for name in names]


@DIST_INFO.dangerous("distinfo.directory-name", "The file passes for another project's wheel.")
def file_name_of_another_project(wheel: RealWheel) -> list[Tampered]:
    tags = wheel.filename.split("-", 2)[2]
    version = wheel.stem.rpartition("-")[2]
    names = (f"evil-{version}-{tags}", f"{wheel.stem}.1-{tags}")
    return [Tampered(data=wheel.data, rebuilt=wheel.forge({}), filename=name) for name in names]


@DIST_INFO.unexplained("distinfo.file-name", "Nothing can be held against such a name.")
def file_name_that_is_none(wheel: RealWheel) -> list[Tampered]:
    names = ("evil.whl", f"{wheel.stem}.whl", f"{wheel.stem}-py3-none-any.zip")
    return [Tampered(data=wheel.data, filename=name) for name in names]


@DIST_INFO.unexplained("member.only-published", "The installation seems to come from elsewhere.")
def installer_files_added(wheel: RealWheel) -> list[bytes]:
    files = {
        "direct_url.json": b'{"url": "https://example.org/", "dir_info": {"editable": true}}',
        "INSTALLER": b"apt\n",
        "REQUESTED": b"",
        "PKG-INFO": _FOREIGN,
        "metadata.json": b"{}",
        "pylock.toml": b"lock-version = '1.0'\n",
    }
    return [wheel.forge({wheel.info(name): content}) for name, content in files.items()]


@DIST_INFO.unexplained("member.only-published", "Old tools install what is required here.")
def egg_info_added(wheel: RealWheel) -> list[bytes]:
    directory = "evil.egg-info"
    files = {"requires.txt": b"evil\n", "dependency_links.txt": b"https://example.org/\n"}
    return [wheel.forge({f"{directory}/{name}": content}) for name, content in files.items()]


@DIST_INFO.dangerous("code.import-path", "A directory elsewhere passes for a project.")
def egg_link_added(wheel: RealWheel) -> bytes:
    return wheel.forge({"evil.egg-link": b"/tmp\n"})


@DIST_INFO.dangerous("entry-points.hidden", "Plugins of a project that nobody installed.")
def entry_points_of_another_project(wheel: RealWheel) -> list[bytes]:
    plugin = b"[pytest11]\nx = x:y\n"
    names = (
        "evil.egg-info/entry_points.txt",
        f"{wheel.stem}.data/purelib/evil-1.0.dist-info/entry_points.txt",
        f"{wheel.stem}.data/data/lib/python3.11/site-packages/evil-1.0.dist-info/METADATA",
    )
    return [wheel.forge({name: plugin}) for name in names]


@DIST_INFO.unexplained("member.differs", "Old tools take the modules of others for its own.")
def top_level_changed(wheel: RealWheel) -> list[bytes]:
    name = wheel.info("top_level.txt")
    if name not in wheel.files:
        return []
    old = wheel.files[name]
    return [wheel.forge({name: text}) for text in (old + b"pip\n", b"pip\n", old + b"../x\n", b"")]


@DIST_INFO.unexplained("member.only-published", "The same, where the source builds to none.")
def top_level_added(wheel: RealWheel) -> list[bytes]:
    name = wheel.info("top_level.txt")
    return [] if name in wheel.files else [wheel.forge({name: b"pip\n"})]


@DIST_INFO.unexplained("member.only-published", "Modules of others become part of a namespace.")
def namespaces_added(wheel: RealWheel) -> list[bytes]:
    name = wheel.info("namespace_packages.txt")
    return [] if name in wheel.files else [wheel.forge({name: b"pip\n"})]


@DIST_INFO.unexplained("member.differs", "The same, where the source names others.")
def namespaces_changed(wheel: RealWheel) -> list[bytes]:
    name = wheel.info("namespace_packages.txt")
    if name not in wheel.files:
        return []
    return [wheel.forge({name: wheel.files[name] + b"pip\n"}), wheel.forge({name: b"pip\n"})]


@DIST_INFO.unexplained("member.only-published", "Wheels in a wheel, SBOMs that vouch for nothing.")
def directory_in_dist_info(wheel: RealWheel) -> list[bytes]:
    names = ("sboms/x.cdx.json", "licenses/NOTICE", "license_files/x", "x/METADATA")
    return [wheel.forge({wheel.info(name): b"{}"}) for name in names]


@DIST_INFO.unexplained("code.only-published", "Code where nobody looks for it.")
def code_in_dist_info(wheel: RealWheel) -> list[bytes]:
    return [wheel.forge({wheel.info(name): PAYLOAD}) for name in ("x.py", "licenses/x.py")]
