"""What bubblewrap is told to show of a /usr."""

from pathlib import Path

from builders.sandbox.host_root import host_root


def _hidden(usr: Path) -> set[str]:
    arguments = list(host_root(usr))
    return {arguments[i + 1] for i, option in enumerate(arguments) if option == "--tmpfs"}


def test_applications_and_packages_are_hidden_and_the_compiler_is_not(tmp_path: Path) -> None:
    for name in (
        "bin",
        "lib/gcc",
        "lib/x86_64-linux-gnu",
        "lib/python2.7/dist-packages",
        "lib/python3/dist-packages",
        "lib/python3.11/ensurepip/_bundled",
        "lib/some-application/lib/python3.12/site-packages",
        "lib64/python3.12/site-packages",
        "local/bin",
        "share/python-wheels",
        "share/zoneinfo",
    ):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "lib/link").symlink_to("gcc")
    (tmp_path / "lib/libfile.so").write_text("")
    assert _hidden(tmp_path) == {
        "/usr/lib/python3.11/ensurepip/_bundled",
        "/usr/lib/python2.7/dist-packages",
        "/usr/lib/python3/dist-packages",
        "/usr/lib/some-application",
        "/usr/lib64/python3.12/site-packages",
        "/usr/local",
        "/usr/share/python-wheels",
    }


def test_every_hidden_directory_is_read_only(tmp_path: Path) -> None:
    (tmp_path / "local").mkdir()
    arguments = list(host_root(tmp_path))
    position = arguments.index("--tmpfs")
    assert arguments[position : position + 4] == [
        "--tmpfs",
        "/usr/local",
        "--remount-ro",
        "/usr/local",
    ]


def test_a_program_that_is_shown_has_what_it_needs(tmp_path: Path) -> None:
    for name in ("bin", "share/cmake-3.25/Modules", "share/automake-1.16", "share/editor"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "bin/cmake").write_text("")
    assert _hidden(tmp_path) == {"/usr/share/editor"}
