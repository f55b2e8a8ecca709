"""Rows of an answer as a table for people, as CSV, or as JSON, written as they come."""

import csv
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from itertools import islice
from typing import Any, TextIO

import click

FORMATS = ("table", "csv", "json")
_WIDEST = 60
_LOOKED_AT = 1000


def write_rows(
    out: TextIO,
    form: str,
    columns: Sequence[str],
    are_numbers: Sequence[bool],
    rows: Iterator[Sequence[Any]],
    *,
    limit: int = 0,
) -> int:
    """Write up to `limit` rows (0: all) in one of `FORMATS`; how many were left out is returned."""
    shown = islice(rows, limit) if limit else rows
    if form == "csv":
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_csv_cell(value) for value in row] for row in shown)
    elif form == "json":
        _write_json(out, columns, shown)
    else:
        _write_table(out, columns, are_numbers, shown)
    return sum(1 for _ in rows)


def note_faulty(count: int) -> None:
    """Say on stderr how many rows were left out, if any."""
    if count:
        click.echo(f"note: {count} rows cannot be used and are left out; 'yt360 manifest check' names them", err=True)


def _write_table(
    out: TextIO, columns: Sequence[str], are_numbers: Sequence[bool], rows: Iterable[Sequence[Any]]
) -> None:
    cells = ([_table_cell(value) for value in row] for row in rows)
    first = list(islice(cells, _LOOKED_AT))
    names = [_table_cell(name) for name in columns]
    widths = [min(_WIDEST, max(map(len, column))) for column in zip(names, *first, strict=True)]
    for row in _chained([names], first, cells):
        parts = [
            cell.rjust(width) if is_number else cell.ljust(width)
            for cell, width, is_number in zip(row, widths, are_numbers, strict=True)
        ]
        out.write("  ".join(parts).rstrip() + "\n")


def _write_json(out: TextIO, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    separator = "["
    for row in rows:
        plain = {name: _plain(value) for name, value in zip(columns, row, strict=True)}
        out.write(f"{separator}\n  {json.dumps(plain, ensure_ascii=False, allow_nan=False)}")
        separator = ","
    out.write("[]\n" if separator == "[" else "\n]\n")


def _chained(*parts: Iterable[list[str]]) -> Iterator[list[str]]:
    for part in parts:
        yield from part


def _table_cell(value: Any) -> str:
    """A value on one line; what could steer a terminal is written as its code."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".") if 1e-4 <= abs(value) < 1e15 else f"{value:g}"
    text = value if isinstance(value, str) else _csv_cell(value)
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in str(text))


def _csv_cell(value: Any) -> Any:
    plain = _plain(value, keep_nan=True)
    if isinstance(plain, bool):
        return "true" if plain else "false"
    return json.dumps(plain, ensure_ascii=False) if isinstance(plain, (list, dict)) else plain


def _plain(value: Any, *, keep_nan: bool = False) -> Any:
    """A value as JSON knows it; what is not a finite number is null there."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if keep_nan or math.isfinite(value) else None
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return value.hex() if isinstance(value, bytes) else str(value)
