"""Sdists and archives in a lock: which get in, and what the lock says of them."""

import io
import tarfile
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

import pytest

from tests.support.command import Ran, assert_valid, truewheel
from tests.support.index_server import IndexServer, ServedFile
from tests.support.projects import MODULES, make_sdist
from tests.support.shop import DAY, Shop

ANY = '[policy]\nsdists = "any"\n'


@pytest.fixture
def index() -> Iterator[IndexServer]:
    with IndexServer() as server:
        yield server


@pytest.fixture
def shop(index: IndexServer, tmp_path: Path) -> Shop:
    folder = tmp_path / "shop"
    folder.mkdir()
    return Shop(index, folder)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where locks are made, and a policy may stand."""
    folder = tmp_path / "place"
    folder.mkdir()
    return folder


def lock(shop: Shop, cache: Path, place: Path, *lines: str, options: tuple[str, ...] = ()) -> Ran:
    (place / "in.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    ran = truewheel(
        *("lock", "--sandbox", "bubblewrap", "--index-url", shop.index.url, "--ledger", "none"),
        *("in.txt", "-o", "out.txt", "--json", *options),
        cache=cache,
        cwd=place,
    )
    assert "Traceback" not in ran.stderr
    if ran.document["schema"] == "truewheel.lock/1":
        assert_valid(ran.document)
    return ran


def said(ran: Ran) -> str:
    return str(ran.document["error"]["message"])


def hashes(place: Path) -> set[str]:
    text = (place / "out.txt").read_text(encoding="utf-8")
    return {line.strip(" \\").rpartition(":")[2] for line in text.splitlines() if "--hash" in line}


def digest(data: bytes) -> str:
    return sha256(data).hexdigest()


def sdist_of(shop: Shop, name: str) -> bytes:
    (found,) = (f for f in shop.index.projects[name] if f.filename.endswith(".tar.gz"))
    assert isinstance(found.content, bytes)
    return found.content


def only_source(shop: Shop, name: str, files: Mapping[str, str]) -> bytes:
    """Serve version 1.0 of a project as an sdist alone."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for member, text in files.items():
            info = tarfile.TarInfo(f"{name}-1.0/{member}")
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    data = buffer.getvalue()
    served = ServedFile(filename=f"{name}-1.0.tar.gz", content=data, upload_time=DAY)
    shop.index.add(name, [served])
    return data


def test_an_sdist_is_locked_when_asked_for_and_said_to_be_what_the_wheel_was_rebuilt_from(
    shop: Shop, cache: Path, place: Path
) -> None:
    wheel = shop.release("thing", requires=("other",))
    other = shop.release("other")
    assert lock(shop, cache, place, "thing").code == 0
    assert hashes(place) == {digest(wheel), digest(other)}
    ran = lock(shop, cache, place, "thing", options=("--sdist", "Thing"))
    assert ran.code == 0
    assert hashes(place) == {digest(wheel), digest(other), digest(sdist_of(shop, "thing"))}
    assert (
        "    # source of a verified wheel: thing-1.0.tar.gz, which thing-1.0-py3-none-any.whl was"
        " rebuilt from (identical)"
    ) in (place / "out.txt").read_text(encoding="utf-8").splitlines()
    told = {each["name"]: each["sdist"] for each in ran.document["packages"]}
    assert (told["thing"]["verified"], told["thing"]["check"]["verdict"]) == (True, "identical")
    assert told["other"] is None


PKG_INFO = (
    "Metadata-Version: 2.2\nName: thing\nVersion: 1.0\nRequires-Dist: other\n"
    "Requires-Dist: extra; extra == 'x'\nProvides-Extra: x\n"
)


def test_what_has_no_wheel_is_locked_unverified_where_a_policy_says_any(
    shop: Shop, cache: Path, place: Path
) -> None:
    source = only_source(shop, "thing", {"PKG-INFO": PKG_INFO})
    other = shop.release("other")
    ran = lock(shop, cache, place, "thing", options=("--sdist", "thing"))
    assert (ran.code, "no usable wheels" in said(ran)) == (2, True)
    config = '[policy.projects.thing]\nsdists = "any"\n'
    (place / "truewheel.toml").write_text(config, encoding="utf-8")
    ran = lock(shop, cache, place, "thing")
    assert ran.code == 0, ran.stdout
    assert hashes(place) == {digest(source), digest(other)}
    text = (place / "out.txt").read_text(encoding="utf-8")
    assert "# not verified: thing-1.0.tar.gz, which a policy lets in: nothing was compared" in text
    (_, thing) = ran.document["packages"]
    assert (thing["sdist"]["verified"], thing["sdist"]["check"]) == (False, None)


def test_what_does_not_say_what_it_asks_for_is_built_in_the_sandbox_to_find_out(
    shop: Shop, cache: Path, place: Path
) -> None:
    upper = shop.release("upper", requires=("thing",))
    lower = shop.release("lower")
    shop.release("thing", requires=("lower",))
    source = sdist_of(shop, "thing")
    served = ServedFile(filename="thing-1.0.tar.gz", content=source, upload_time=DAY)
    shop.index.add("thing", [served])
    (place / "truewheel.toml").write_text(ANY, encoding="utf-8")
    ran = lock(shop, cache, place, "upper")
    assert ran.code == 0, ran.stdout
    known = {digest(sdist_of(shop, name)) for name in ("upper", "lower", "thing")}
    assert hashes(place) == {digest(upper), digest(lower)} | known


def test_an_archive_by_its_url_is_verified_by_the_wheel_that_it_builds_to(
    shop: Shop, cache: Path, place: Path
) -> None:
    shop.release("thing")
    other = make_sdist(shop.folder, name="thing", filename="v1.0.tar.gz", modules=MODULES)
    packed = other.read_bytes() + b"\0" * 10  # other bytes than the sdist's
    served = ServedFile(filename="v1.0.tar.gz", content=packed)
    shop.index.add("elsewhere", [served])
    url = f"http://{shop.index.netloc}/files/elsewhere/v1.0.tar.gz"
    ran = lock(shop, cache, place, f"thing @ {url}")
    assert ran.code == 2
    assert "does not say which version of thing it is" in said(ran)
    named = ServedFile(filename="thing-1.0.tar.gz", content=packed)
    shop.index.add("elsewhere", [named])
    url = f"http://{shop.index.netloc}/files/elsewhere/thing-1.0.tar.gz"
    for line in (url, f"thing @ {url}#sha256={digest(packed)}"):
        ran = lock(shop, cache, place, line)
        assert ran.code == 0, ran.stdout
        assert hashes(place) == {digest(packed)}
        (package,) = ran.document["packages"]
        assert package["sdist"]["check"]["wheel"]["filename"] == "thing-1.0-py3-none-any.whl"
        assert f"thing @ {url} \\\n" in (place / "out.txt").read_text(encoding="utf-8")


def test_the_sdist_of_what_is_not_needed_is_a_mistake(shop: Shop, cache: Path, place: Path) -> None:
    shop.release("thing")
    ran = lock(shop, cache, place, "thing", options=("--sdist", "thong"))
    assert (ran.code, "the lock has no thong" in said(ran)) == (2, True)
