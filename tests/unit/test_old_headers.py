"""Headers that stand in for those of an older C library: other instructions, the same meaning."""

from importlib.resources import files
from pathlib import Path

import pytest

from tests.support.native import run

RUNTIME = files("builders") / "runtime"
OLD = str(RUNTIME / "glibc-2.17")

DESCRIPTORS = """\
#include <stdio.h>
#include <sys/types.h>
#include <sys/select.h>
int main(void) {
    fd_set set;
    for (int one = 0; one < FD_SETSIZE; one++) {
        FD_ZERO(&set);
        FD_SET(one, &set);
        for (int other = 0; other < FD_SETSIZE; other++)
            if (FD_ISSET(other, &set) != (one == other))
                return 1;
        FD_SET((one + 64) % FD_SETSIZE, &set);
        FD_CLR(one, &set);
        if (FD_ISSET(one, &set) || !FD_ISSET((one + 64) % FD_SETSIZE, &set))
            return 2;
    }
    return puts("the same") < 0;
}
"""


def test_sets_of_descriptors_mean_the_same_by_a_signed_number(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text(DESCRIPTORS)
    ours = run("gcc", "-isystem", OLD, "-E", "-P", "a.c", cwd=tmp_path)
    theirs = run("gcc", "-E", "-P", "a.c", cwd=tmp_path)
    assert "((__fd_mask) 1 << " in ours
    assert "((__fd_mask) 1 << " not in theirs
    run("gcc", "-O2", "-Wall", "-Werror", "-isystem", OLD, "a.c", "-o", "a", cwd=tmp_path)
    assert run(str(tmp_path / "a"), cwd=tmp_path) == "the same\n"


SCANNING = """\
#include <stdio.h>
int f(const char *text, int *found) { return sscanf(text, "%d", found); }
"""


@pytest.mark.parametrize("system", ["glibc-2.17", "glibc-2.28"])
@pytest.mark.parametrize(
    ("compiler", "flags", "called"),
    [
        ("gcc", ["-D_GNU_SOURCE"], "sscanf"),
        ("gcc", ["-D_GNU_SOURCE", "-std=c99"], "sscanf"),
        ("g++", [], "sscanf"),
        ("gcc", ["-std=c89"], "sscanf"),
        ("gcc", [], "__isoc99_sscanf"),
        ("gcc", ["-std=c99"], "__isoc99_sscanf"),
        ("gcc", ["-std=gnu89"], "__isoc99_sscanf"),
    ],
)
def test_the_older_scanf_is_called_where_extensions_are_asked_for(
    compiler: str, flags: list[str], called: str, system: str, tmp_path: Path
) -> None:
    (tmp_path / "a.c").write_text(SCANNING)
    headers = str(RUNTIME / system)
    run(compiler, "-S", "-O2", *flags, "-isystem", headers, "a.c", "-o", "a.s", cwd=tmp_path)
    words = (tmp_path / "a.s").read_text().replace("@PLT", "").split()
    assert {"sscanf", "__isoc99_sscanf"} & {*words} == {called}
