"""The command on `.parquet` files: the same answers as on the arrays that pandas, Polars and PyArrow wrote there."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from shell import program

pa: Any = pytest.importorskip("pyarrow")
pq: Any = pytest.importorskip("pyarrow.parquet")


def run(folder: Path, *words: str, data: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([program(), *words], cwd=folder, input=data, capture_output=True, check=False)


@pytest.fixture(scope="module", autouse=True)
def reads_parquet(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("probe")
    pd.DataFrame({"a": [1.0]}).to_parquet(folder / "t.parquet")
    if b"this build of sparsea does not read" in run(folder, "solve", "t.parquet", "a", "-k", "1").stderr:
        pytest.skip("the command is built without the feature")


def solved(folder: Path, *words: str, data: bytes | None = None) -> dict[str, Any]:
    done = run(folder, "solve", *words, "-k", "2", "--json", "-q", data=data)
    assert done.returncode == 0, done.stderr.decode()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def refused(folder: Path, *words: str) -> str:
    done = run(folder, "solve", *words, "-k", "2", "--output", "x.npy")
    assert done.returncode == 2
    assert done.stdout == b""
    assert not (folder / "x.npy").exists()
    line = done.stderr.decode()
    assert line.count("\n") == 1
    assert "panicked" not in line
    return line


@pytest.fixture
def frame(rng: np.random.Generator) -> pd.DataFrame:
    """Columns of every type that holds numbers, and y, which is two of them."""
    made = pd.DataFrame(
        {
            "a": rng.standard_normal(40),
            "b": rng.integers(-100, 100, 40).astype(np.int32),
            "c": rng.integers(0, 2**63, 40, dtype=np.uint64),
            "d": rng.standard_normal(40).astype(np.float32),
            "e": rng.integers(0, 2, 40).astype(bool),
            "f": rng.integers(-5, 5, 40).astype(np.int8),
            "g": rng.integers(0, 2**32, 40, dtype=np.uint32),
            "h": rng.integers(-(2**50), 2**50, 40),
        }
    )
    made["y"] = 3.0 * made["a"] - 0.1 * made["b"]
    return made


WRITERS: dict[str, Callable[[pd.DataFrame, Path], Any]] = {
    "pandas": lambda frame, file: frame.to_parquet(file),
    "polars": lambda frame, file: pl.from_pandas(frame).write_parquet(file),
    "gzip": lambda frame, file: frame.to_parquet(file, compression="gzip"),
    "lz4": lambda frame, file: frame.to_parquet(file, compression="lz4"),
    "plain": lambda frame, file: frame.to_parquet(file, compression=None),
    "groups": lambda frame, file: frame.to_parquet(file, row_group_size=7),
    "pages": lambda frame, file: pq.write_table(
        pa.Table.from_pandas(frame), file, data_page_size=16, data_page_version="2.0", use_dictionary=False
    ),
    "old": lambda frame, file: pq.write_table(pa.Table.from_pandas(frame), file, version="1.0"),
    "required": lambda frame, file: pq.write_table(
        pa.Table.from_pandas(frame).cast(
            pa.schema([pa.field(f.name, f.type, nullable=False) for f in pa.Schema.from_pandas(frame)])
        ),
        file,
    ),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_the_numbers_are_those_that_were_written(frame: pd.DataFrame, tmp_path: Path, writer: str) -> None:
    WRITERS[writer](frame, tmp_path / "t.parquet")
    features = frame.drop(columns="y")
    np.save(tmp_path / "A.npy", np.asfortranarray(features.to_numpy(np.float64)))
    np.save(tmp_path / "y.npy", frame["y"].to_numpy())
    found = solved(tmp_path, "t.parquet", "y", "--no-intercept")
    expected = solved(tmp_path, "A.npy", "y.npy")
    for key in ("support", "coefficients", "residual_norm", "m", "n"):
        assert found[key] == expected[key], key
    assert found["names"] == ["a", "b"]
    assert found["support"] == [0, 1]
    # One column, some columns, standard input.
    alone = solved(tmp_path, "A.npy", "t.parquet:y")
    assert alone["coefficients"] == expected["coefficients"]
    some = solved(tmp_path, "t.parquet", "y", "--columns", "h,b,a", "--no-intercept")
    assert some["names"] == ["a", "b"]
    piped = solved(tmp_path, "-", "y", "--no-intercept", data=(tmp_path / "t.parquet").read_bytes())
    assert piped["coefficients"] == expected["coefficients"]


def test_an_index_is_left_out(frame: pd.DataFrame, tmp_path: Path) -> None:
    frame[frame["b"] > -80].to_parquet(tmp_path / "t.parquet")
    done = run(tmp_path, "solve", "t.parquet", "y", "-k", "2", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["n"] == 8
    assert b"index of the data frame is left out" in done.stderr
    kept = solved(tmp_path, "t.parquet", "y", "--columns", "a,b,__index_level_0__")
    assert kept["n"] == 3
    frame.set_index("g").to_parquet(tmp_path / "named.parquet")
    assert solved(tmp_path, "named.parquet", "y")["n"] == 7
    assert solved(tmp_path, "named.parquet", "y", "--columns", "a,b,g")["n"] == 3


def test_what_is_no_number_is_refused_with_the_way_out(frame: pd.DataFrame, tmp_path: Path) -> None:
    frame["city"] = "Paris"
    frame["my day"] = pd.Timestamp("2026-01-01")
    frame.to_parquet(tmp_path / "t.parquet")
    assert refused(tmp_path, "t.parquet", "y").endswith(
        "t.parquet: column 'city' holds text; leave it out with --drop city\n"
    )
    assert "column 'my day' holds dates or times; leave it out with --drop 'my day'" in refused(
        tmp_path, "t.parquet", "y", "--drop", "city"
    )
    assert solved(tmp_path, "t.parquet", "y", "--drop", "city,my day")["names"] == ["a", "b"]
    pq.write_table(pa.table({"a": [1.0, 2.0], "l": [[1.0], [2.0, 3.0]], "y": [1.0, 2.0]}), tmp_path / "l.parquet")
    assert "holds lists or nested values" in refused(tmp_path, "l.parquet", "y")
    half = pa.table({"a": pa.array(np.ones(2, np.float16)), "y": [1.0, 2.0]})
    pq.write_table(half, tmp_path / "h.parquet")
    assert "holds 16-bit floats" in refused(tmp_path, "h.parquet", "y")
    frame.to_parquet(tmp_path / "br.parquet", compression="brotli")
    assert "a compression that is not read; write it with" in refused(
        tmp_path, "br.parquet", "y", "--drop", "city,my day"
    )
    assert "has no column 'z'" in refused(tmp_path, "t.parquet", "t.parquet:z", "--drop", "city,my day")
    pq.write_table(pa.table({"a": pa.array([], pa.float64())}), tmp_path / "e.parquet")
    assert "is empty" in refused(tmp_path, "e.parquet", "a")


def test_decimal_numbers_have_their_scale(tmp_path: Path) -> None:
    from decimal import Decimal

    rows = [Decimal("1.25"), Decimal("-2.50"), Decimal("0.75"), Decimal("9.00")]
    table = pa.table({"a": pa.array(rows, pa.decimal128(7, 2)), "b": [1.0, 0.0, 0.0, 1.0]})
    pq.write_table(table, tmp_path / "t.parquet", store_decimal_as_integer=True)
    np.save(tmp_path / "y.npy", np.array([1.25, -2.5, 0.75, 9.0]))
    found = solved(tmp_path, "t.parquet", "y.npy")
    assert found["support"] == [0]
    assert found["coefficients"] == [1.0]
    pq.write_table(table, tmp_path / "b.parquet")
    assert solved(tmp_path, "b.parquet", "y.npy")["coefficients"] == [1.0]
    wide = pa.table({"a": pa.array(rows, pa.decimal256(50, 2)), "b": [1.0, 0.0, 0.0, 1.0]})
    pq.write_table(wide, tmp_path / "w.parquet")
    assert "holds decimal numbers of more than 38 digits" in refused(tmp_path, "w.parquet", "y.npy")


def test_missing_values(frame: pd.DataFrame, tmp_path: Path) -> None:
    gaps = pl.from_pandas(frame).with_columns(
        pl.when(pl.int_range(pl.len()) == 17).then(None).otherwise(pl.col("y")).alias("y")
    )
    gaps.write_parquet(tmp_path / "t.parquet", row_group_size=10)
    line = refused(tmp_path, "t.parquet", "y")
    assert (
        "a value is missing in row 17 (counted from 0) of column 'y'; leave such rows out with --missing drop" in line
    )
    found = solved(tmp_path, "t.parquet", "y", "--missing", "drop", "--no-intercept")
    frame.drop(index=17).reset_index(drop=True).to_parquet(tmp_path / "u.parquet")
    expected = solved(tmp_path, "u.parquet", "y", "--no-intercept")
    np.testing.assert_allclose(found["coefficients"], expected["coefficients"], rtol=1e-12)
    pl.from_pandas(frame).with_columns(pl.when(pl.col("e")).then(None).otherwise(pl.col("a")).alias("a")).write_parquet(
        tmp_path / "v.parquet"
    )
    first = int(np.flatnonzero(frame["e"])[0])
    assert (
        f"a value is missing in row {first} (counted from 0) of column 'a'; fill it in, delete the row, or leave"
        in refused(tmp_path, "v.parquet", "y")
    )
    nan = frame.assign(a=np.where(frame["e"], np.nan, frame["a"]))
    pl.from_pandas(nan, nan_to_null=False).write_parquet(tmp_path / "w.parquet")
    assert f"row {first}" in refused(tmp_path, "w.parquet", "y")


@pytest.mark.parametrize("where", ["a vector", "several columns", "complex"])
def test_results_are_written(frame: pd.DataFrame, tmp_path: Path, rng: np.random.Generator, where: str) -> None:
    A = frame[["a", "d", "f", "b"]].to_numpy(np.float64)
    data = {
        "a vector": A @ [1.0, 0.0, 0.0, 2.0],
        "several columns": A @ rng.standard_normal((4, 3)),
        "complex": (A @ [1.0, 0.0, 0.0, 2.0]) * (1 + 2j),
    }[where]
    np.save(tmp_path / "A.npy", A)
    np.save(tmp_path / "y.npy", data)
    for file in ("x.parquet", "x.npy"):
        assert run(tmp_path, "solve", "A.npy", "y.npy", "-k", "2", "--output", file).returncode == 0
    expected = np.load(tmp_path / "x.npy")
    table = pq.read_table(tmp_path / "x.parquet").to_pandas()
    if where == "complex":
        assert list(table) == ["x_re", "x_im"]
        np.testing.assert_array_equal(table["x_re"] + 1j * table["x_im"], expected)
        # The columns are complex because the file says so, not by their names.
        back = run(tmp_path, "improve", "A.npy", "y.npy", "--vector", "x.parquet", "--json")
        assert back.returncode == 0, back.stderr
        table.to_parquet(tmp_path / "two.parquet")
        assert run(tmp_path, "improve", "A.npy", "y.npy", "--vector", "two.parquet").returncode == 2
    else:
        assert list(table) == (["x"] if where == "a vector" else ["0", "1", "2"])
        np.testing.assert_array_equal(table.to_numpy().reshape(expected.shape), expected)
    if where == "a vector":
        found = run(tmp_path, "improve", "A.npy", "y.npy", "--vector", "x.parquet", "--json")
        assert found.returncode == 0, found.stderr


def test_damaged_files_are_refused(frame: pd.DataFrame, tmp_path: Path, rng: np.random.Generator) -> None:
    """Random bytes changed, and files cut short: an answer or one line, never a panic."""
    frame.to_parquet(tmp_path / "t.parquet", row_group_size=15)
    whole = (tmp_path / "t.parquet").read_bytes()
    refusals = 0
    for trial in range(150):
        damaged = bytearray(whole)
        if trial % 3 == 0:
            del damaged[int(rng.integers(len(damaged))) :]
        else:
            # The metadata at the end is what decides most.
            low = len(damaged) - 2500 if trial % 3 == 1 else 0
            for _ in range(int(rng.integers(1, 4))):
                damaged[int(rng.integers(low, len(damaged)))] = int(rng.integers(256))
        (tmp_path / "u.parquet").write_bytes(damaged)
        done = run(tmp_path, "solve", "u.parquet", "y", "-k", "1", "-q")
        assert done.returncode in (0, 2), (trial, done.stderr)
        assert b"panicked" not in done.stderr, (trial, done.stderr)
        if done.returncode == 2:
            refusals += 1
            assert done.stdout == b""
            assert done.stderr.count(b"\n") == 1, (trial, done.stderr)
    assert refusals > 50
