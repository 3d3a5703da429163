"""The shapes in which benign rules explain dist-info files, with something else inside."""

from tests.attacks.catalogue.technique import PAYLOAD, Family, Tampered
from tests.support.real_wheels import RealWheel

SMUGGLING_DIST_INFO = Family("Through benign rules: dist-info")

_PLUGINS = b"[sphinx.builders]\na = x:y\nb = x:z\n\n[console_scripts]\ntool = x:main\n"


def _license(wheel: RealWheel) -> str:
    return next(name for name in wheel.files if "LICENSE" in name)


def _moved(wheel: RealWheel, target: str, change: bytes = b"") -> bytes:
    """The wheel with its license elsewhere, something appended to it."""
    name = _license(wheel)
    return wheel.forge({name: None, target: wheel.files[name] + change})


def _rewritten(wheel: RealWheel, name: str, old: bytes, *new: bytes) -> list[Tampered]:
    """A dist-info file that the source builds to in one way and that is published in others."""
    path = wheel.info(name)
    rebuilt = wheel.forge({path: old})
    return [Tampered(data=wheel.forge({path: each}), rebuilt=rebuilt) for each in new]


@SMUGGLING_DIST_INFO.unexplained("member.only-published", "Other terms where they are looked for.")
def license_moved_and_changed(wheel: RealWheel) -> list[bytes]:
    targets = (wheel.info("licenses/COPYING"), wheel.info("license_files/LICENSE.x"))
    return [_moved(wheel, target, b"All your base.\n") for target in targets]


@SMUGGLING_DIST_INFO.unexplained("member.only-published", "A text that some program reads.")
def license_moved_out_of_dist_info(wheel: RealWheel) -> list[bytes]:
    targets = ("LICENSE.pth.txt", "package/LICENSE", f"{wheel.stem}.data/data/share/LICENSE")
    return [_moved(wheel, target) for target in targets]


@SMUGGLING_DIST_INFO.unexplained("member.only-published", "A name that somebody acts upon.")
def license_moved_to_another_name(wheel: RealWheel) -> list[bytes]:
    names = ("licenses/LICENSE.html", "licenses/direct_url.json", "licenses/X")
    return [_moved(wheel, wheel.info(name)) for name in names]


@SMUGGLING_DIST_INFO.unexplained("member.only-published", "A message in the path of a license.")
def license_moved_to_an_invented_place(wheel: RealWheel) -> list[bytes]:
    """PEP 639: the path below `licenses/` is the one that License-File names."""
    name = _license(wheel)
    if "/licenses/" in name:
        return []
    places = ("a_message_to_anybody/that_is_long", "x.pth", "X")
    last = name.rpartition("/")[2]
    return [_moved(wheel, wheel.info(f"licenses/{place}/{last}")) for place in places]


@SMUGGLING_DIST_INFO.unexplained("member.only-published", "A license that is a program.")
def license_moved_and_executable(wheel: RealWheel) -> bytes:
    name = _license(wheel)
    last = name.rpartition("/")[2]
    target = wheel.info(last if "/licenses/" in name else f"licenses/{last}")
    base = wheel.with_files({name: None, target: wheel.files[name]})
    return wheel.edited(base=base, name=target, mode=0o100755)


@SMUGGLING_DIST_INFO.unexplained("member.only-published", "One license, two places, two texts.")
def license_moved_to_two_places(wheel: RealWheel) -> bytes:
    name = _license(wheel)
    text = wheel.files[name]
    names = (wheel.info("licenses/a/LICENSE"), wheel.info("licenses/b/LICENSE"))
    return wheel.forge({name: None, **dict.fromkeys(names, text)})


@SMUGGLING_DIST_INFO.unexplained("code.only-published", "A license that is a module elsewhere.")
def license_moved_to_a_module(wheel: RealWheel) -> list[bytes]:
    return [_moved(wheel, name) for name in ("license.py", wheel.info("licenses/LICENSE.py"))]


@SMUGGLING_DIST_INFO.dangerous("code.autostart", "A license that is a start-up hook elsewhere.")
def license_moved_to_a_hook(wheel: RealWheel) -> bytes:
    return _moved(wheel, "license.pth", b"\nimport os\n")


@SMUGGLING_DIST_INFO.unexplained("member.differs", "A license with line ends of two kinds.")
def license_with_mixed_line_ends(wheel: RealWheel) -> list[bytes]:
    name = _license(wheel)
    text = wheel.files[name].replace(b"\r\n", b"\n")
    return [
        wheel.forge({name: changed})
        for changed in (
            text.replace(b"\n", b"\r\n", 1),
            text.replace(b"\n", b"\r"),
            text.replace(b"\n", b"\r\r\n"),
            text.replace(b"\n", b"\r\n") + b"\0",
        )
    ]


@SMUGGLING_DIST_INFO.unexplained("member.only-published", "Modules of others in its name.")
def top_level_that_lies(wheel: RealWheel) -> list[Tampered]:
    name = wheel.info("top_level.txt")
    rebuilt = wheel.forge({name: None})
    own = wheel.module.partition("/")[0].removesuffix(".py").encode()
    texts = (b"pip\n", own + b"\npip\n", own + b"\n" + own + b"\n", own, own + b"\n\n", b"../x\n")
    return [Tampered(data=wheel.forge({name: text}), rebuilt=rebuilt) for text in texts]


@SMUGGLING_DIST_INFO.unexplained("member.differs", "The same, beside an honest change of order.")
def top_level_reordered_and_changed(wheel: RealWheel) -> list[Tampered]:
    changes = (b"b\na\nc\n", b"b\na\na\n", b"b\na", b"b a\n", b"b\n\na\n", b"b\r\na\n", b"B\na\n")
    return _rewritten(wheel, "top_level.txt", b"a\nb\n", *changes)


@SMUGGLING_DIST_INFO.unexplained("member.only-published", "Modules of others join a namespace.")
def namespace_that_no_package_declares(wheel: RealWheel) -> list[Tampered]:
    name = wheel.info("namespace_packages.txt")
    rebuilt = wheel.forge({name: None})
    own = wheel.module.partition("/")[0].removesuffix(".py").encode()
    return [
        Tampered(data=wheel.forge({name: text}), rebuilt=rebuilt)
        for text in (own + b"\n", b"pip\n", b"..\n")
    ]


@SMUGGLING_DIST_INFO.unexplained("member.only-published", "A namespace package that does more.")
def namespace_package_that_does_more(wheel: RealWheel) -> list[Tampered]:
    declaration = b"__import__('pkg_resources').declare_namespace(__name__)\n"
    listing = wheel.info("namespace_packages.txt")
    sources = (declaration + PAYLOAD, b"# coding: utf-7\n" + declaration, b"")
    return [
        Tampered(
            data=wheel.forge({"space/__init__.py": source, listing: b"space\n"}),
            rebuilt=wheel.forge({"space/__init__.py": source, listing: None}),
        )
        for source in sources
    ]


@SMUGGLING_DIST_INFO.unexplained("member.only-published", "A list of links that old tools follow.")
def egg_info_file_with_content(wheel: RealWheel) -> list[bytes]:
    files = {
        "dependency_links.txt": b"https://example.org/\n",
        "zip-safe": b"\n\n",
        "not-zip-safe": b"\n",
        "licenses/zip-safe": b"\n",
        "eager_resources.txt": b"\n",
    }
    return [wheel.forge({wheel.info(name): content}) for name, content in files.items()]


@SMUGGLING_DIST_INFO.unexplained("member.differs", "A message in what looks like layout.")
def entry_points_in_an_odd_layout(wheel: RealWheel) -> list[Tampered]:
    return _rewritten(
        wheel,
        "entry_points.txt",
        _PLUGINS,
        _PLUGINS.replace(b"a = ", b"a  = "),
        _PLUGINS.replace(b"a = ", b"a\t=\t"),
        _PLUGINS.replace(b"\n\n", b"\n# hidden\n"),
        _PLUGINS.replace(b"x:y\n", b"x:y \n"),
        _PLUGINS.replace(b"[console_scripts]", b"[console_scripts] ; hidden"),
        _PLUGINS.replace(b"\n\n", b"\r\n\n"),
        _PLUGINS[:-1],
    )


@SMUGGLING_DIST_INFO.unexplained("member.differs", "Bits of a message, each an empty line.")
def entry_points_with_many_empty_lines(wheel: RealWheel) -> list[Tampered]:
    return _rewritten(wheel, "entry_points.txt", _PLUGINS, _PLUGINS.replace(b"\n", b"\n" * 40))


@SMUGGLING_DIST_INFO.unexplained("member.differs", "Plugins are called in another order.")
def plugins_in_another_order(wheel: RealWheel) -> list[Tampered]:
    swapped = _PLUGINS.replace(b"a = x:y\nb = x:z\n", b"b = x:z\na = x:y\n")
    return _rewritten(wheel, "entry_points.txt", _PLUGINS, swapped)


@SMUGGLING_DIST_INFO.unexplained("member.only-published", "Bytes in what looks like a leftover.")
def leftover_with_content(wheel: RealWheel) -> list[bytes]:
    folder = wheel.module.rpartition("/")[0] or wheel.dist_info
    files = {
        ".DS_Store": b"\0\0\0\1Bud1" + b"hidden" * 100,
        ".gitkeep": b"hidden",
        "Thumbs.db": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"hidden" * 100,
        "._x": b"hidden",
        "desktop.ini": b"hidden",
        "x.DS_Store": b"",
        ".DS_Store/x": b"hidden",
        ".git/config": b"hidden",
    }
    return [wheel.forge({f"{folder}/{name}": content}) for name, content in files.items()]


@SMUGGLING_DIST_INFO.unexplained("member.only-published", "An empty file where its name decides.")
def leftover_in_an_odd_place(wheel: RealWheel) -> list[bytes]:
    names = (
        ".gitkeep",
        "extra/.gitkeep",
        wheel.info(".gitkeep"),
        f"{wheel.stem}.data/data/.gitkeep",
    )
    return [wheel.forge({name: b""}) for name in names]


@SMUGGLING_DIST_INFO.unexplained("code.only-published", "Code under a name like a leftover's.")
def code_named_like_a_leftover(wheel: RealWheel) -> list[bytes]:
    return [wheel.forge({name: PAYLOAD}) for name in (".DS_Store.py", ".gitkeep.py")]


@SMUGGLING_DIST_INFO.dangerous("code.binary-only-published", "A program named like a leftover.")
def program_named_like_a_leftover(wheel: RealWheel) -> bytes:
    return wheel.forge({".DS_Store": b"\x7fELF"})
