"""A query reads its tables and nothing else: attacks on real files and on a port that listens, and each wall alone."""

import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest

from yt360_tools.errors import UsageError
from yt360_tools.manifest import query as query_module
from yt360_tools.manifest.closed_sql import checked_condition, checked_query, close
from yt360_tools.manifest.database import connected
from yt360_tools.manifest.query import GivenTable, asked

SECRET = "the-secret-that-nobody-may-read"
TABLES = {"clips", "videos"}

READS = (
    "SELECT * FROM '{secret}'",
    'SELECT * FROM "{secret}"',
    "SELECT * FROM read_csv('{secret}', header = false)",
    "SELECT * FROM read_csv_auto('{secret}')",
    "SELECT * FROM read_text('{secret}')",
    "SELECT * FROM read_blob('{secret}')",
    "SELECT * FROM read_json('{secret}')",
    "SELECT * FROM read_json_objects('{secret}')",
    "SELECT * FROM read_ndjson_auto('{secret}')",
    "SELECT * FROM sniff_csv('{secret}')",
    "SELECT * FROM read_parquet('{table}')",
    "SELECT * FROM parquet_scan('{table}')",
    "SELECT * FROM parquet_metadata('{table}')",
    "SELECT * FROM parquet_schema('{table}')",
    "SELECT * FROM parquet_kv_metadata('{table}')",
    "SELECT * FROM '{table}'",
    "SELECT * FROM read_duckdb('{database}', table_name = 'secrets')",
    "SELECT * FROM glob('{folder}/*')",
    "SELECT * FROM glob('/etc/*')",
    "FROM read_text('{folder}/*')",
    "SELECT (SELECT content FROM read_text('{secret}'))",
    "SELECT * FROM clips WHERE clip_id IN (SELECT content FROM read_text('{secret}'))",
    "SELECT * FROM clips, LATERAL (SELECT * FROM read_text('{secret}'))",
    "SELECT * FROM clips ORDER BY (SELECT content FROM read_text('{secret}'))",
    "SELECT * FROM clips LIMIT (SELECT length(content) FROM read_text('{secret}'))",
    "WITH x AS (SELECT * FROM read_text('{secret}')) SELECT * FROM x",
    "WITH x AS MATERIALIZED (FROM '{secret}') FROM x",
    "WITH RECURSIVE x(a) AS (SELECT content FROM read_text('{secret}') UNION ALL SELECT a FROM x WHERE false) FROM x",
    "SELECT 1 UNION ALL SELECT content FROM read_text('{secret}')",
    "SELECT (WITH \"{secret}\" AS (SELECT 1) SELECT 1), * FROM '{secret}'",
    "DESCRIBE SELECT * FROM read_csv('{secret}', header = false)",
    "DESCRIBE '{secret}'",
    "SUMMARIZE '{secret}'",
    "SUMMARIZE SELECT * FROM read_text('{secret}')",
    "FROM (DESCRIBE '{table}')",
    "FROM query('SELECT * FROM read_text(''{secret}'')')",
    "FROM query_table('{secret}')",
    "FROM json_execute_serialized_sql(json_serialize_sql('SELECT * FROM read_text(''{secret}'')'))",
    "SELECT json_serialize_plan('SELECT * FROM read_text(''{secret}'')')",
    "FROM (PIVOT '{table}' ON secret IN ('a') USING count(*))",
    "SELECT * FROM (VALUES ('{secret}')) AS t(name), LATERAL (SELECT * FROM read_text(name))",
    "SELECT getenv('YT360_TRIAL_SECRET')",
    "SELECT * FROM '/proc/self/environ'",
    "SELECT * FROM read_text('/proc/self/environ')",
    "SELECT * FROM read_text('file://{secret}')",
    "SELECT * FROM read_text('manifest://{secret}')",
    "SELECT * FROM rows_of_python",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM duckdb_logs",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM sqlite_master",
    "SELECT current_setting('temp_directory')",
    "SELECT * FROM pandas_scan(1234, 1234, 1234)",
    "SELECT * FROM arrow_scan(1234, 1234, 1234)",
    "SHOW DATABASES",
    "EXPLAIN ANALYZE SELECT * FROM read_text('{secret}')",
)

WRITES = (
    "COPY clips TO '{new}'",
    "COPY clips TO '{manifest}' (USE_TMP_FILE false)",
    "COPY (SELECT 1) TO '{secret}' (FORMAT csv, USE_TMP_FILE false)",
    "WITH x AS (COPY clips TO '{new}') SELECT * FROM x",
    "WITH x AS (COPY clips TO '{manifest}' (FORMAT csv, USE_TMP_FILE false)) FROM x",
    "WITH x AS (COPY clips TO 'manifest://clips.parquet' (FORMAT csv, USE_TMP_FILE false)) FROM x",
    "WITH x AS (COPY clips FROM '{secret}') FROM x",
    "COPY clips FROM '{secret}'",
    "EXPORT DATABASE '{new}'",
    "IMPORT DATABASE '{folder}'",
    "ATTACH '{new}' AS other",
    "ATTACH '{database}' AS other",
    "ATTACH '{database}' AS other; SELECT * FROM other.secrets",
    "ATTACH ':memory:' AS other",
    "SELECT 1; COPY clips TO '{new}'",
    "SELECT * FROM clips; DROP TABLE clips",
    "CREATE TABLE more AS SELECT 1",
    "CREATE VIEW more AS SELECT * FROM read_text('{secret}')",
    "CREATE MACRO more() AS TABLE SELECT * FROM read_text('{secret}')",
    "CREATE SECRET more (TYPE s3)",
    "CREATE PERSISTENT SECRET more (TYPE http)",
    "INSERT INTO clips SELECT * FROM clips",
    "WITH x AS (INSERT INTO outcomes VALUES ('a', 1) RETURNING *) FROM x",
    "WITH x AS (DELETE FROM outcomes RETURNING *) FROM x",
    "WITH x AS (UPDATE outcomes SET item = 'a' RETURNING *) FROM x",
    "UPDATE clips SET split = 'train'",
    "DELETE FROM clips",
    "TRUNCATE clips",
    "ALTER TABLE clips ADD COLUMN a INTEGER",
    "DROP VIEW videos",
    "MERGE INTO clips USING videos ON (clips.video_id = videos.video_id) WHEN MATCHED THEN DELETE",
    "FROM enable_logging(storage := 'file', storage_path := '{new}')",
    "CALL enable_logging(storage = 'file', storage_path = '{new}')",
    "SELECT write_log('a')",
    "FROM enable_profiling(save_location := '{new}')",
    "PRAGMA enable_profiling",
    "PRAGMA database_list",
    "SET enable_external_access = true",
    "SET temp_directory = '{folder}'",
    "SET log_query_path = '{new}'",
    "RESET enable_external_access",
    "SET VARIABLE a = 1",
    "USE other",
    "CHECKPOINT",
    "FROM force_checkpoint()",
    "VACUUM",
    "BEGIN TRANSACTION",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "EXPLAIN COPY clips TO '{new}'",
    "EXPLAIN ANALYZE COPY clips TO '{new}'",
    "PIVOT clips ON split USING count(*)",
)

CONNECTIONS = (
    "SELECT * FROM 'http://127.0.0.1:{port}/a.csv'",
    "SELECT * FROM read_csv('http://127.0.0.1:{port}/a.csv')",
    "SELECT * FROM read_parquet('http://127.0.0.1:{port}/a.parquet')",
    "SELECT * FROM read_text('http://127.0.0.1:{port}/a')",
    "SELECT * FROM read_parquet('s3://127.0.0.1:{port}/a.parquet')",
    "SELECT * FROM glob('http://127.0.0.1:{port}/*')",
    "INSTALL httpfs",
    "INSTALL httpfs FROM 'http://127.0.0.1:{port}'",
    "FORCE INSTALL httpfs FROM 'http://127.0.0.1:{port}'",
    "INSTALL sqlite",
    "LOAD httpfs",
    "LOAD '{secret}'",
    "ATTACH 'http://127.0.0.1:{port}/a.db' AS other",
    "ATTACH 'host=127.0.0.1 port={port}' AS other (TYPE postgres)",
    "COPY clips TO 'http://127.0.0.1:{port}/a.csv'",
    "WITH x AS (COPY clips TO 'http://127.0.0.1:{port}/a.csv') FROM x",
)

ATTACKS = (*READS, *WRITES, *CONNECTIONS)

OUTSIDE = [attack for attack in ATTACKS if "{" in attack and "PROC" not in attack]
"""What names a file or a port, and so must fail at the engine even where nothing has read the statement before."""


@dataclass
class Surroundings:
    """A folder of what a query may not touch, and a port that counts who calls."""

    folder: Path
    names: dict[str, object]
    calls: list[object] = field(default_factory=list)

    def spelt(self, attack: str) -> str:
        return attack.format(**self.names)

    def state(self) -> dict[str, tuple[bytes, int]]:
        return {
            str(path): (path.read_bytes(), path.stat().st_mtime_ns)
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        }


@pytest.fixture
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Surroundings]:
    folder = tmp_path / "surroundings"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("YT360_TRIAL_SECRET", SECRET)
    (folder / "secret.csv").write_text(f"{SECRET}\n")
    with duckdb.connect(folder / "other.db") as other:
        other.execute("CREATE TABLE secrets AS SELECT ? AS secret", [SECRET])
        other.execute(f"COPY secrets TO '{folder / 'table.parquet'}' (FORMAT parquet)")
        rows = "SELECT 'a-0' AS clip_id, 'a' AS video_id, 0::DOUBLE AS start_s, 10::DOUBLE AS end_s, 'test' AS split"
        other.execute(f"COPY ({rows}) TO '{folder / 'clips.csv'}'")
        other.execute(f"COPY ({rows}) TO '{folder / 'clips.parquet'}'")
    with socket.create_server(("127.0.0.1", 0)) as server:
        names = {
            "secret": folder / "secret.csv",
            "table": folder / "table.parquet",
            "database": folder / "other.db",
            "folder": folder,
            "manifest": folder / "clips.csv",
            "new": folder / "new",
            "port": server.getsockname()[1],
        }
        found = Surroundings(folder, names)
        listener = threading.Thread(target=_listen, args=(server, found.calls), daemon=True)
        listener.start()
        yield found
        _stop(server)
        listener.join(5)


def _listen(server: socket.socket, calls: list[object]) -> None:
    while True:
        try:
            connection, address = server.accept()
        except OSError:
            return
        with connection:
            if connection.recv(4) == b"stop":
                return
            calls.append(address)


def _stop(server: socket.socket) -> None:
    with socket.create_connection(server.getsockname()) as last:
        last.sendall(b"stop")


class TestAttacks:
    @pytest.mark.parametrize("attack", ATTACKS)
    @pytest.mark.parametrize("name", ["clips.csv", "clips.parquet"])
    def test_are_refused_and_touch_nothing(self, attack: str, name: str, surroundings: Surroundings) -> None:
        surroundings.names["manifest"] = surroundings.folder / name
        before = surroundings.state()
        rows_of_python = [SECRET]
        tables = [GivenTable("outcomes", {"item": "VARCHAR", "attempts": "BIGINT"}, [("a", 1)])]
        with (
            pytest.raises(UsageError) as refusal,
            asked(surroundings.folder / name, surroundings.spelt(attack), tables) as answer,
        ):
            list(answer.rows)
        assert SECRET not in str(refusal.value)
        assert surroundings.state() == before
        assert surroundings.calls == []
        assert rows_of_python == [SECRET]

    @pytest.mark.parametrize("attack", ATTACKS)
    def test_are_refused_by_the_reading_of_the_statement_alone(self, attack: str, surroundings: Surroundings) -> None:
        with connected() as database:
            database.execute("CREATE TABLE clips (clip_id VARCHAR); CREATE VIEW videos AS FROM clips")
            spelt = surroundings.spelt(attack)
            hidden_behind_a_name_of_its_own = 'WITH "' in attack
            if hidden_behind_a_name_of_its_own:
                return
            with pytest.raises(UsageError):
                checked_query(database, spelt, TABLES)

    @pytest.mark.parametrize("attack", OUTSIDE)
    @pytest.mark.parametrize("name", ["clips.csv", "clips.parquet"])
    def test_fail_at_the_shut_engine_alone(
        self, attack: str, name: str, surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As if a statement had passed for a question; what it says of the tables in memory stays in memory."""
        surroundings.names["manifest"] = surroundings.folder / name
        monkeypatch.setattr(query_module, "checked_query", lambda _database, sql, _tables: sql)
        before = surroundings.state()
        said = ""
        try:
            with asked(surroundings.folder / name, surroundings.spelt(attack)) as answer:
                said = str(list(answer.rows))
        except (UsageError, duckdb.Error) as error:
            said = str(error)
        assert SECRET not in said
        assert surroundings.state() == before
        assert surroundings.calls == []


class TestConditions:
    @pytest.mark.parametrize(
        "condition",
        [
            "true) UNION ALL (SELECT true",
            "true), (true",
            "true) FROM clips WHERE (true",
            "true) -- ",
            "true); DROP TABLE clips; SELECT (true",
            "clip_id IN (SELECT content FROM read_text('/etc/hostname'))",
            "clip_id IN (WITH x AS (COPY clips TO '/tmp/x') SELECT clip_id FROM x)",
            "",
            "1 = ",
        ],
    )
    def test_are_one_expression_over_the_tables(self, condition: str) -> None:
        with connected() as database, pytest.raises(UsageError):
            checked_condition(database, condition, TABLES)

    def test_may_ask_the_tables(self) -> None:
        with connected() as database:
            condition = "video_id IN (SELECT video_id FROM videos WHERE clips > 3) -- many"
            assert condition in checked_condition(database, condition, TABLES)


QUESTIONS = (
    "SELECT 1",
    "FROM clips",
    "TABLE clips",
    "VALUES (1, 'a')",
    "DESCRIBE clips",
    "DESCRIBE SELECT * FROM videos",
    "SUMMARIZE clips",
    "SHOW TABLES",
    "SELECT * FROM main.clips",
    "SELECT * FROM CLIPS JOIN Videos USING (video_id)",
    "WITH a AS (FROM clips), b AS (FROM a) SELECT * FROM b",
    "WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT sum(n) FROM t",
    "SELECT split, count(*) FILTER (start_s > 5) OVER (PARTITION BY split ORDER BY start_s DESC) FROM clips",
    "SELECT * FROM clips POSITIONAL JOIN range(3) AS r(i)",
    "SELECT * FROM clips ASOF JOIN clips AS b ON clips.video_id = b.video_id AND clips.start_s >= b.start_s",
    "SELECT unnest([1, 2]), list_transform([1], lambda x: x + 1), {'a': 1}, CASE WHEN true THEN 1 END",
    "SELECT DISTINCT ON (video_id) * FROM clips ORDER BY ALL LIMIT 10%",
    "FROM clips USING SAMPLE 50% (bernoulli, 7)",
    "FROM (PIVOT clips ON split IN ('train', 'test') USING count(*) GROUP BY video_id)",
    "UNPIVOT clips ON start_s, end_s",
    "SELECT video_id FROM clips EXCEPT SELECT video_id FROM videos INTERSECT SELECT 'a'",
    "SELECT COLUMNS('.*_s') FROM clips",
    "SELECT quantile_cont(end_s - start_s, 0.5), max(regexp_extract(clip_id, '[0-9]+$')) FROM clips -- half",
    "SELECT * FROM clips WHERE EXISTS (FROM videos AS v WHERE v.video_id = clips.video_id) QUALIFY rank() OVER () = 1",
    "SELECT split, count(*) FROM clips GROUP BY CUBE (split) HAVING count(*) > 0;",
)


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("name", ["clips.csv", "clips.parquet"])
def test_questions_are_answered(question: str, name: str, surroundings: Surroundings) -> None:
    with asked(surroundings.folder / name, question) as answer:
        assert answer.columns
        assert all(len(row) == len(answer.columns) for row in answer.rows)


def test_a_closed_engine_still_spills(tmp_path: Path) -> None:
    """What does not fit in memory goes to the temporary folder, which is gone afterwards."""
    with connected(memory_mb=60) as database:
        (temporary,) = database.execute("SELECT current_setting('temp_directory')").fetchone()
        close(database)
        asking = "SELECT max(i) FROM (SELECT i, row_number() OVER (ORDER BY hash(i)) FROM range(4000000) AS r(i))"
        assert database.execute(asking).fetchone() == (3_999_999,)
        assert not os.listdir(tmp_path)
    del database
    assert not os.path.exists(temporary)


def test_a_query_that_needs_too_much_memory_says_so(surroundings: Surroundings) -> None:
    wide = "SELECT count(DISTINCT list) FROM (SELECT array_agg(i) AS list FROM range(30000000) AS r(i))"
    with (
        pytest.raises(UsageError, match="60 MB of memory"),
        asked(surroundings.folder / "clips.csv", wide, memory_mb=60) as answer,
    ):
        list(answer.rows)


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("SELECT splitt FROM clips", 'no column "splitt"; near it: "split"'),
        ("SELECT * FROM clip", "no table 'clip'; there are clips, videos; did you mean 'clips'"),
        ("SELECT * FROM media", "no table 'media'; there are clips, videos"),
        ("SELECT foo(split) FROM clips", "foo does not exist! Did you mean"),
        ("SELECT sum(split) FROM clips", r"No function matches the given name and argument types 'sum\(VARCHAR\)'"),
        ("SELEC 1", 'is not SQL: syntax error at or near "SELEC"'),
        ("SELECT 1,\n 2 +", r"syntax error .*\(line 2\)"),
        ("SELECT split::INTEGER FROM clips", "Could not convert string 'test'"),
        ("SELECT 1; SELECT 2", "give one query; this is 2"),
        ("  -- nothing", "give one query; this is none"),
        ("DROP TABLE clips", "a query only reads: DROP is refused; SELECT, WITH"),
        ("SELECT $1", "parameter"),
        ("PIVOT clips ON split USING count(*)", r"PIVOT needs its values here: FROM \(PIVOT"),
        ("SELECT " + "1 + " * 30_000 + "1", "at most 100000 are taken"),
        ("SELECT " + "(" * 3000 + "1" + ")" * 3000, "query"),
    ],
)
def test_what_is_wrong_is_said_in_one_message(sql: str, says: str, surroundings: Surroundings) -> None:
    with pytest.raises(UsageError, match=says) as refusal, asked(surroundings.folder / "clips.csv", sql) as answer:
        list(answer.rows)
    assert "Candidate functions" not in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_the_one_file_of_a_parquet_view_cannot_be_written(surroundings: Surroundings, tmp_path: Path) -> None:
    """The engine's own permission would let a COPY through that names the path it may read."""
    from yt360_tools.manifest import one_file
    from yt360_tools.manifest.query import view_parquet

    path = surroundings.folder / "clips.parquet"
    before = path.read_bytes()
    with connected() as database:
        view_parquet(database, path)
        close(database, paths=[one_file.ADDRESS])
        attempt = f"COPY clips TO '{one_file.ADDRESS}' (FORMAT csv, USE_TMP_FILE false)"
        with pytest.raises(Exception, match="cannot be opened with mode"):
            database.execute(attempt)
        assert database.execute("SELECT count(*) FROM clips").fetchone() == (1,)
    assert path.read_bytes() == before
