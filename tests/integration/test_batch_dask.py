"""A batch on dask.distributed: a real scheduler and real workers, each a process on loopback."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.support.batches import DAY, Place, plain, verdicts
from tests.support.command import COMMAND, assert_valid, truewheel
from tests.support.dask_cluster import READY_SECONDS, ROOT, DaskCluster
from tests.support.index_server import IndexServer, ServedFile
from tests.support.ports import free_port
from tests.support.projects import make_sdist
from tests.support.sandboxes import marker

TLS = "DASK_DISTRIBUTED__COMM__TLS"
CA = f"{TLS}__CA_FILE"
SECONDS = {"slow": 3.0, "steady": 8.0, "slower": 600.0}
WORKERS = {
    "old": ("--python", "2.7", "--python", "3.11"),
    "new": ("--python", "3.11", "--python", "3.12"),
    "arm": ("--python", "3.11", "--machine", "aarch64", "--toolchain", "gcc-10"),
}
PURE = "{}-1.0-py3-none-any.whl"
ANYWHERE = "{}-1.0-cp311-none-any.whl"
"""Every worker has Python 3.11."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """Workers that replay: one for old Pythons, one for new ones, one of another machine."""
    with DaskCluster(tmp_path_factory.mktemp("dask")) as cluster:
        for name in WORKERS:
            start_worker(cluster, name)
        cluster.wait_for_workers()
        yield cluster


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where dask's environment variables say they are; and that of somebody else, as `OTHER`."""
    folder = tmp_path_factory.mktemp("certificates")
    for name in ("ours", "theirs"):
        make = ("openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-subj", f"/CN={name}")
        kind = (
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
        )
        files = ("-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem", "-days", "2")
        subprocess.run([*make, *kind, *files], check=True, capture_output=True)
    named = {CA: f"{folder}/ours.pem", "OTHER": f"{folder}/theirs.pem"}
    for role in ("SCHEDULER", "WORKER", "CLIENT"):
        named[f"{TLS}__{role}__CERT"] = f"{folder}/ours.pem"
        named[f"{TLS}__{role}__KEY"] = f"{folder}/ours.key"
    return named


@pytest.fixture
def secured(tmp_path: Path, certificates: dict[str, str]) -> Iterator[DaskCluster]:
    """A scheduler that asks for certificates, and that forgives no lost worker."""
    environ = {**certificates, "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
    with DaskCluster(tmp_path, "tls", environ) as cluster:
        for name in ("s0", "s1", "s2"):
            cluster.replay(name, "--seconds", json.dumps(SECONDS))
        cluster.wait_for_workers()
        yield cluster


def start_worker(cluster: DaskCluster, name: str) -> None:
    cluster.replay(name, "--seconds", json.dumps(SECONDS), *WORKERS[name])


@pytest.fixture
def shop(tmp_path: Path, cluster: DaskCluster) -> Iterator["Shop"]:
    cluster.log.unlink(missing_ok=True)
    with IndexServer() as index:
        yield Shop(index, tmp_path, cluster.address)


class Shop:
    """An index whose files nobody looks into, and a person's cache, ledger and input."""

    def __init__(self, index: IndexServer, folder: Path, address: str) -> None:
        self.index, self.folder, self.address = index, folder, address
        self.pins: list[str] = []

    def sell(self, name: str, *wheels: str) -> None:
        names = [*(wheels or [PURE.format(name)]), f"{name}-1.0.tar.gz"]
        files = [
            ServedFile(filename=each, content=each.encode(), upload_time=DAY) for each in names
        ]
        self.index.add(name, files)
        self.pins.append(f"{name}==1.0")

    def command(self, *arguments: str) -> list[str]:
        path = self.folder / "requirements.txt"
        path.write_text("".join(f"{pin}\n" for pin in self.pins), encoding="utf-8")
        kept = ["--cache-dir", str(self.folder), "--ledger", str(self.folder / "ledger.sqlite")]
        fixed = ["--all-wheels", "--index-url", self.index.url, "--json", "-q", "--jobs", "1"]
        return ["batch", str(path), "--dask", self.address, *fixed, *kept, *arguments]

    def start(self, *arguments: str, **environ: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [*COMMAND, *self.command(*arguments)],
            env={**os.environ, "PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1", **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )


def ended(process: "subprocess.Popen[bytes]", code: int) -> tuple[Any, str]:
    """The document and the words of a batch, which ended with that code."""
    output, errors = process.communicate(timeout=READY_SECONDS)
    assert process.returncode == code, errors.decode()
    document = json.loads(output)
    assert_valid(document)
    return document, errors.decode()


def began(cluster: DaskCluster) -> dict[str, set[str]]:
    """The workers that began each project."""
    found: dict[str, set[str]] = {}
    for worker, what, project in cluster.noted():
        if what == "begins":
            found.setdefault(project, set()).add(worker)
    return found


def test_three_workers_come_to_what_those_of_this_machine_come_to(
    cache: Path, tmp_path: Path
) -> None:
    """Of which one is killed in the middle of a build."""
    word = marker()
    sleeps = f"[sys.executable, '-c', 'import time; time.sleep(4)', '{word}']"
    with IndexServer() as index, DaskCluster(tmp_path) as cluster:
        for name in ("w0", "w1", "w2"):
            cluster.work(name, "--jobs=1", "--sandbox=bubblewrap", "--json", "--cache-dir", cache)
        place = Place(index, tmp_path, cache)
        pins = [place.serve("slow", f"import subprocess, sys\nsubprocess.run({sleeps})")]
        pins += [place.serve(f"p{number}") for number in range(2)]
        pins += [place.serve("bad", tampered=True), place.serve("fails", "raise RuntimeError(1)")]
        path = place.write(*pins, "nowhere==1.0")
        cluster.wait_for_workers()
        process = place.start(path, "--dask", cluster.address, "--fresh")
        cluster.kill(at_work(cluster, word))
        document, errors = ended(process, 1)
        assert errors == ""
        place.ledger = tmp_path / "local" / "ledger.sqlite"
        local = place.run(path, "--jobs", "2", code=1)
    assert plain(document) == plain(local)
    outputs = [(tmp_path / f"{name}.txt").read_text("utf-8") for name in ("w0", "w1", "w2")]
    assert sum('"schema": "truewheel.worker/1"' in output for output in outputs) == 2
    assert verdicts(document) == {
        **dict.fromkeys(("slow", "p0", "p1"), "identical"),
        "bad": "different",
        "fails": "build-failed",
        "nowhere": "unknown-project",
    }


def test_a_wheel_goes_where_it_can_be_built(cluster: DaskCluster, shop: Shop) -> None:
    shop.sell("pure")
    shop.sell("two", "two-1.0-py2-none-any.whl")
    shop.sell("compiled", "compiled-1.0-cp311-cp311-manylinux2014_aarch64.whl")
    shop.sell("mac", "mac-1.0-cp312-cp312-macosx_11_0_arm64.whl")
    shop.sell("here", "here-1.0-cp311-cp311-manylinux2014_x86_64.whl")
    shop.sell("power", "power-1.0-cp311-cp311-manylinux2014_ppc64le.whl")
    shop.sell("odd", "odd-1.0-cp39-cp39-win_amd64.whl")
    document, errors = ended(shop.start("--dask-wait", "1"), 3)
    assert errors == ""
    assert verdicts(document) == {
        **dict.fromkeys(("pure", "two", "compiled", "mac"), "identical"),
        **dict.fromkeys(("here", "power", "odd"), "unsupported"),
    }
    assert began(cluster) == {
        "pure": {"new"},
        "two": {"old"},
        "compiled": {"arm"},
        "mac": {"new"},
    }
    details = {each["requirement"]: each["detail"] for each in document["results"]}
    assert [details[f"{name}==1.0"] for name in ("here", "power", "odd")] == [
        "no worker of the architecture x86_64 has compilers, or makes them",
        "no worker is a machine of the architecture ppc64le",
        "the wheel was built with CPython 3.9, which no worker has (it has: 2.7, 3.11, 3.12)",
    ]


def test_an_archive_at_a_url_is_verified_by_a_wheel_that_workers_judge(
    cluster: DaskCluster, shop: Shop
) -> None:
    shop.sell("pure")
    content = make_sdist(shop.folder, name="pure").read_bytes()
    shop.index.add("at", [ServedFile(filename="pure-1.0.tar.gz", content=content)])
    url = f"http://{shop.index.netloc}/files/at/pure-1.0.tar.gz"
    shop.pins = [f"pure @ {url}#sha256={hashlib.sha256(content).hexdigest()}"]
    document, errors = ended(shop.start(), 3)
    assert errors == ""
    (remark,) = document["inputs"][0]["remarks"]
    assert [finding["rule"] for finding in remark["findings"]] == ["lock.archive-unasked"]
    assert (began(cluster), document["results"]) == ({"pure": {"new"}}, [])


def test_a_worker_that_comes_later_gets_what_waited_for_it(
    cluster: DaskCluster, shop: Shop
) -> None:
    shop.sell("pure")
    shop.sell("odd", "odd-1.0-cp39-none-any.whl")
    process = shop.start("--dask-wait", "60")
    cluster.wait_until_noted("ends", "pure")
    cluster.replay("late", "--python", "3.9")
    document, errors = ended(process, 0)
    cluster.kill("late")
    assert errors == ""
    assert verdicts(document) == {"pure": "identical", "odd": "identical"}
    assert began(cluster)["odd"] == {"late"}


def test_the_wheels_of_a_lost_worker_run_elsewhere(cluster: DaskCluster, shop: Shop) -> None:
    names = ["slow", *(f"p{number}" for number in range(5))]
    for name in names:
        shop.sell(name, ANYWHERE.format(name))
    process = shop.start()
    lost = cluster.wait_until_noted("begins", "slow")
    cluster.kill(lost)
    try:
        document, errors = ended(process, 0)
    finally:
        start_worker(cluster, lost)
        cluster.wait_for_workers()
    assert errors == ""
    assert verdicts(document) == dict.fromkeys(names, "identical")
    (heir,) = began(cluster)["slow"] - {lost}
    assert (heir, "ends", "slow") in cluster.noted()


def test_a_batch_goes_on_once_its_scheduler_is_back(cluster: DaskCluster, shop: Shop) -> None:
    """What was judged is not judged again, and the workers come back by themselves."""
    done = [f"p{number}" for number in range(6)]
    for name in (*done, "steady"):
        shop.sell(name, ANYWHERE.format(name))
    process = shop.start()
    for name in done:
        cluster.wait_until_noted("ends", name)
    cluster.wait_until_noted("begins", "steady")
    cluster.end_scheduler()
    broken, errors = ended(process, 4)
    assert errors.count("\n") == 2
    assert f"the scheduler at {cluster.address} is gone" in errors
    assert "the same command goes on" in errors
    assert [left["requirement"] for left in broken["left"]][-1] == "steady==1.0"
    cluster.start_scheduler()
    before = len(broken["results"])
    document, errors = ended(shop.start(), 0)
    assert errors == ""
    assert verdicts(document) == dict.fromkeys([*done, "steady"], "identical")
    assert document["summary"]["resumed"] == before
    begun = [name for _, what, name in cluster.noted() if what == "begins"]
    assert sum(begun.count(name) for name in done) == len(done) + len(done) - before
    assert begun.count("steady") == 2


def test_ctrl_c_ends_what_workers_are_at(cluster: DaskCluster, shop: Shop) -> None:
    shop.sell("slower")
    process = shop.start()
    cluster.wait_until_noted("begins", "slower")
    process.send_signal(signal.SIGINT)
    document, errors = ended(process, 130)
    assert document["interrupted"] is True
    assert errors.startswith("truewheel: error: interrupted")
    cluster.wait_until_noted("stops", "slower")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_batch_that_is_killed_ends_what_workers_are_at(
    cluster: DaskCluster, shop: Shop, number: signal.Signals
) -> None:
    """So does a terminal that is closed."""
    shop.sell("slower")
    process = shop.start()
    cluster.wait_until_noted("begins", "slower")
    process.send_signal(number)
    cluster.wait_until_noted("stops", "slower")
    output, errors = process.communicate(timeout=READY_SECONDS)
    assert (output, errors) == (b"", b"")
    assert process.returncode in {-number, 128 + number}


def test_nothing_is_left_of_a_build_whose_batch_or_whose_worker_is_killed(
    cache: Path, tmp_path: Path
) -> None:
    """The batch begins anew after that, and its wheel is judged by the worker that stays."""
    word = marker()
    sleeps = f"[sys.executable, '-c', 'import time; time.sleep(8)', '{word}']"
    rooms = {name: tmp_path / name for name in ("w0", "w1")}
    with IndexServer() as index, DaskCluster(tmp_path) as cluster:
        for name, room in rooms.items():
            room.mkdir()
            cluster.environ = {"TMPDIR": str(room), "MARK": f"{word}-{name}"}
            cluster.work(name, "--jobs=1", "--sandbox=bubblewrap", "--cache-dir", cache)
        place = Place(index, tmp_path, cache)
        path = place.write(place.serve("slow", f"import subprocess, sys\nsubprocess.run({sleeps})"))
        cluster.wait_for_workers()
        killed = place.start(path, "--dask", cluster.address, "--fresh")
        at_work(cluster, word)
        killed.kill()
        killed.communicate(timeout=READY_SECONDS)
        wait_until(lambda: not list(pids_with(word)))
        process = place.start(path, "--dask", cluster.address, "--fresh")
        left = at_work(cluster, word)
        assert cluster.evict(left) == 128 + signal.SIGTERM
        assert pids_of(f"{word}-{left}") == []
        assert list(rooms[left].iterdir()) == []
        document, errors = ended(process, 0)
    assert errors == ""
    assert verdicts(document) == {"slow": "identical"}
    assert document["summary"]["resumed"] == 0


def test_wheels_of_workers_that_leave_are_not_given_up(
    secured: DaskCluster, shop: Shop, certificates: dict[str, str]
) -> None:
    """The scheduler here takes the first worker that is lost for one that its wheel brought down,
    and the batch gives a wheel to two of these."""
    shop.address = secured.address
    shop.sell("slow")
    process = shop.start(**certificates)
    for times in (1, 2):
        left = secured.wait_until_noted("begins", "slow", times=times)
        assert secured.evict(left) == 128 + signal.SIGTERM
    document, errors = ended(process, 0)
    assert errors == ""
    assert verdicts(document) == {"slow": "identical"}


def test_certificates_are_those_of_dasks_own_configuration(
    secured: DaskCluster, shop: Shop, certificates: dict[str, str]
) -> None:
    shop.address = secured.address
    shop.sell("pure")
    other = {**certificates, CA: certificates["OTHER"]}
    document, errors = ended(shop.start("--dask-wait", "1", **other), 4)
    assert errors.count("\n") == 2
    assert f"there is no scheduler at {secured.address}" in errors
    assert document["results"] == []
    document, errors = ended(shop.start(**certificates), 0)
    assert errors == ""
    assert verdicts(document) == {"pure": "identical"}


def test_a_batch_that_no_worker_can_work_for_says_so(cluster: DaskCluster, shop: Shop) -> None:
    shop.sell("pure")
    document, errors = ended(shop.start("--dask-wait", "1", "--sandbox", "docker"), 4)
    assert "no worker has the sandbox docker" in errors
    assert [left["why"] for left in document["left"]] == ["broken-off"]
    assert cluster.noted() == []


def test_without_a_scheduler_there_is_neither_batch_nor_worker(shop: Shop, tmp_path: Path) -> None:
    shop.sell("pure")
    shop.address = f"tcp://127.0.0.1:{free_port()}"
    _, errors = ended(shop.start("--dask-wait", "1"), 4)
    assert f"there is no scheduler at {shop.address}" in errors
    fixed = ("worker", shop.address, "--wait", "1", "--jobs", "1", "--sandbox", "bubblewrap")
    ran = truewheel(*fixed, "-q", "--cache-dir", tmp_path)
    assert ran.code == 4
    assert f"there is no scheduler at {shop.address}" in ran.stderr
    assert "Traceback" not in ran.stderr
    ran = truewheel("worker", "tls://127.0.0.1:1", *fixed[2:], "-q", "--cache-dir", tmp_path)
    assert (ran.code, ran.stderr.count("\n")) == (4, 2)
    assert "names no certificates" in ran.stderr


def test_hundreds_of_wheels_pass_through_the_same_code(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.dask_overhead", "--wheels", "500"],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "| wall time |" in done.stdout


def at_work(cluster: DaskCluster, word: str) -> str:
    """The worker that is at a build which has a word among its arguments."""
    names = {worker.pid: name for name, worker in cluster.workers.items()}
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        for pid in pids_with(word):
            above = names.keys() & set(ancestors(pid))
            if above:
                return names[above.pop()]
        time.sleep(0.02)
    raise AssertionError("the build never started")


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def pids_of(mark: str) -> list[int]:
    """Processes with a mark in their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if mark.encode() in path.read_bytes():
                found.append(int(path.parent.name))
    return found


def pids_with(word: str) -> Iterator[int]:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if word.encode() in path.read_bytes():
                yield int(path.parent.name)


def ancestors(pid: int) -> Iterator[int]:
    """Of a process, nearest first; threads of a worker start them, too."""
    with suppress(OSError):
        while pid > 1:
            stat = Path(f"/proc/{pid}/stat").read_text("ascii", errors="replace")
            pid = int(stat.rpartition(")")[2].split()[1])
            yield pid
