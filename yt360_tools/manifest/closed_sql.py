"""What SQL may say here: one question to the tables at hand, and nothing that writes, reads or reaches anything else.

Two walls stand one behind the other. `checked_query` and `checked_condition` read the syntax tree of DuckDB's own
parser and let through what they know: a SELECT need not only read (``WITH x AS (COPY clips TO 'file') FROM x`` is one).
`close` shuts the engine: no files, no network, no extensions, no settings.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from yt360_tools.errors import UsageError, nearest

_LONGEST_SQL = 100_000

_NODES = {"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"}
_SOURCES = {"BASE_TABLE", "SUBQUERY", "JOIN", "TABLE_FUNCTION", "EMPTY", "EXPRESSION_LIST", "PIVOT", "SHOW_REF"}
_ORDERS = {"ASCENDING", "DESCENDING", "ORDER_DEFAULT"}
_TABLE_FUNCTIONS = {"range", "generate_series", "unnest", "repeat", "json_each", "json_tree"}
_LISTS_OF_TABLES = {'"tables"', "__show_tables_expanded"}
_OUR_SCHEMA: tuple[list[str], ...] = ([], ["main"], ["memory", "main"])

_FORBIDDEN_FUNCTIONS = {
    "getenv", "current_setting", "getvariable", "write_log", "nextval", "currval", "setval", "sleep_ms", "pg_sleep",
    "json_serialize_plan", "json_execute_serialized_sql", "query", "query_table", "stats", "pg_get_viewdef",
    "which_secret",
}  # fmt: skip


def close(database: Any, *, paths: Collection[str] = (), folders: Iterable[Path] = ()) -> None:
    """Shut a DuckDB for good: what is in it stays, and nothing outside can be read, written or reached.

    Args:
        paths: what may be opened all the same.
        folders: where files may be written all the same; what `connected` spills goes to its own.
    """
    for setting in ("autoinstall_known_extensions", "autoload_known_extensions", "allow_community_extensions"):
        database.execute(f"SET {setting} = false")
    database.execute("SET allow_persistent_secrets = false")
    database.execute("SET python_enable_replacements = false")
    database.execute(f"SET allowed_paths = {_list(paths)}")
    database.execute(f"SET allowed_directories = {_list(str(folder) for folder in folders)}")
    database.execute("SET enable_external_access = false")
    database.execute("SET lock_configuration = true")


def checked_query(database: Any, sql: str, tables: Collection[str]) -> str:
    """A question's text, if it is one SELECT, WITH, VALUES, DESCRIBE or SUMMARIZE over `tables` alone.

    Raises:
        UsageError: it is anything else; the message says what.
    """
    import duckdb

    if len(sql) > _LONGEST_SQL:
        raise UsageError(f"the query has {len(sql)} characters; at most {_LONGEST_SQL} are taken")
    try:
        statements = database.extract_statements(sql)
    except duckdb.Error as error:
        raise UsageError(f"the query is not SQL: {explained(error)}") from error
    if len(statements) != 1:
        raise UsageError(f"give one query; this is {len(statements) or 'none'}")
    (statement,) = statements
    if statement.type == duckdb.StatementType.MULTI:
        raise UsageError("PIVOT needs its values here: FROM (PIVOT clips ON split IN ('train', 'test') USING count(*))")
    if statement.type != duckdb.StatementType.SELECT:
        raise UsageError(
            f"a query only reads: {statement.type.name} is refused; "
            "SELECT, WITH, VALUES, DESCRIBE and SUMMARIZE are allowed"
        )
    _check_tree(_tree(database, statement.query), tables)
    return str(statement.query)


def checked_condition(database: Any, condition: str, tables: Collection[str]) -> str:
    """A condition's text in parentheses, if it is one expression that asks at most `tables`.

    Raises:
        UsageError: it is anything else; the message says what.
    """
    if not condition.strip():
        raise UsageError("--where takes a condition, such as 'end_s - start_s >= 10'; got none")
    asked = f"SELECT (\n{condition}\n)"
    checked_query(database, asked, tables)
    (statement,) = _tree(database, asked)["statements"]
    node = statement["node"]
    is_one_expression = (
        node["type"] == "SELECT_NODE"
        and len(node["select_list"]) == 1
        and node["from_table"]["type"] == "EMPTY"
        and not any(
            node[part] for part in ("modifiers", "where_clause", "group_expressions", "having", "qualify", "sample")
        )
    )
    if not is_one_expression:
        raise UsageError(f"--where takes one condition, such as 'end_s - start_s >= 10'; got {condition!r}")
    return f"(\n{condition}\n)"


def explained(error: Exception) -> str:
    """What DuckDB says of a query that fails, in a sentence without the catalogue of alternatives."""
    text = re.split(r"\n\s*\n|\n\tCandidate functions", str(error))[0]
    text = " ".join(re.sub(r"^[A-Z][A-Za-z ]*Error: ", "", text).split())
    column = re.match(r'Referenced column (".*?") not found in FROM clause!(?: Candidate bindings: (.*))?', text)
    if column:
        hint = f"; near it: {column[2]}" if column[2] else ""
        return f"there is no column {column[1]}{hint}; 'DESCRIBE clips' lists what there is"
    position = re.search(r"LINE (\d+): .*\n(\s*)\^", str(error))
    return f"{text} (line {position[1]})" if position and position[1] != "1" else text


def _list(values: Iterable[str]) -> str:
    return "[" + ", ".join("'" + value.replace("'", "''") + "'" for value in values) + "]"


def _tree(database: Any, sql: str) -> dict[str, Any]:
    (text,) = database.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchone()
    try:
        tree: dict[str, Any] = json.loads(text)
    except RecursionError as error:
        raise UsageError("the query is nested too deep") from error
    if tree.get("error") or len(tree.get("statements", ())) != 1:
        raise UsageError(
            f"the query cannot be checked, and is refused: {tree.get('error_message', 'not one statement')}"
        )
    return tree


def _check_tree(tree: dict[str, Any], tables: Collection[str]) -> None:
    parts = list(_parts(tree))
    named_here = {part["key"].lower() for part in parts if "key" in part and "value" in part}
    named_here |= {str(part["cte_name"]).lower() for part in parts if part.get("cte_name")}
    for part in parts:
        kind = part.get("type")
        if "info_type" in part:
            raise UsageError(f"a query only reads: {part['info_type']} is refused")
        if isinstance(kind, str) and "class" not in part:
            _check_kind(kind)
        if kind == "BASE_TABLE":
            _check_table(part, tables, named_here)
        elif kind == "SHOW_REF":
            _check_description(part, tables)
        elif kind == "TABLE_FUNCTION":
            name = str(part["function"].get("function_name", "")).lower()
            if name not in _TABLE_FUNCTIONS:
                raise UsageError(f"a query reads its tables alone: {name}() is refused; {_there_are(tables)}")
        if "function_name" in part and str(part["function_name"]).lower() in _FORBIDDEN_FUNCTIONS:
            raise UsageError(f"a query reads its tables alone: {part['function_name']}() is refused")


def _parts(tree: Any) -> Iterator[dict[str, Any]]:
    waiting = [tree]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield part
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part


def _check_kind(kind: str) -> None:
    if kind.endswith("_MODIFIER") or kind in _NODES or kind in _SOURCES or kind in _ORDERS:
        return
    name = kind.removesuffix("_NODE").removesuffix("_QUERY").replace("_", " ")
    raise UsageError(f"a query only reads: {name} is refused")


def _check_table(part: dict[str, Any], tables: Collection[str], named_here: set[str]) -> None:
    *schema, name = [str(word).lower() for word in part["qualified_name"]["path"]]
    if (name in tables and schema in _OUR_SCHEMA) or (name in named_here and not schema):
        return
    shown = ".".join([*schema, name])
    raise UsageError(f"there is no table {shown!r}; {_there_are(tables)}{nearest(name, tables)}")


def _check_description(part: dict[str, Any], tables: Collection[str]) -> None:
    name = str(part.get("table_name") or "")
    is_known = name in _LISTS_OF_TABLES if part.get("show_type") == "SHOW_SPECIAL" else name.lower() in tables
    if not part.get("query") and not is_known:
        shown = name.strip('"')
        raise UsageError(f"there is no table {shown!r}; {_there_are(tables)}{nearest(shown, tables)}")


def _there_are(tables: Collection[str]) -> str:
    return f"there are {', '.join(sorted(tables))}"
