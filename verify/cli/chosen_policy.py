"""The policy of the command under way."""

from verify.cli.config import POLICY, config_file
from verify.policy.document import read_policy
from verify.policy.model import DEFAULT_POLICY, Policy


def chosen_policy() -> Policy:
    """The policy that the configuration file writes down, else the default one.

    Raises:
        PolicyFault: the file's is none.
    """
    file = config_file()
    entries = file.top.table() if file else {}
    if file is None or POLICY not in entries:
        return DEFAULT_POLICY
    return read_policy(entries[POLICY], file.source)
