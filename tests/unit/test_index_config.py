import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from pypi_simple import PYPI_SIMPLE_ENDPOINT

from verify.index.config import IndexConfig, load_config, uv_arguments, uv_environment
from verify.index.sources import IndexConfigError
from verify.index.urls import Credentials

ARGUMENT = "https://argument.example.org/simple"
DEFAULT = "https://default.example.org/simple"


@pytest.fixture
def quiet(tmp_path: Path) -> dict[str, str]:
    """An environment in which no configuration file of this machine is found."""
    (tmp_path / "xdg" / "uv").mkdir(parents=True)
    (tmp_path / "xdg" / "uv" / "uv.toml").write_text("")
    (tmp_path / "cwd").mkdir()
    (tmp_path / "cwd" / "uv.toml").write_text("")
    return {
        "HOME": str(tmp_path / "home"),
        "PIP_CONFIG_FILE": os.devnull,
        "XDG_CONFIG_DIRS": str(tmp_path / "xdg"),
    }


def load(
    tmp_path: Path,
    environ: Mapping[str, str],
    index_url: str | None = None,
    extra: Sequence[str] = (),
) -> IndexConfig:
    return load_config(
        index_url=index_url, extra_index_urls=extra, environ=environ, cwd=tmp_path / "cwd"
    )


def pip_conf(quiet: dict[str, str], path: Path, text: str) -> dict[str, str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return {name: value for name, value in quiet.items() if name != "PIP_CONFIG_FILE"}


def test_without_any_configuration_it_is_the_shipped_default(
    tmp_path: Path, quiet: dict[str, str]
) -> None:
    assert load(tmp_path, quiet) == IndexConfig(urls=(PYPI_SIMPLE_ENDPOINT.rstrip("/"),))


def test_an_argument_beats_every_other_default(tmp_path: Path, quiet: dict[str, str]) -> None:
    environ = quiet | {
        "UV_DEFAULT_INDEX": "https://uv.example.org/simple",
        "PIP_INDEX_URL": "https://pip.example.org/simple",
    }
    assert load(tmp_path, environ, ARGUMENT + "/").urls == (ARGUMENT,)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        (
            {"UV_DEFAULT_INDEX": "https://a.example.org", "UV_INDEX_URL": "https://b.example.org"},
            "a",
        ),
        ({"UV_INDEX_URL": "https://a.example.org", "PIP_INDEX_URL": "https://b.example.org"}, "a"),
        ({"UV_DEFAULT_INDEX": "", "PIP_INDEX_URL": "https://a.example.org"}, "a"),
        ({"UV_DEFAULT_INDEX": "corp=https://a.example.org"}, "a"),
    ],
)
def test_the_environment_names_the_default_index(
    tmp_path: Path, quiet: dict[str, str], environ: dict[str, str], expected: str
) -> None:
    assert load(tmp_path, quiet | environ).urls == (f"https://{expected}.example.org",)


def test_extra_indexes_of_all_sources_follow_the_default_once_each(
    tmp_path: Path, quiet: dict[str, str]
) -> None:
    environ = quiet | {
        "UV_INDEX": "corp=https://one.example.org https://two.example.org",
        "UV_EXTRA_INDEX_URL": "https://three.example.org",
        "PIP_EXTRA_INDEX_URL": "https://two.example.org\nhttps://four.example.org",
    }
    found = load(tmp_path, environ | {"PIP_INDEX_URL": DEFAULT}, None, ["https://zero.example.org"])
    names = ("zero", "one", "two", "three", "four")
    assert found.urls == (DEFAULT, *(f"https://{name}.example.org" for name in names))


def test_an_index_of_the_command_line_stands_alone_with_its_own_extras(
    tmp_path: Path, quiet: dict[str, str]
) -> None:
    environ = quiet | {"PIP_EXTRA_INDEX_URL": "https://four.example.org", "PIP_CERT": "ca.pem"}
    found = load(tmp_path, environ, ARGUMENT, ["https://zero.example.org"])
    assert found.urls == (ARGUMENT, "https://zero.example.org")
    assert found.ca_bundle == tmp_path / "cwd" / "ca.pem"


def test_credentials_leave_the_url_and_are_decoded(tmp_path: Path, quiet: dict[str, str]) -> None:
    found = load(tmp_path, quiet, "https://bob:p%40ss@index.example.org/simple")
    assert found.urls == ("https://index.example.org/simple",)
    assert found.credentials == {
        "https://index.example.org/simple": Credentials(username="bob", password="p@ss")  # noqa: S106 - made up
    }
    assert "p@ss" not in repr(found)


def test_a_named_index_takes_its_credentials_from_the_environment(
    tmp_path: Path, quiet: dict[str, str]
) -> None:
    environ = quiet | {
        "UV_INDEX": "my-corp=https://corp.example.org",
        "UV_INDEX_MY_CORP_USERNAME": "bob",
        "UV_INDEX_MY_CORP_PASSWORD": "secret",
    }
    found = load(tmp_path, environ)
    expected = Credentials(username="bob", password="secret")  # noqa: S106 - made up
    assert found.credentials == {"https://corp.example.org": expected}


def test_the_nearest_uv_toml_hides_the_pyproject_beside_it(
    tmp_path: Path, quiet: dict[str, str]
) -> None:
    (tmp_path / "cwd" / "uv.toml").write_text(
        'index-url = "https://legacy.example.org"\n'
        '[[index]]\nname = "corp"\nurl = "https://corp.example.org"\n'
        '[[index]]\nurl = "https://default.example.org"\ndefault = true\n'
        '[[index]]\nname = "gpu"\nurl = "https://gpu.example.org"\nexplicit = true\n'
    )
    (tmp_path / "cwd" / "pyproject.toml").write_text(
        '[tool.uv]\nindex-url = "https://hidden.example.org"\n'
    )
    assert load(tmp_path, quiet).urls == (
        "https://default.example.org",
        "https://corp.example.org",
    )


def test_a_pyproject_without_tool_uv_is_passed_over(tmp_path: Path, quiet: dict[str, str]) -> None:
    (tmp_path / "cwd" / "uv.toml").unlink()
    (tmp_path / "cwd" / "pyproject.toml").write_text('[project]\nname = "x"\n')
    (tmp_path / "pyproject.toml").write_text(
        '[tool.uv]\nextra-index-url = ["https://parent.example.org"]\n'
    )
    environ = quiet | {"PIP_INDEX_URL": DEFAULT}
    assert load(tmp_path, environ).urls == (DEFAULT, "https://parent.example.org")


def test_uv_reads_user_and_system_files_and_no_config_means_none(
    tmp_path: Path, quiet: dict[str, str]
) -> None:
    user = tmp_path / "home" / ".config" / "uv" / "uv.toml"
    user.parent.mkdir(parents=True)
    user.write_text('index-url = "https://user.example.org"\n')
    system = tmp_path / "xdg" / "uv" / "uv.toml"
    system.write_text('index-url = "https://system.example.org"\nallow-insecure-host = ["h:8"]\n')
    found = load(tmp_path, quiet)
    assert (found.urls, found.trusted_hosts) == (("https://user.example.org",), ("h:8",))
    assert load(tmp_path, quiet | {"UV_NO_CONFIG": "1"}, ARGUMENT).trusted_hosts == ()


def test_pip_sections_and_files_override_in_pips_order(
    tmp_path: Path, quiet: dict[str, str]
) -> None:
    environ = pip_conf(
        quiet,
        tmp_path / "home" / ".config" / "pip" / "pip.conf",
        "[global]\nindex_url = https://user.example.org\nextra-index-url =\n"
        "    https://one.example.org\n    https://two.example.org\n"
        "[install]\ntrusted-host = one.example.org\n",
    )
    legacy = tmp_path / "home" / ".pip" / "pip.conf"
    pip_conf(quiet, legacy, "[global]\nindex-url = https://legacy.example.org\ncert = ca.pem\n")
    found = load(tmp_path, environ)
    assert found.urls[0] == "https://user.example.org"
    assert {"https://one.example.org", "https://two.example.org"} <= set(found.urls)
    assert "one.example.org" in found.trusted_hosts
    site = tmp_path / "venv" / "pip.conf"
    pip_conf(quiet, site, "[install]\nindex-url = https://site.example.org\n")
    inside = environ | {"VIRTUAL_ENV": str(tmp_path / "venv")}
    assert load(tmp_path, inside).urls[0] == "https://site.example.org"


def test_pips_environment_overrides_pips_files_and_adds_nothing_of_them(
    tmp_path: Path, quiet: dict[str, str]
) -> None:
    explicit = tmp_path / "explicit.conf"
    explicit.write_text("[global]\nextra-index-url = https://file.example.org\n")
    environ = quiet | {
        "PIP_CONFIG_FILE": str(explicit),
        "PIP_EXTRA_INDEX_URL": "https://env.example.org",
    }
    found = load(tmp_path, environ).urls
    assert "https://env.example.org" in found
    assert "https://file.example.org" not in found


def test_an_explicit_pip_file_hides_the_users(tmp_path: Path, quiet: dict[str, str]) -> None:
    user = tmp_path / "home" / ".config" / "pip" / "pip.conf"
    pip_conf(quiet, user, "[global]\nindex-url = https://user.example.org\n")
    explicit = tmp_path / "explicit.conf"
    explicit.write_text("[install]\nclient-cert = me.pem\n")
    found = load(tmp_path, quiet | {"PIP_CONFIG_FILE": str(explicit)})
    assert "https://user.example.org" not in found.urls
    assert found.client_cert == tmp_path / "cwd" / "me.pem"


def test_certificates_come_from_pips_words_before_the_general_ones(
    tmp_path: Path, quiet: dict[str, str]
) -> None:
    environ = quiet | {"SSL_CERT_FILE": "/etc/general.pem"}
    assert load(tmp_path, environ).ca_bundle == Path("/etc/general.pem")
    environ |= {"PIP_CERT": "/etc/pip.pem", "PIP_TRUSTED_HOST": "a b:1", "UV_INSECURE_HOST": "b:1"}
    found = load(tmp_path, environ)
    assert found.ca_bundle == Path("/etc/pip.pem")
    assert found.trusted_hosts == ("b:1", "a")


@pytest.mark.parametrize("content", [b"index-url = ", b"\xff\xfe", b"[[index]]\nname = 'x'\n"])
def test_a_broken_uv_file_is_one_error_that_names_it(
    tmp_path: Path, quiet: dict[str, str], content: bytes
) -> None:
    broken = tmp_path / "cwd" / "uv.toml"
    broken.write_bytes(content)
    with pytest.raises(IndexConfigError, match=str(broken)):
        load(tmp_path, quiet)


@pytest.mark.parametrize("content", [b"index-url = x\n", b"\xff\xfe\xff", b"[global]\nx\n"])
def test_a_broken_pip_file_is_one_error_that_names_it(
    tmp_path: Path, quiet: dict[str, str], content: bytes
) -> None:
    broken = tmp_path / "broken.conf"
    broken.write_bytes(content)
    with pytest.raises(IndexConfigError, match=str(broken)):
        load(tmp_path, quiet | {"PIP_CONFIG_FILE": str(broken)})


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("https://bob:secret@index.example.org\n", "line 1 is in no section"),
        ("[global]\n\nsecret\n", "line 3 is no KEY = VALUE"),
        ("[global]\ncert = a\ncert = secret\n", "line 3 says again what a line before it says"),
        ("[global]\n[secret]\n[secret]\n", "line 3 says again what a line before it says"),
    ],
)
def test_a_broken_pip_file_is_told_by_its_line_and_not_by_what_is_in_it(
    tmp_path: Path, quiet: dict[str, str], content: str, told: str
) -> None:
    broken = tmp_path / "broken.conf"
    broken.write_text(content)
    with pytest.raises(IndexConfigError) as raised:
        load(tmp_path, quiet | {"PIP_CONFIG_FILE": str(broken)})
    assert raised.value.message == f"pip's configuration file {broken} cannot be read: {told}"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://bob:secret@index.example.org/simple",
        "https://bob:secret@[::1/simple",
        "https://bob:secret@index.example.org:port/simple",
        "https://bob:secret@index.example.org/\nsimple",
        "https:///simple",
        "file://host.example.org/simple",
        "bob:secret",
    ],
)
def test_an_unusable_url_is_refused_and_its_password_not_repeated(
    tmp_path: Path, quiet: dict[str, str], url: str
) -> None:
    with pytest.raises(IndexConfigError) as caught:
        load(tmp_path, quiet, url)
    assert "--index-url" in caught.value.message
    assert "secret" not in caught.value.message


def test_a_directory_is_a_local_index(tmp_path: Path, quiet: dict[str, str]) -> None:
    (tmp_path / "cwd" / "mirror").mkdir()
    expected = (tmp_path / "cwd" / "mirror").resolve().as_uri()
    assert load(tmp_path, quiet, "mirror").urls == (expected,)


def test_uv_gets_the_same_indexes_and_credentials_only_through_its_environment() -> None:
    config = IndexConfig(
        urls=("https://a.example.org/simple", "https://b.example.org/simple"),
        credentials={
            "https://b.example.org/simple": Credentials(username="bob", password="secret")  # noqa: S106 - made up
        },
        trusted_hosts=("b.example.org",),
        ca_bundle=Path("/etc/ca.pem"),
        client_cert=Path("/etc/me.pem"),
    )
    assert uv_arguments(config) == [
        "--no-config",
        "--default-index",
        "truewheel-0=https://a.example.org/simple",
        "--index",
        "truewheel-1=https://b.example.org/simple",
        "--index-strategy",
        "unsafe-best-match",
        "--allow-insecure-host",
        "b.example.org",
    ]
    assert uv_environment(config) == {
        "UV_INDEX": "",
        "UV_EXTRA_INDEX_URL": "",
        "UV_FIND_LINKS": "",
        "UV_INDEX_TRUEWHEEL_1_USERNAME": "bob",
        "UV_INDEX_TRUEWHEEL_1_PASSWORD": "secret",
        "SSL_CERT_FILE": "/etc/ca.pem",
        "SSL_CLIENT_CERT": "/etc/me.pem",
    }
