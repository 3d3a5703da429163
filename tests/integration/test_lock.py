"""`lock INPUT -o OUTPUT` against an index on loopback: what is written, and what is refused."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from uv import find_uv_bin

from tests.support.command import COMMAND, Ran, assert_valid, truewheel
from tests.support.index_server import IndexServer, ServedFile, Status
from tests.support.projects import MODULES
from tests.support.shop import DAY, Shop


@pytest.fixture
def index() -> Iterator[IndexServer]:
    with IndexServer() as server:
        yield server


@pytest.fixture
def shop(index: IndexServer, tmp_path: Path) -> Shop:
    folder = tmp_path / "shop"
    folder.mkdir()
    return Shop(index, folder)


def lock(shop: Shop, cache: Path, *arguments: str | Path, ledger: str = "none") -> Ran:
    ran = truewheel(
        *("lock", "--sandbox", "bubblewrap", "--index-url", shop.index.url, "--ledger", ledger),
        *arguments,
        cache=cache,
    )
    assert "Traceback" not in ran.stderr
    return ran


def asking(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "requirements.in"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def installs(
    tool: str, shop: Shop, locked: Path, tmp_path: Path
) -> subprocess.CompletedProcess[str]:
    """Install a lock as its users do: from the index, hashes required."""
    target = tmp_path / f"by-{tool}"
    options = ("--index-url", shop.index.url, "--require-hashes", "--no-cache-dir")
    commands = {
        "pip": (sys.executable, "-m", "pip", "install", *options),
        "uv": (
            *(find_uv_bin(), "pip", "install", "--python", sys.executable, "--no-cache"),
            *("--index-url", shop.index.url, "--require-hashes"),
        ),
        "uv-pylock": (find_uv_bin(), "pip", "install", "--python", sys.executable, "--no-cache"),
    }
    return subprocess.run(
        [*commands[tool], "--target", str(target), "-r", str(locked)],
        env={**os.environ, "PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def test_what_is_trusted_is_locked_with_all_that_it_needs_and_pip_and_uv_install_it(
    shop: Shop, cache: Path, tmp_path: Path
) -> None:
    upper = shop.release("upper", requires=("lower>=0.5", "nowhere; sys_platform == 'win32'"))
    lower = shop.release("lower")
    shop.release("nowhere")
    output = tmp_path / "requirements.txt"
    ran = lock(shop, cache, asking(tmp_path, "upper"), "-o", output)
    assert (ran.code, ran.stderr) == (0, "")
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert output.read_text(encoding="utf-8").splitlines()[2:] == [
        f"# For CPython {version} on linux_{os.uname().machine}.",
        "lower==1.0 \\",
        f"    --hash=sha256:{sha256(lower).hexdigest()}",
        "    # identical: lower-1.0-py3-none-any.whl, rebuilt from lower-1.0.tar.gz",
        "    # via upper",
        "upper==1.0 \\",
        f"    --hash=sha256:{sha256(upper).hexdigest()}",
        "    # identical: upper-1.0-py3-none-any.whl, rebuilt from upper-1.0.tar.gz",
    ]
    for tool in ("pip", "uv"):
        done = installs(tool, shop, output, tmp_path)
        assert done.returncode == 0, done.stderr
        assert (tmp_path / f"by-{tool}" / "lower" / "core.py").is_file()


def test_the_same_bytes_come_out_twice_and_the_file_is_left_alone(
    shop: Shop, cache: Path, tmp_path: Path
) -> None:
    shop.release("thing")
    output = tmp_path / "requirements.txt"
    assert lock(shop, cache, asking(tmp_path, "thing"), "-o", output).code == 0
    before, stamp = output.read_bytes(), output.stat().st_mtime_ns
    again = lock(shop, cache, asking(tmp_path, "thing"), "-o", output, "--json")
    assert (again.code, again.document["changed"], again.document["written"]) == (0, False, True)
    assert (output.read_bytes(), output.stat().st_mtime_ns) == (before, stamp)


def test_pylock_is_written_for_a_toml_name_and_uv_installs_it(
    shop: Shop, cache: Path, tmp_path: Path
) -> None:
    wheel = shop.release("thing")
    output = tmp_path / "pylock.toml"
    ran = lock(shop, cache, asking(tmp_path, "thing"), "-o", output)
    assert (ran.code, ran.stderr) == (0, "")
    text = output.read_text(encoding="utf-8")
    assert sha256(wheel).hexdigest() in text
    assert "# identical: thing-1.0-py3-none-any.whl, rebuilt from thing-1.0.tar.gz" in text
    done = installs("uv-pylock", shop, output, tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "by-uv-pylock" / "thing" / "core.py").is_file()


def test_a_tampered_wheel_keeps_the_lock_from_being_written(
    shop: Shop, cache: Path, tmp_path: Path
) -> None:
    shop.release("honest")
    shop.release("thing", published={**MODULES, "core.py": "import os\n"})
    output = tmp_path / "requirements.txt"
    output.write_text("# as it was\n", encoding="utf-8")
    ran = lock(shop, cache, asking(tmp_path, "thing", "honest"), "-o", output, "--json")
    assert ran.code == 1
    assert_valid(ran.document)
    assert (ran.document["written"], ran.document["closes"]) == (False, False)
    states = {each["name"]: bool(each["gaps"]) for each in ran.document["packages"]}
    assert states == {"honest": False, "thing": True}
    assert output.read_text(encoding="utf-8") == "# as it was\n"


def test_a_partial_lock_is_one_that_pip_and_uv_refuse_and_say_why(
    shop: Shop, cache: Path, tmp_path: Path
) -> None:
    shop.release("honest")
    shop.release("thing", published={**MODULES, "core.py": "import os\n"})
    output = tmp_path / "requirements.txt"
    ran = lock(shop, cache, asking(tmp_path, "thing", "honest"), "-o", output, "--partial")
    assert ran.code == 1
    assert "honest==1.0" in output.read_text(encoding="utf-8")
    for tool in ("pip", "uv"):
        done = installs(tool, shop, output, tmp_path)
        assert done.returncode != 0
        assert "NOT-LOCKED-BY-TRUEWHEEL: thing==1.0" in done.stderr + done.stdout
        assert not (tmp_path / f"by-{tool}").exists()
    shop.release("thing")
    again = lock(shop, cache, asking(tmp_path, "thing", "honest"), "-o", output)
    assert (again.code, "!truewheel" in output.read_text(encoding="utf-8")) == (0, False)


def test_a_partial_pylock_is_one_that_uv_refuses(shop: Shop, cache: Path, tmp_path: Path) -> None:
    shop.release("honest")
    shop.release("thing", sdist=False)
    output = tmp_path / "pylock.toml"
    ran = lock(shop, cache, asking(tmp_path, "thing", "honest"), "-o", output, "--partial")
    assert ran.code == 3
    assert "# Not locked: thing==1.0" in output.read_text(encoding="utf-8")
    assert installs("uv-pylock", shop, output, tmp_path).returncode != 0


def test_an_untrusted_wheel_gives_way_to_a_trusted_one_of_the_same_release(
    shop: Shop, cache: Path, tmp_path: Path
) -> None:
    tag = f"cp{sys.version_info[0]}{sys.version_info[1]}-none-any"
    other = shop.release("thing", published={**MODULES, "core.py": "import os\n"})
    preferred = ServedFile(filename=f"thing-1.0-{tag}.whl", content=other, upload_time=DAY)
    trusted = shop.release("thing", more=(preferred,))
    output = tmp_path / "requirements.txt"
    ran = lock(shop, cache, asking(tmp_path, "thing"), "-o", output)
    assert ran.code == 0
    assert f"not trusted: {preferred.filename}" in ran.stderr
    text = output.read_text(encoding="utf-8")
    assert sha256(trusted).hexdigest() in text
    assert sha256(other).hexdigest() not in text


def test_a_project_without_source_is_undetermined(shop: Shop, cache: Path, tmp_path: Path) -> None:
    shop.release("thing", sdist=False)
    output = tmp_path / "requirements.txt"
    ran = lock(shop, cache, asking(tmp_path, "thing"), "-o", output)
    assert (ran.code, output.exists()) == (3, False)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("thing>=2", "cannot be satisfied"),
        ("thing==1.0 --hash=sha256:" + "0" * 64, "no file of thing==1.0 has a hash"),
        ("-e ./here", "requirements.in:1"),
        ("./here", "requirements.in:1"),
        ("thing @ git+https://github.com/o/thing@" + "1" * 40, "archive/" + "1" * 40),
        ("thing @ git+https://github.com/o/thing@main", "full hash of a commit"),
        ("thing == = 1", "requirements.in:1:"),
    ],
)
def test_what_cannot_be_locked_is_one_error_and_nothing_is_touched(
    shop: Shop, cache: Path, tmp_path: Path, line: str, said: str
) -> None:
    shop.release("thing")
    output = tmp_path / "requirements.txt"
    output.write_text("# as it was\n", encoding="utf-8")
    ran = lock(shop, cache, asking(tmp_path, line), "-o", output)
    assert ran.code == 2
    assert ran.stderr.count("error:") == 1
    assert said in ran.stderr
    assert output.read_text(encoding="utf-8") == "# as it was\n"


def test_a_wheel_by_its_url_is_verified_as_a_file_is(
    shop: Shop, cache: Path, tmp_path: Path
) -> None:
    wheel = shop.release("thing")
    url = f"http://{shop.index.netloc}/files/thing/thing-1.0-py3-none-any.whl"
    output = tmp_path / "requirements.txt"
    ran = lock(shop, cache, asking(tmp_path, f"thing @ {url}"), "-o", output)
    assert (ran.code, ran.stderr) == (0, "")
    assert f"thing @ {url} \\" in output.read_text(encoding="utf-8")
    assert sha256(wheel).hexdigest() in output.read_text(encoding="utf-8")
    assert installs("pip", shop, output, tmp_path).returncode == 0


def test_a_failing_index_leaves_the_old_lock(shop: Shop, cache: Path, tmp_path: Path) -> None:
    shop.release("thing")
    shop.index.fail("thing", *[Status(503)] * 40)
    output = tmp_path / "requirements.txt"
    output.write_text("# as it was\n", encoding="utf-8")
    ran = lock(shop, cache, asking(tmp_path, "thing"), "-o", output)
    assert ran.code == 4
    assert output.read_text(encoding="utf-8") == "# as it was\n"


def test_the_output_is_no_input_and_has_a_place(shop: Shop, cache: Path, tmp_path: Path) -> None:
    path = asking(tmp_path, "thing")
    assert lock(shop, cache, path, "-o", path).code == 2
    assert lock(shop, cache, path, "-o", tmp_path / "no" / "where.txt").code == 2
    assert lock(shop, cache, path, "-o", tmp_path).code == 2
    assert path.read_text(encoding="utf-8") == "thing\n"


def test_what_changed_at_the_index_since_the_lock_is_told(
    shop: Shop, cache: Path, tmp_path: Path
) -> None:
    shop.release("thing")
    output = tmp_path / "requirements.txt"
    assert lock(shop, cache, asking(tmp_path, "thing"), "-o", output).code == 0
    os.utime(output, (DAY.timestamp() + 3600, DAY.timestamp() + 3600))
    late = ServedFile(
        filename="thing-1.0-cp27-cp27m-win32.whl",
        content=b"later",
        upload_time=datetime(2024, 9, 1, tzinfo=UTC),
    )
    shop.release("thing", more=(late,))
    ran = lock(shop, cache, asking(tmp_path, "thing"), "-o", output, "--json")
    rules = [change["rule"] for change in ran.document["changes"]]
    assert rules == ["lock.new-files"]
    assert ran.code == 0
    assert "win32" not in output.read_text(encoding="utf-8")


def test_a_remembered_lock_asks_no_sandbox(shop: Shop, cache: Path, tmp_path: Path) -> None:
    shop.release("thing")
    output, ledger = tmp_path / "requirements.txt", str(tmp_path / "ledger.sqlite")
    assert lock(shop, cache, asking(tmp_path, "thing"), "-o", output, ledger=ledger).code == 0
    ran = lock(shop, cache, asking(tmp_path, "thing"), "-o", output, "--json", ledger=ledger)
    (package,) = ran.document["packages"]
    assert package["wheels"][0]["check"]["remembered"] is True


def test_dependencies_and_groups_of_a_pyproject_are_locked(
    shop: Shop, cache: Path, tmp_path: Path
) -> None:
    for name in ("one", "two", "three"):
        shop.release(name)
    project = tmp_path / "pyproject.toml"
    project.write_text(
        '[project]\nname = "own"\nversion = "1"\ndependencies = ["one"]\n'
        '[project.optional-dependencies]\nfast = ["two"]\n[dependency-groups]\ntest = ["three"]\n',
        encoding="utf-8",
    )
    ran = lock(shop, cache, project, "--json")
    assert [each["name"] for each in ran.document["packages"]] == ["one"]
    ran = lock(shop, cache, project, "--extra", "fast", "--group", "test", "--json")
    assert [each["name"] for each in ran.document["packages"]] == ["one", "three", "two"]
    assert_valid(ran.document)


def test_no_secret_of_an_index_or_a_url_gets_into_a_lock(
    shop: Shop, cache: Path, tmp_path: Path
) -> None:
    wheel = shop.release("thing")
    shop.index.credentials = ("me", "s3cret")
    netloc = shop.index.netloc
    source = asking(tmp_path, f"--index-url http://${{NAME}}:${{SECRET}}@{netloc}/simple", "thing")
    output = tmp_path / "requirements.txt"
    variables = {
        "NAME": "me",
        "SECRET": "s3cret",
        "UV_NO_CONFIG": "1",
        "PIP_CONFIG_FILE": os.devnull,
    }
    ran = truewheel(
        *("lock", "--sandbox", "bubblewrap", source, "-o", output, "--json"),
        cache=cache,
        environment=variables,
    )
    assert (ran.code, ran.stderr) == (0, "")
    text = output.read_text(encoding="utf-8")
    assert f"--index-url http://${{NAME}}:${{SECRET}}@{netloc}/simple\n" in text
    assert sha256(wheel).hexdigest() in text
    source = asking(tmp_path, f"--index-url http://me:s3cret@{netloc}/simple", "thing")
    again = truewheel(
        "lock", "--sandbox", "bubblewrap", source, "-o", output, cache=cache, environment=variables
    )
    assert again.code == 0
    assert f"--index-url http://{netloc}/simple\n" in output.read_text(encoding="utf-8")
    for said in (ran.stdout, ran.stderr, again.stdout, again.stderr, text, output.read_text()):
        assert "s3cret" not in said


@pytest.mark.parametrize("name", ["requirements.txt", "pylock.toml"])
def test_a_lock_does_not_depend_on_the_hash_seed(
    shop: Shop, cache: Path, tmp_path: Path, name: str
) -> None:
    shop.release("upper", requires=("lower", "nowhere; sys_platform == 'win32'"))
    shop.release("lower")
    shop.release("nowhere")
    source, texts = asking(tmp_path, "upper[x,y]", "lower"), set()
    for seed in "012":
        output = tmp_path / seed / name
        output.parent.mkdir()
        options = ("--platform", "manylinux_2_28_x86_64", "--platform", "win_amd64")
        ran = truewheel(
            *("lock", "--sandbox", "bubblewrap", "--index-url", shop.index.url, *options),
            *(source, "-o", output),
            cache=cache,
            environment={"PYTHONHASHSEED": seed, "UV_NO_CONFIG": "1"},
        )
        assert ran.code == 0, ran.stderr
        texts.add(output.read_bytes())
    assert len(texts) == 1


def test_standard_input_is_an_input_and_standard_output_an_output(
    shop: Shop, cache: Path, tmp_path: Path
) -> None:
    wheel = shop.release("thing")
    done = subprocess.run(
        [
            *COMMAND,
            "lock",
            "-",
            "-o",
            "-",
            "--sandbox",
            "bubblewrap",
            "--index-url",
            shop.index.url,
        ],
        env={**os.environ, "TRUEWHEEL_CACHE_DIR": str(cache), "TRUEWHEEL_LEDGER": "none"},
        cwd=tmp_path,
        input="thing\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"--hash=sha256:{sha256(wheel).hexdigest()}" in done.stdout
    assert list(tmp_path.glob("*")) == [tmp_path / "shop"]


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("base.in", "is an input and the output"),
        ("pyproject.toml", "name it pylock.toml"),
        ("uv.lock", "is the lock of another tool"),
        ("loop", "leads to itself"),
    ],
)
def test_no_file_of_another_kind_is_written_over(
    shop: Shop, cache: Path, tmp_path: Path, output: str, said: str
) -> None:
    shop.release("thing")
    (tmp_path / "base.in").write_text("thing\n", encoding="utf-8")
    (tmp_path / "uv.lock").write_text("version = 1\n", encoding="utf-8")
    (tmp_path / "loop").symlink_to("loop")
    ran = lock(shop, cache, asking(tmp_path, "-r base.in"), "-o", tmp_path / output)
    assert ran.code == 2
    assert said in ran.stderr
    assert (tmp_path / "base.in").read_text(encoding="utf-8") == "thing\n"
    assert (tmp_path / "uv.lock").read_text(encoding="utf-8") == "version = 1\n"


def test_what_patch_releases_of_a_python_differ_in_is_locked_for_one_of_them(
    shop: Shop, cache: Path, tmp_path: Path
) -> None:
    upper = shop.release("upper", requires=("newer; python_full_version >= '3.11.4'",))
    newer = shop.release("newer")
    output, source = tmp_path / "requirements.txt", asking(tmp_path, "upper")
    ran = lock(shop, cache, source, "-o", output, "--python-version", "3.11", "--json")
    assert (ran.code, output.exists()) == (3, False)
    (package,) = ran.document["packages"]
    assert "name one with --python-version 3.11.Z" in package["gaps"][0]["why"]
    ran = lock(shop, cache, source, "-o", output, "--python-version", "3.11.4", "--json")
    assert (ran.code, ran.document["targets"][0]["python"]) == (0, "3.11.4")
    text = output.read_text(encoding="utf-8")
    assert all(sha256(wheel).hexdigest() in text for wheel in (upper, newer))
    source = asking(tmp_path, "newer; python_full_version >= '3.11.4'")
    ran = lock(shop, cache, source, "-o", output, "--python-version", "3.11")
    assert (ran.code, "is not pinned" in ran.stderr) == (2, True)
    assert output.read_text(encoding="utf-8") == text


def test_a_project_without_a_wheel_for_a_target_is_undetermined_and_not_distrusted(
    shop: Shop, cache: Path, tmp_path: Path
) -> None:
    wheel = shop.release("thing")
    sdist = shop.index.projects["thing"][1]
    only = ServedFile(filename="thing-1.0-py3-none-win_amd64.whl", content=wheel, upload_time=DAY)
    shop.index.add("thing", [only, sdist])
    output = tmp_path / "requirements.txt"
    options = ("--universal", "--platform", "manylinux_2_28_x86_64")
    ran = lock(shop, cache, asking(tmp_path, "thing"), "-o", output, *options, "--json")
    assert (ran.code, output.exists()) == (3, False)
    (package,) = ran.document["packages"]
    assert [gap["why"] for gap in package["gaps"]] == ["no wheel of thing==1.0 fits"]
