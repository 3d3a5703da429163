"""Guarantee 5 of `builders.sandbox.interface`: bounds, all of which end the whole process tree."""

import time
from dataclasses import replace

import pytest

from builders.sandbox.bubblewrap import BubblewrapSandbox
from builders.sandbox.interface import Ending, Sandbox
from tests.support.sandboxes import QUICK, Run, marker, processes_with, run_command, run_python

MIB = 1024**2
SMALL = replace(QUICK, memory_bytes=96 * MIB)

HOG = "import time; data = bytearray(200 << 20); time.sleep(600)"

FORKED_HOGS = """
    import os, time
    for _ in range(8):
        if os.fork() == 0:
            os.setsid()
            data = bytearray(25 << 20)
            time.sleep(600)
            os._exit(0)
    time.sleep(600)
"""

FILE_HOG = """
    import time
    with open("/build/file", "wb") as file:
        for _ in range(180):
            file.write(bytes(1 << 20))
    time.sleep(600)
"""

CHILD_HOG = """
    import subprocess, sys, time
    child = "import time; data = bytearray(200 << 20); time.sleep(600)"
    print(subprocess.run([sys.executable, "-c", child]).returncode)
    time.sleep(600)
"""

FORK_BOMB = """
    import os, time
    while True:
        try:
            if os.fork() == 0:
                time.sleep(600)
                os._exit(0)
        except OSError:
            time.sleep(0.01)
"""

THREAD_BOMB = """
    import threading, time
    threading.stack_size(65536)
    while True:
        try:
            threading.Thread(target=time.sleep, args=(600,)).start()
        except RuntimeError:
            time.sleep(0.01)
"""


@pytest.mark.parametrize(
    "program", [HOG, FORKED_HOGS, FILE_HOG, CHILD_HOG], ids=["one", "tree", "files", "child"]
)
def test_taking_too_much_memory_ends_the_job(bounded: Sandbox, program: str) -> None:
    run = run_python(bounded, program, limits=SMALL)
    assert (run.outcome.ending, run.outcome.exit_code) == (Ending.MEMORY, None)


def test_shared_memory_is_counted_once(bounded: Sandbox) -> None:
    program = """
        import os, time
        data = bytearray(50 << 20)
        for _ in range(6):
            if os.fork() == 0:
                time.sleep(0.5)
                os._exit(0)
        time.sleep(0.8)
    """
    run = run_python(bounded, program, limits=SMALL)
    assert (run.outcome.ending, run.outcome.exit_code) == (Ending.EXITED, 0)


@pytest.mark.parametrize("program", [FORK_BOMB, THREAD_BOMB], ids=["fork", "thread"])
def test_starting_too_many_processes_ends_the_job(bounded: Sandbox, program: str) -> None:
    run = run_python(bounded, program, limits=replace(QUICK, processes=40))
    assert run.outcome.ending is Ending.PROCESSES


def test_a_job_may_have_as_many_processes_as_its_limit_says(bounded: Sandbox) -> None:
    program = """
        import os, time
        children = [os.fork() or (time.sleep(0.4), os._exit(0)) for _ in range(9)]
        print(sum(os.waitpid(child, 0)[1] for child in children))
    """
    run = run_python(bounded, program, limits=replace(QUICK, processes=12))
    assert (run.outcome.ending, run.output) == (Ending.EXITED, b"0\n")


def test_spinning_is_ended_by_the_cpu_limit_and_cannot_be_caught(sandbox: Sandbox) -> None:
    program = """
        import signal
        signal.signal(signal.SIGXCPU, signal.SIG_IGN)
        while True: pass
    """
    run = run_python(sandbox, program, limits=replace(QUICK, cpu_seconds=1))
    assert (run.outcome.ending, run.outcome.exit_code) == (Ending.EXITED, 137)


@pytest.mark.parametrize(
    "program",
    [
        "import time; time.sleep(600)",
        "while True: pass",
        "import os, time; os.close(1); os.close(2); time.sleep(600)",
        "import signal as s, time\nfor n in (1, 2, 15): s.signal(n, s.SIG_IGN)\ntime.sleep(600)",
    ],
    ids=["sleeps", "spins", "closes its streams", "ignores signals"],
)
def test_the_wall_time_ends_a_job_that(sandbox: Sandbox, program: str) -> None:
    begin = time.monotonic()
    run = run_python(sandbox, program, limits=replace(QUICK, wall_seconds=1.5))
    assert (run.outcome.ending, run.outcome.exit_code) == (Ending.WALL_TIME, None)
    assert time.monotonic() - begin >= 1.5


def test_all_writable_directories_together_hold_the_disk_limit(sandbox: Sandbox) -> None:
    program = """
        import errno, json
        written = 0
        errors = set()
        for directory in ("/build", "/tmp", "/dev/shm"):
            with open(directory + "/file", "wb", buffering=0) as file:
                try:
                    while True:
                        written += file.write(bytes(65536))
                except OSError as error:
                    errors.add(errno.errorcode[error.errno])
        print(json.dumps([written, sorted(errors)]))
    """
    disk = 32 * MIB
    run = run_python(sandbox, program, limits=replace(QUICK, disk_bytes=disk))
    assert run.said == [disk + MIB, ["ENOSPC"]]  # /dev/shm has its own fixed mebibyte


def test_a_flood_of_empty_files_is_bounded_as_memory(bounded: Sandbox) -> None:
    program = """
        import os
        for index in range(10_000_000):
            os.close(os.open(f"/build/{index}", os.O_CREAT))
    """
    run = run_python(bounded, program, limits=replace(SMALL, memory_bytes=48 * MIB))
    assert run.outcome.ending is Ending.MEMORY


def test_a_flooded_log_ends_the_job_and_keeps_its_beginning(sandbox: Sandbox) -> None:
    program = """
        import os
        os.write(2, b"first ")
        for _ in range(200): os.write(2, b"x" * (1 << 20))
    """
    run = run_python(sandbox, program, limits=replace(QUICK, log_bytes=100_000))
    assert run.outcome.ending is Ending.LOG_SIZE
    assert run.outcome.log == "first " + "x" * 99_994


def test_a_flooded_output_ends_the_job_within_the_limit(sandbox: Sandbox) -> None:
    program = "import os\nwhile True: os.write(1, b'x' * (1 << 20))"
    run = run_python(sandbox, program, limits=replace(QUICK, output_bytes=1_000_000))
    assert run.outcome.ending is Ending.OUTPUT_SIZE
    assert run.output == b"x" * 1_000_000


def test_output_and_log_of_exactly_the_limits_are_fine(sandbox: Sandbox) -> None:
    program = "import os; os.write(1, b'o' * 5000); os.write(2, b'e' * 3000)"
    run = run_python(sandbox, program, limits=replace(QUICK, output_bytes=5000, log_bytes=3000))
    assert run.outcome.ending is Ending.EXITED
    assert (len(run.output), len(run.outcome.log)) == (5000, 3000)


def test_both_streams_at_once_do_not_deadlock(sandbox: Sandbox) -> None:
    program = """
        import os, threading
        def flood(descriptor):
            for _ in range(20): os.write(descriptor, b"x" * (1 << 20))
        other = threading.Thread(target=flood, args=(2,))
        other.start()
        flood(1)
        other.join()
    """
    limits = replace(QUICK, log_bytes=64 * MIB, output_bytes=64 * MIB)
    run = run_python(sandbox, program, limits=limits)
    assert run.outcome.exit_code == 0
    assert (len(run.output), len(run.outcome.log)) == (20 * MIB, 20 * MIB)


DETACHED = """
    import os, time
    read, write = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.dup2(write, 3)
            os.execv("/bin/sh", ["/bin/sh", "-c", "echo >&3; sleep 600; true", "{word}"])
        os._exit(0)
    os.read(read, 1)
    {end}
"""
"""The end comes once the grandchild runs, whose streams are those of the job."""


def _run_detached(sandbox: Sandbox, end: str) -> tuple[Run, str]:
    word = marker()
    return run_python(sandbox, DETACHED.format(word=word, end=end)), word


def test_a_detached_grandchild_dies_with_a_job_that_exits(sandbox: Sandbox) -> None:
    run, word = _run_detached(sandbox, "os._exit(0)")
    assert (run.outcome.ending, run.outcome.exit_code) == (Ending.EXITED, 0)
    assert processes_with(word) == []


def test_a_detached_grandchild_dies_with_a_job_that_breaks_a_bound(sandbox: Sandbox) -> None:
    run, word = _run_detached(sandbox, "os.write(1, bytes(65 << 20)); time.sleep(600)")
    assert run.outcome.ending is Ending.OUTPUT_SIZE
    assert processes_with(word) == []


def test_orphans_are_reaped_so_that_they_do_not_count(sandbox: Sandbox) -> None:
    program = """
        import os, time
        def many():
            return sum(name.isdigit() for name in os.listdir("/proc")) > 15
        for _ in range(100):
            if os.fork() == 0:
                if os.fork() == 0:
                    os._exit(0)
                os._exit(0)
            os.wait()
            while many():
                time.sleep(0.01)
        print("done")
    """
    run = run_python(sandbox, program, limits=replace(QUICK, processes=30))
    assert (run.outcome.ending, run.output) == (Ending.EXITED, b"done\n")


def test_both_ways_of_bounding_a_tree_are_really_used(
    bubblewrap_sandbox: BubblewrapSandbox, polling_sandbox: BubblewrapSandbox
) -> None:
    own = ("/bin/cat", "/proc/self/cgroup")
    assert b"truewheel-" in run_command(bubblewrap_sandbox, *own).output
    assert b"truewheel-" not in run_command(polling_sandbox, *own).output
