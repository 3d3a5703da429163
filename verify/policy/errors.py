"""What can be wrong with a policy."""

from verify.errors import UsageFault


class PolicyFault(UsageFault):
    """A policy file cannot be read or makes no sense; the message says where."""
