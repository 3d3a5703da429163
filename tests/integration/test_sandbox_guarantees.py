"""The guarantees of `builders.sandbox.interface`, tried by hostile jobs in every sandbox.

Bounds (5) and what is left behind (7) have files of their own.
"""

import shutil
import socket
import subprocess
from pathlib import Path, PurePosixPath

import pytest

from builders.sandbox.bubblewrap import BubblewrapSandbox
from builders.sandbox.docker import DockerSandbox
from builders.sandbox.interface import BASE_ENVIRONMENT, Mount, Sandbox
from tests.support.sandboxes import marker, run_command, run_python

CONNECT = """
    import json, socket, sys
    def reach(family, address):
        with socket.socket(family, socket.SOCK_STREAM) as client:
            client.settimeout(60)
            try:
                client.connect(address)
                return "reached"
            except OSError as error:
                return "refused"
    print(json.dumps([reach({family}, {address!r})]))
"""

READ = """
    import json, sys
    def read(path):
        try:
            return open(path).read()
        except OSError:
            return None
    print(json.dumps([read(path) for path in {paths!r}]))
"""

TRY_SYSTEM_CALLS = """
    import ctypes, errno, json
    libc = ctypes.CDLL(None, use_errno=True)
    def attempt(number, *arguments):
        ctypes.set_errno(0)
        libc.syscall(number, *arguments)
        return errno.errorcode.get(ctypes.get_errno(), "allowed")
    numbers = {numbers!r}
    print(json.dumps({{name: attempt(*call) for name, call in numbers.items()}}))
"""

X86_64_CALLS = {
    "mount": (165, 0, 0, 0, 0, 0),
    "unshare user namespace": (272, 0x10000000),
    "clone user namespace": (56, 0x10000000 | 17, 0, 0, 0, 0),
    "setns": (308, -1, 0),
    "ptrace": (101, 0, 0, 0, 0),
    "process_vm_readv": (310, 1, 0, 0, 0, 0, 0),
    "bpf": (321, 0, 0, 0),
    "perf_event_open": (298, 0, 0, 0, 0, 0),
    "userfaultfd": (323, 1),
    "keyctl": (250, 0, 0, 0),
    "kexec_load": (246, 0, 0, 0, 0),
    "init_module": (175, 0, 0, 0),
    "open_by_handle_at": (304, 0, 0, 0),
    "io_uring_setup": (425, 1, 0),
    "reboot": (169, 0, 0, 0, 0),
    "swapon": (167, 0, 0),
    "acct": (163, 0),
    "TIOCSTI": (16, 0, 0x5412, 0),
}


def test_no_server_on_the_hosts_loopback_can_be_reached(sandbox: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
        program = CONNECT.format(family="socket.AF_INET", address=address)
        assert run_python(sandbox, program).said == ["refused"]


def test_no_abstract_unix_socket_of_the_host_can_be_reached(sandbox: Sandbox) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        name = f"\0{marker()}"
        server.bind(name)
        server.listen()
        program = CONNECT.format(family="socket.AF_UNIX", address=name)
        assert run_python(sandbox, program).said == ["refused"]


def test_there_is_no_interface_but_loopback_and_no_name_resolves(sandbox: Sandbox) -> None:
    program = """
        import json, socket
        try:
            found = socket.getaddrinfo("example.org", 443)
        except OSError:
            found = None
        print(json.dumps([[name for _, name in socket.if_nameindex()], found]))
    """
    assert run_python(sandbox, program).said == [["lo"], None]


def test_sockets_that_ignore_network_namespaces_cannot_be_made(sandbox: Sandbox) -> None:
    program = """
        import errno, json, socket
        def attempt(family):
            try:
                socket.socket(family, socket.SOCK_STREAM).close()
                return "made"
            except OSError as error:
                return errno.errorcode[error.errno]
        print(json.dumps([attempt(40), attempt(38)]))
    """
    assert run_python(sandbox, program).said == ["EAFNOSUPPORT", "EAFNOSUPPORT"]


def test_a_job_is_nobody_without_capabilities_or_new_privileges(sandbox: Sandbox) -> None:
    status = run_command(sandbox, "/bin/cat", "/proc/self/status").output.decode()
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert fields["Uid"].split() == ["65534"] * 4
    assert fields["Gid"].split() == ["65534"] * 4
    assert set(fields["Groups"].split()) <= {"65534"}
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(fields[name], 16) == 0
    assert fields["NoNewPrivs"] == "1"
    assert fields["Seccomp"] == "2"


def test_a_setuid_program_of_root_gives_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    program = tmp_path / "id"
    shutil.copy("/usr/bin/id", program)
    program.chmod(0o4755)
    mount = Mount(source=program, target=PurePosixPath("/source/id"))
    run = run_command(sandbox, "/source/id", "-u", mounts=(mount,))
    assert (run.outcome.exit_code, run.output) == (0, b"65534\n")


def test_system_calls_that_could_give_more_are_refused(sandbox: Sandbox) -> None:
    said = run_python(sandbox, TRY_SYSTEM_CALLS.format(numbers=X86_64_CALLS)).said
    assert said == dict.fromkeys(X86_64_CALLS, "EPERM")


def test_system_calls_that_could_hide_memory_do_not_exist(sandbox: Sandbox) -> None:
    calls = {"memfd_create": (319, 0, 0), "shmget": (29, 0, 4096, 0o1600), "clone3": (435, 0, 0)}
    said = run_python(sandbox, TRY_SYSTEM_CALLS.format(numbers=calls)).said
    assert said == dict.fromkeys(calls, "ENOSYS")


def test_only_the_build_and_temporary_directories_are_writable(sandbox: Sandbox) -> None:
    program = """
        import json, os
        writable = []
        for directory, names, files in os.walk("/"):
            if directory == "/":
                names.remove("proc")
            path = os.path.join(directory, "written")
            try:
                open(path, "w").close()
            except OSError:
                continue
            os.unlink(path)
            writable.append(directory)
        print(json.dumps(sorted(writable)))
    """
    assert run_python(sandbox, program).said == ["/build", "/dev/shm", "/tmp"]


def test_kernel_settings_cannot_be_written(sandbox: Sandbox) -> None:
    program = """
        import json, os
        paths = ["/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname",
                 "/proc/sysrq-trigger", "/proc/kcore", "/proc/kmsg", "/dev/kmsg",
                 "/sys/kernel/uevent_helper", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
        opened = []
        for path in paths:
            try:
                os.close(os.open(path, os.O_WRONLY))
                opened.append(path)
            except OSError:
                pass
        print(json.dumps(opened))
    """
    assert run_python(sandbox, program).said == []


def test_the_devices_are_the_harmless_ones(sandbox: Sandbox) -> None:
    program = """
        import json, os, stat
        nodes = [(name, os.lstat("/dev/" + name).st_mode) for name in os.listdir("/dev")]
        kinds = stat.S_ISCHR, stat.S_ISBLK
        print(json.dumps(sorted(n for n, mode in nodes if any(is_(mode) for is_ in kinds))))
    """
    said = run_python(sandbox, program).said
    assert said == ["full", "null", "random", "tty", "urandom", "zero"]


def test_a_mount_is_read_only_even_where_its_permissions_allow_writing(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    directory = tmp_path / "open"
    directory.mkdir()
    directory.chmod(0o777)
    (directory / "file").write_text("content")
    (directory / "file").chmod(0o666)
    program = """
        import errno, json, os
        def attempt(action, *arguments):
            try:
                action(*arguments)
                return "done"
            except OSError as error:
                return errno.errorcode[error.errno]
        print(json.dumps([
            attempt(open, "/source/new", "w"), attempt(open, "/source/file", "a"),
            attempt(os.unlink, "/source/file"), attempt(os.chmod, "/source", 0o700),
            attempt(os.link, "/source/file", "/build/file"), open("/source/file").read(),
        ]))
    """
    mount = Mount(source=directory, target=PurePosixPath("/source"))
    said = run_python(sandbox, program, mounts=(mount,)).said
    assert said == ["EROFS", "EROFS", "EROFS", "EROFS", "EXDEV", "content"]
    assert [path.name for path in directory.iterdir()] == ["file"]


def test_files_of_the_host_do_not_exist(sandbox: Sandbox, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    for parent in [secret, *secret.parents]:
        if parent.owner() == "root" and parent != Path("/tmp") and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o055)
    checkout = Path(__file__)
    paths = [str(secret), str(checkout), "/etc/shadow", "/etc/machine-id", "/var/run/docker.sock"]
    assert run_python(sandbox, READ.format(paths=paths)).said == [None] * len(paths)


def test_a_link_in_a_mount_does_not_lead_to_the_host(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    source = tmp_path / "source"
    source.mkdir(mode=0o755)
    (source / "absolute").symlink_to(tmp_path / "secret")
    (source / "relative").symlink_to("../secret")
    (source / "root").symlink_to("/proc/1/root" + str(tmp_path / "secret"))
    mount = Mount(source=source, target=PurePosixPath("/source"))
    paths = [f"/source/{name}" for name in ("absolute", "relative", "root")]
    said = run_python(sandbox, READ.format(paths=paths), mounts=(mount,)).said
    assert said == [None, None, None]


def test_processes_of_the_host_are_not_seen(sandbox: Sandbox) -> None:
    word = marker()
    program = """
        import glob
        for path in glob.glob("/proc/[0-9]*/cmdline"):
            print(open(path).read())
    """
    with subprocess.Popen(["/bin/sh", "-c", "sleep 600", word]) as other:
        run = run_python(sandbox, program)
        other.kill()
    assert run.outcome.exit_code == 0
    assert word not in run.output.decode()


def test_paths_of_mounts_are_not_in_any_command_line(sandbox: Sandbox, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    mount = Mount(source=tmp_path, target=PurePosixPath("/source"))
    run = run_command(sandbox, "/bin/cat", "/proc/1/cmdline", mounts=(mount,))
    assert run.output
    assert str(tmp_path).encode() not in run.output


def test_the_environment_is_exactly_the_documented_one(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "secret")
    program = "import json, os; print(json.dumps(dict(os.environ)))"
    added = {"SOURCE_DATE_EPOCH": "1", "TZ": "Asia/Tokyo"}
    # LC_CTYPE is not there: Python adds it for the C locale only, not for C.UTF-8.
    assert run_python(sandbox, program).said == dict(BASE_ENVIRONMENT)
    assert run_python(sandbox, program, environment=added).said == {**BASE_ENVIRONMENT, **added}


SURROUNDINGS = """
    import json, locale, os, pwd, resource, socket, stat, sys, time
    umask = os.umask(0)
    limits = ["CORE", "CPU", "FSIZE", "MEMLOCK", "MSGQUEUE", "NOFILE", "STACK"]
    print(json.dumps({
        "hostname": socket.gethostname(), "cwd": os.getcwd(), "umask": umask,
        "zone": time.tzname, "hash": hash("truewheel"), "stdin": sys.stdin.read(),
        "encoding": locale.getpreferredencoding(), "user": pwd.getpwuid(os.getuid())[0],
        "home": os.path.expanduser("~"), "passwd": open("/etc/passwd").read(),
        "modes": [stat.filemode(os.stat(p).st_mode) for p in ("/build", "/tmp", "/dev/shm")],
        "limits": [resource.getrlimit(getattr(resource, "RLIMIT_" + n)) for n in limits],
        "signals": [line for line in open("/proc/self/status") if line.startswith("SigBlk")],
        "descriptors": [n for n in range(64) if os.path.exists("/proc/self/fd/%d" % n)],
    }))
"""


def test_the_surroundings_of_a_job_are_fixed(sandbox: Sandbox) -> None:
    said = run_python(sandbox, SURROUNDINGS).said
    assert isinstance(said, dict)
    assert (said["hostname"], said["cwd"], said["umask"]) == ("truewheel", "/build", 0o022)
    assert (said["zone"], said["encoding"], said["stdin"]) == (["UTC", "UTC"], "UTF-8", "")
    assert (said["user"], said["home"]) == ("nobody", "/build")
    assert said["modes"] == ["drwxrwxrwx", "drwxrwxrwt", "drwxrwxrwt"]
    assert said["descriptors"] == [0, 1, 2]


def test_both_sandboxes_surround_a_job_alike(
    bubblewrap_sandbox: BubblewrapSandbox, docker_sandbox: DockerSandbox
) -> None:
    here = run_python(bubblewrap_sandbox, SURROUNDINGS).said
    assert here == run_python(docker_sandbox, SURROUNDINGS).said
    assert here == run_python(bubblewrap_sandbox, SURROUNDINGS).said
