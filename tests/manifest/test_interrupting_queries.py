"""Ctrl-C while a query runs: it ends at once, and leaves nothing behind."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from worlds import command
from worlds.command import write_rows

from yt360_tools.manifest import one_file
from yt360_tools.manifest.query import asked


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    rows = ("one-0,one,0,10,train", "two-0,two,0,10,train", "two-5,two,5,15,test")
    return write_rows(tmp_path / "clips.csv", *rows)


def answer_of(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with asked(path, sql) as answer:
        return list(answer.rows)


def test_it_can_be_interrupted(clips: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A query that would run for hours; the signal comes when it reads the first of the manifest."""
    path = clips.with_suffix(".parquet")
    with duckdb.connect() as database:
        database.execute(f"COPY (FROM read_csv('{clips}')) TO '{path}' (FORMAT parquet)")
    read = one_file._SharedReader.read
    reads = 0

    def read_and_interrupt(reader: one_file._SharedReader, count: int) -> bytes:
        nonlocal reads
        reads += 1
        if reads == at:
            os.kill(os.getpid(), signal.SIGINT)
        return read(reader, count)

    monkeypatch.setattr(one_file._SharedReader, "read", read_and_interrupt)
    at = 0
    assert answer_of(path, "SELECT count(DISTINCT clip_id) FROM clips") == [(3,)]
    at, reads = reads, 0
    endless = "SELECT sum(hash(clip_id) % 7 + a.i + b.i) FROM clips, range(1000000) AS a(i), range(1000000) AS b(i)"
    with pytest.raises(KeyboardInterrupt):
        answer_of(path, endless)


INTERRUPTING = """
import os, signal, threading, time
from yt360_tools.cli import main
from yt360_tools.manifest import query

signal.signal(signal.SIGINT, signal.default_int_handler)
answer = query._answer

def interrupt_once_it_works(begun_s):
    while time.process_time() < begun_s + 0.3:
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)

def answer_and_be_interrupted(*arguments):
    threading.Thread(target=interrupt_once_it_works, args=[time.process_time()], daemon=True).start()
    return answer(*arguments)

query._answer = answer_and_be_interrupted
main()
"""
"""The command, to which Ctrl-C comes when its query has taken 0.3 s of the processor."""


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM long a, long b, long c WHERE a.start_s + b.start_s > c.start_s",
        "SELECT sum(hash(a.clip_id || b.clip_id)) FROM long a, long b",
        "SELECT a.clip_id, b.clip_id FROM long a, long b ORDER BY hash(a.clip_id || b.clip_id) LIMIT 9",
        "SELECT repeat('x', 400000000)",
    ],
    ids=["a join of three", "a cross product", "a sorted one", "a function that does not heed it"],
)
@pytest.mark.parametrize("form", ["clips.csv", "clips.parquet"])
def test_ctrl_c_ends_a_heavy_one(sql: str, form: str, clips: Path, tmp_path: Path) -> None:
    """In a process of its own; all but the last would run for hours, most of them in one step."""
    path = clips.with_name(form)
    if path.suffix == ".parquet":
        with duckdb.connect() as database:
            database.execute(f"COPY (FROM read_csv('{clips}')) TO '{path}' (FORMAT parquet)")
    long = "WITH long AS (SELECT 'v' || i AS clip_id, i + start_s AS start_s FROM clips, range(3000000) AS r(i) "
    long += "WHERE clip_id = 'two-0') "
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    ended = command.run(
        ["manifest", "query", path, long + sql, "--out", tmp_path / "out.csv"],
        command=(sys.executable, "-c", INTERRUPTING),
        changes={"TMPDIR": str(temporary)},
        timeout_s=60,
    )
    assert ended.code == 130, ended
    assert ended.complaints == ["interrupted: what is done is kept; run the same command again to go on"], ended
    assert not list(temporary.iterdir())
    assert not (tmp_path / "out.csv").exists()
