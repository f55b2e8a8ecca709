"""Rows of any text on lines of their own: how cells go between this code and the database, in files and in columns.

Cells are joined by the unit separator; that, line ends and the escape itself are escaped, so that a row is a line
and a line is a row, whatever the cells hold. A database reads such lines in parallel, and keeps their order.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

SEPARATOR, ESCAPE = "\x1f", "\x1b"
NO_DELIMITER = "\x01\x02\x03\x04"
"""What stands in no line; one that has it cannot be read as `lines_sql` does."""

_CODES = {ESCAPE: "e", "\n": "n", "\r": "r", SEPARATOR: "u", NO_DELIMITER[0]: "d"}
_SPECIAL = re.compile(f"[{''.join(_CODES)}]")
_SPECIAL_IN_A_ROW = re.compile(f"[{ESCAPE}\n\r{NO_DELIMITER[0]}]")
_ESCAPED = re.compile(f"{ESCAPE}([{''.join(_CODES.values())}])")
_MEANT = {code: special for special, code in _CODES.items()}
_MOST_LINE_BYTES = 1 << 24


def encoded(cells: Sequence[str]) -> str:
    """A row as one line, without its end."""
    text = SEPARATOR.join(cells)
    if text.count(SEPARATOR) == len(cells) - 1 and not _SPECIAL_IN_A_ROW.search(text):
        return text
    return SEPARATOR.join(_SPECIAL.sub(lambda found: ESCAPE + _CODES[found[0]], cell) for cell in cells)


def decoded(line: str) -> list[str]:
    """The cells of a row's line."""
    cells = line.split(SEPARATOR)
    return [_ESCAPED.sub(lambda found: _MEANT[found[1]], cell) for cell in cells] if ESCAPE in line else cells


def write_cells(path: Path, rows: Iterable[Sequence[str]]) -> None:
    """Write rows, each as a line."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(f"{encoded(row)}\n" for row in rows)


def encoded_sql(expressions: Sequence[str]) -> str:
    """SQL for a row's line, of expressions that are text."""
    cells = []
    for cell in expressions:
        text = cell
        for special, code in _CODES.items():
            text = f"replace({text}, chr({ord(special)}), chr({ord(ESCAPE)}) || '{code}')"
        odd = " OR ".join(f"contains({cell}, chr({ord(special)}))" for special in _CODES)
        cells.append(f"CASE WHEN {odd} THEN {text} ELSE {cell} END")
    return f"concat_ws(chr({ord(SEPARATOR)}), {', '.join(cells)})"


def decoded_sql(cell: str) -> str:
    """SQL for what a cell means, of an expression that is one of a line's cells."""
    text = cell
    for special, code in reversed(_CODES.items()):
        text = f"replace({text}, chr({ord(ESCAPE)}) || '{code}', chr({ord(special)}))"
    return f"CASE WHEN contains({cell}, chr({ord(ESCAPE)})) THEN {text} ELSE {cell} END"


def lines_sql(path: Path, *, skip: int = 0) -> str:
    """SQL for a text file's lines in their order, as the column ``line``; NULL where they are empty.

    All of them end alike. Cells between quotes mean nothing: a line is a line.
    """
    return (
        f"read_csv({path_to_read(path)}, columns = {{'line': 'VARCHAR'}}, auto_detect = false, header = false, "
        f"delim = '{NO_DELIMITER}', quote = '', escape = '', comment = '', skip = {skip}, "
        f"max_line_size = {_MOST_LINE_BYTES}, buffer_size = {2 * _MOST_LINE_BYTES})"
    )


def quoted(name: str) -> str:
    """A table's or column's name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def path_to_read(path: Path) -> str:
    """A file's path as SQL where a pattern might stand: a ``*`` in it is a letter like any other."""
    return text_literal("".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(path)))


def text_literal(text: str) -> str:
    """A text as SQL."""
    return "'" + text.replace("'", "''") + "'"
