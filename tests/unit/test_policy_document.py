import pytest

from tests.support.policies import INDEX, WAIVER, policy
from verify.policy.errors import PolicyFault
from verify.policy.model import DEFAULT_POLICY

FAULTS = {
    'trustd = ["identical"]': ("policy.trustd is an unknown key", "did you mean trusted?"),
    'trusted = "identical"': ("policy.trusted is a string, and has to be an array", None),
    "trusted = [1]": ("policy.trusted[0] is an integer, and has to be a string", None),
    'trusted = ["identcal"]': (
        "policy.trusted[0] is 'identcal', which is no verdict",
        "did you mean identical?",
    ),
    'trusted = ["identical", "different"]': (
        "policy.trusted[1] is 'different', which no policy can trust",
        "only a waiver can, for the sha256 of one wheel",
    ),
    'trusted = ["suspicious"]': (
        "policy.trusted[0] is 'suspicious', which no policy can trust",
        "only a waiver can, for the sha256 of one wheel",
    ),
    'projects.thing.trusted = ["undetermined"]': (
        "policy.projects.thing.trusted[0] is 'undetermined', which no policy can trust",
        "only a waiver can, for the sha256 of one wheel",
    ),
    'signals.late-weel = "warn"': (
        "policy.signals.late-weel is an unknown signal",
        "did you mean late-wheel?",
    ),
    'signals."release.late-weel" = "warn"': (
        'policy.signals."release.late-weel" is an unknown signal',
        "did you mean late-wheel?",
    ),
    'signals.late-wheel = "refused"': (
        "policy.signals.late-wheel is 'refused', which is no action",
        "did you mean refuse?",
    ),
    "signals.late-wheel = true": (
        "policy.signals.late-wheel is a boolean, and has to be a string",
        None,
    ),
    'signals.late-wheel = "warn"\nsignals.release.late-wheel = "refuse"': (
        "policy.signals.release.late-wheel is there twice",
        None,
    ),
    'signals = ["late-wheel"]': ("policy.signals is an array, and has to be a table", None),
    "late-after-days = -1": ("policy.late-after-days is -1, and has to be at least 0", None),
    "late-after-days = true": (
        "policy.late-after-days is a boolean, and has to be an integer",
        None,
    ),
    "late-after-days = 1.5": ("policy.late-after-days is a number, and has to be an integer", None),
    "silent-for-days = 36501": (
        "policy.silent-for-days is 36501, and has to be at most 36500",
        None,
    ),
    'sdists = "all"': (
        "policy.sdists is 'all', and has to be one of asked, verified, any",
        None,
    ),
    'native-review-surface = "2"': (
        "policy.native-review-surface is '2', which is no share",
        '"2%", or bytes as 4096',
    ),
    'native-review-surface = "0%"': (
        "policy.native-review-surface is '0%', which is no share",
        '"2%", or bytes as 4096',
    ),
    'native-review-surface = "101%"': (
        "policy.native-review-surface is '101%', which is no share",
        '"2%", or bytes as 4096',
    ),
    "native-review-surface = 0": (
        "policy.native-review-surface is 0, and has to be at least 1",
        None,
    ),
    "native-review-surface = true": (
        "policy.native-review-surface is a boolean, and has to be an integer",
        None,
    ),
    'indexes = ["ftp://index.example.org"]': (
        "policy.indexes[0] is no index: a URL with scheme 'ftp' is not an index or a file of one",
        "use http://, https:// or a local file:// URL",
    ),
    'indexes = ["https://user:secret@index.example.org/simple"]': (
        "policy.indexes[0] holds credentials",
        "leave them out; a policy is read by many",
    ),
    "projects.numpy.signals.late-wheel = 1": (
        "policy.projects.numpy.signals.late-wheel is an integer, and has to be a string",
        None,
    ),
    "projects.numpy = 1": ("policy.projects.numpy is an integer, and has to be a table", None),
    "[[projects.numpy]]\n[[projects.numpy]]\nversion = '1'": (
        "policy.projects.numpy[1].version is an unknown key",
        "did you mean versions?",
    ),
    "projects.numpy.versions = '1.0'": (
        "policy.projects.numpy.versions is '1.0', which is no version specifier",
        ">=1.2,<2",
    ),
    'projects."a b".late-after-days = 1': (
        'policy.projects."a b" is no project\'s name',
        "names are letters, digits, `.`, `-` and `_`",
    ),
    "projects.a_b.late-after-days = 1\nprojects.A-B.late-after-days = 2": (
        "policy.projects.A-B is there twice, as another spelling of a-b",
        None,
    ),
    "waivers = 1": ("policy.waivers is an integer, and has to be an array", None),
    "waivers = [1]": ("policy.waivers[0] is an integer, and has to be a table", None),
}


@pytest.mark.parametrize("text", FAULTS)
def test_a_mistake_is_told_with_its_place_and_what_was_meant(text: str) -> None:
    with pytest.raises(PolicyFault) as caught:
        policy(text)
    message, hint = FAULTS[text]
    assert caught.value.message == f"truewheel.toml: {message}"
    assert caught.value.hint == hint


WAIVER_FAULTS = {
    ("expires = 2026-06-30\n", ""): "has no `expires`",
    ("date = 2026-06-01\n", ""): "has no `date`",
    ('owner = "alice@example.org"\n', ""): "has no `owner`",
    ('reason = "read by hand"\n', ""): "has no `reason`",
    ('scope = { verdicts = ["different"] }\n', ""): "has no `scope`",
    ('"read by hand"', '" "'): ".reason is empty",
    ("2026-06-30", '"2026-06-30"'): ".expires is a string, and has to be a date",
    ("2026-06-30", "2026-06-30T12:00:00Z"): ".expires is a date with a time, and has to be a date",
    ("2026-06-30", "2026-05-31"): ".expires is before its date",
    ("abab", "abax"): ".sha256 is no sha256",
    ('"abab', '"sha256:abab'): ".sha256 is no sha256",
    ("expires", "expire"): ".expire is an unknown key",
    ('verdicts = ["different"]', ""): ".scope waives neither a verdict nor a signal",
    ('["different"]', "[]"): ".scope waives neither a verdict nor a signal",
    ('["different"]', '["different", "harmless"]'): (
        ".scope.verdicts[1] is 'harmless', which is no verdict"
    ),
    ('["different"]', '["different"], versions = "<2"'): (
        ".scope limits versions, but names no project"
    ),
    ('["different"]', '["different"], signals = ["late"]'): (
        ".scope.signals[0] is an unknown signal"
    ),
    ('["different"]', '["different"], host = "x"'): ".scope.host is an unknown key",
}


@pytest.mark.parametrize(("old", "new"), WAIVER_FAULTS)
def test_a_waiver_that_says_too_little_or_too_much_is_none(old: str, new: str) -> None:
    assert old in WAIVER
    with pytest.raises(PolicyFault) as caught:
        policy(WAIVER.replace(old, new, 1))
    said = WAIVER_FAULTS[old, new]
    space = "" if said.startswith(".") else " "
    assert caught.value.message == f"truewheel.toml: policy.waivers[0]{space}{said}"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("", 'trusted = ["equivalent", "identical", "regenerated"]'),
        ("", "late-after-days = 14\nnative-review-surface = false"),
        ('signals.late-wheel = "refuse"', 'signals."release.late-wheel" = "refuse"'),
        ('signals.late-wheel = "refuse"', 'signals.release.late-wheel = "refuse"'),
        ('native-review-surface = "2%"', 'native-review-surface = "2.0%"'),
        ("projects.A_b.late-after-days = 1", "[[projects.a-b]]\nlate-after-days = 1"),
        (WAIVER + WAIVER.replace("ab", "01"), WAIVER.replace("ab", "01") + WAIVER),
        (WAIVER, WAIVER.replace("abab", "ABAB")),
        (f'indexes = ["{INDEX}"]', f'indexes = ["{INDEX}/", "{INDEX}"]'),
    ],
)
def test_the_digest_is_of_what_a_policy_says_and_not_of_how(one: str, other: str) -> None:
    assert policy(one).digest == policy(other).digest


def test_policies_that_say_something_else_have_another_digest() -> None:
    texts = [
        "",
        'trusted = ["identical"]',
        "late-after-days = 15",
        "silent-for-days = 15",
        'native-review-surface = "2%"',
        "native-review-surface = 2",
        f'indexes = ["{INDEX}"]',
        "indexes = []",
        'signals.late-wheel = "refuse"',
        'projects.thing.signals.late-wheel = "refuse"',
        'projects.thing.signals.late-wheel = "refuse"\nprojects.thing.versions = "<2"',
        'projects.other.signals.late-wheel = "refuse"',
        WAIVER,
        WAIVER.replace("2026-06-30", "2026-07-01"),
        WAIVER.replace('["different"]', '["different", "suspicious"]'),
    ]
    assert len({policy(text).digest for text in texts}) == len(texts)


def test_the_digest_knows_no_file() -> None:
    assert policy("").digest == DEFAULT_POLICY.digest
    assert policy("").source != DEFAULT_POLICY.source
