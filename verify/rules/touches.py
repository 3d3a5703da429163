"""What lines of Python reach for: evidence that tells a person what to read first.

Words, not meaning: code that hides what it does is not found, and honest code is. No verdict
depends on it; findings of one rule are put in order by it.
"""

import re
from collections.abc import Iterable
from itertools import islice

from verify.finding import JSONValue

_MAX_TOLD = 10
_MAX_WIDTH = 200

_WORDS: dict[str, str] = {
    "dynamic-code": "exec eval compile execfile __import__ runpy importlib import_module CodeType "
    "FunctionType __builtins__ builtins",
    "process": "subprocess Popen check_output check_call pty powershell startfile",
    "network": "socket urllib urllib2 urlopen urlretrieve httplib ftplib smtplib telnetlib xmlrpc "
    "open_connection HTTPConnection HTTPSConnection onion",
    "decoding": "base64 binascii b16decode b32decode b64decode b85decode a85decode unhexlify "
    "fromhex rot13 rot_13 zlib lzma bz2 decompress",
    "unmarshalling": "marshal pickle cPickle shelve",
    "native-code": "ctypes dlopen CDLL WinDLL windll cdll LoadLibrary LoadLibraryA "
    "LoadLibraryW VirtualAlloc mprotect ExtensionFileLoader load_dynamic",
    "secrets": "environ getenv getpass netrc ssh gnupg aws kube id_rsa shadow wallet "
    "mnemonic pypirc",
    "persistence": "crontab winreg _winreg LaunchAgents systemctl schtasks atexit sitecustomize "
    "usercustomize meta_path path_hooks bashrc CurrentVersion",
}
"""By kind, words that stand for it alone."""

_KIND_OF = {word: kind for kind, words in _WORDS.items() for word in words.split()}

_SHAPES = {
    "process": re.compile(
        r"\bos\.(?:system|popen|fork|kill|posix_spawn|exec[lv]|spawn[lv])|/bin/(?:ba|z)?sh\b"
    ),
    "network": re.compile(r"https?://|\b\d{1,3}(?:\.\d{1,3}){3}\b"),
    "decoding": re.compile(r"(?:\\x[0-9a-fA-F]{2}){8}|[A-Za-z0-9+/]{200}"),
    "persistence": re.compile(r"site-packages"),
}

_WORD = re.compile(r"\w+")


def touches(lines: Iterable[tuple[int, str]]) -> dict[str, JSONValue]:
    """Evidence on numbered lines: what kinds of things they reach for, and the first that do.

    Returns:
        `touches`, the kinds in order; `telling_lines`, only if there are some.
    """
    lines = list(lines)
    text = "\n".join(line for _, line in lines)
    words = sorted(_KIND_OF.keys() & set(_WORD.findall(text)))
    shapes = {kind: shape for kind, shape in _SHAPES.items() if shape.search(text)}
    kinds = {*(_KIND_OF[word] for word in words), *shapes}
    evidence: dict[str, JSONValue] = {"touches": [kind for kind in _WORDS if kind in kinds]}
    if not kinds:
        return evidence
    any_word = [re.compile(rf"\b(?:{'|'.join(words)})\b")] if words else []
    telling = (
        f"{number}: {line.strip()[:_MAX_WIDTH]}"
        for number, line in lines
        if any(pattern.search(line) for pattern in (*any_word, *shapes.values()))
    )
    return {**evidence, "telling_lines": list(islice(telling, _MAX_TOLD))}
