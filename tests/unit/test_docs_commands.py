"""docs/commands.md is what `--help` says."""

import re

from tests.support.command import truewheel
from tests.support.commands_page import PAGE, page
from verify.cli.main import COMMANDS


def test_the_page_is_what_the_commands_say_of_themselves() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: make docs"


def test_every_command_has_a_section_with_its_options() -> None:
    sections = re.split(r"^## ", page(), flags=re.MULTILINE)[1:]
    titles = [section.partition("\n")[0] for section in sections]
    assert titles[0] == "truewheel"
    assert [title.split()[1] for title in titles[1:] if len(title.split()) == 2] == list(COMMANDS)
    assert "truewheel policy explain" in titles
    (lock,) = (section for section in sections if section.startswith("truewheel lock\n"))
    shown = truewheel("lock", "--help").stdout
    for option in re.findall(r"^  (?:-\w, )?(--[a-z-]+)", shown, re.MULTILINE):
        assert option in lock
