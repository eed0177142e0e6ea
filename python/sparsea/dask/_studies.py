"""Studies on a cluster: each worker runs the command on a part, and the client merges the parts."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any
from uuid import uuid4

from .._core import as_flag, as_whole
from .._errors import InvalidTypeError, InvalidValueError
from .._input import shown
from ._client import current_client

LARGEST = 2**28
"""Bytes of a store that a worker sends; larger parts take more shards."""

PER_THREAD = 4
"""Parts for each thread of the cluster, so that threads are done at about the same time."""


def sweep(
    study: str | os.PathLike[str],
    client: Any = None,
    *,
    out: str | os.PathLike[str] = "sparsea-sweep",
    runs: int | None = None,
    shards: int | None = None,
    restart: bool = False,
    command: str = "sparsea",
) -> Path:
    """Run a study on a cluster, with the store, tables and plots of the command ``sparsea sweep``.

    Each task runs ``sparsea sweep --shard i/N`` on one thread of a worker, where the command must be installed. Its
    store is sent to the client, which keeps it in ``out`` like the command. When all stores have arrived, they are
    merged, and tables and plots are made. The results are bit for bit those of one machine, except for times.

    Parameters
    ----------
    study : path
        The study, a TOML file. A matrix that it names must have the same path on the workers.
    client : distributed.Client, optional
        The client. Default: the current one.
    out : path
        The folder for the results, on the client. A sweep resumes from what it finds there.
    runs : int, optional
        Number of runs of each cell. Default: that of the study.
    shards : int, optional
        Number of parts. Default: the number in ``out``, or 4 for each thread of the cluster. A sweep that is stopped
        loses the unfinished parts.
    restart : bool
        Whether to discard the contents of ``out``.
    command : str
        The command, on the workers and the client.

    Returns
    -------
    Path
        The store, ``out/NAME.sqlite``.

    Raises
    ------
    ValueError
        If the command refuses the study (the message is the command's), or if ``shards`` differs from the parts in
        ``out``.
    TypeError
        If there is no client.
    RuntimeError
        If the command cannot be run, or fails.

    Notes
    -----
    If a worker is lost, another one computes its part. If ``sweep`` is interrupted, running commands finish their part,
    which is dropped.
    """
    client = current_client(client)
    if client is None:
        raise InvalidTypeError("sparsea.dask.sweep needs a client of a cluster, such as distributed.Client()")
    path, folder = Path(study).absolute(), Path(out)
    text = path.read_text(encoding="utf-8")
    found = re.search(r"^name\s*=\s*[\"']([\w-]+)[\"']", text.split("\n[", 1)[0], re.MULTILINE)
    if found is None:
        raise InvalidValueError(f"{study} has no name, which a study has, of letters, digits, - and _")
    name = found[1]
    folder.mkdir(parents=True, exist_ok=True)
    again = as_flag("restart", restart)
    if again:
        for _, part in _parts(folder, name):
            part.unlink()
    count = _count(folder, name, shards, client)
    options = [] if runs is None else ["--runs", str(as_whole("runs", runs, 1))]
    futures = []
    for i in range(1, count + 1):
        kept = folder / f"{name}.{i}-of-{count}.sqlite"
        begun = client.scatter([kept.read_bytes()])[0] if kept.is_file() else None
        where = (text, str(path), name, f"{i}/{count}", begun, command, options)
        futures.append(client.submit(_shard, *where, key=f"sparsea-sweep-{name}-{i}-of-{count}-{uuid4().hex}"))
    try:
        _keep(client, futures, folder, name, count)
    finally:
        client.cancel(futures)
    store = folder / f"{name}.sqlite"
    if again:
        store.unlink(missing_ok=True)
    parts = [str(part) for _, part in _parts(folder, name)]
    _run(command, ["sweep", "merge", str(store), *parts])
    # Nothing is left to compute, unless someone else has thrown results away.
    _run(command, ["sweep", str(path), "--out", str(folder), *options])
    return store


def _parts(folder: Path, name: str) -> list[tuple[int, Path]]:
    """The stores of parts in a folder, each with the number of all."""
    pattern = re.compile(re.escape(name) + r"\.\d+-of-(\d+)\.sqlite")
    found = ((pattern.fullmatch(part.name), part) for part in sorted(folder.iterdir()))
    return [(int(matched[1]), part) for matched, part in found if matched is not None]


def _count(folder: Path, name: str, shards: Any, client: Any) -> int:
    """The number of parts: as in the folder, as given, or by the size of the cluster."""
    there = {count for count, _ in _parts(folder, name)}
    if len(there) > 1:
        raise InvalidValueError(f"{folder} holds parts of {shown(sorted(there))}; keep those of one number")
    wanted = None if shards is None else as_whole("shards", shards, 1, 100_000)
    if there:
        (count,) = there
        if wanted not in {None, count}:
            raise InvalidValueError(
                f"shards must be {count}, as many as there are parts in {folder}, got {wanted}; "
                "restart=True drops these"
            )
        return count
    return wanted or PER_THREAD * max(1, sum(client.nthreads().values()))


def _keep(client: Any, futures: list[Any], folder: Path, name: str, count: int) -> None:
    """Write each store as it comes, under another name until it is whole."""
    from distributed import as_completed

    numbers = {future.key: i for i, future in enumerate(futures, 1)}
    for future in as_completed(futures, loop=client.loop):
        store = folder / f"{name}.{numbers[future.key]}-of-{count}.sqlite"
        unfinished = store.with_name(f".{store.name}.tmp")
        unfinished.write_bytes(future.result())
        unfinished.replace(store)
        # The worker need not hold it any longer.
        future.release()


def _shard(text: str, path: str, name: str, shard: str, begun: bytes | None, command: str, options: list[str]) -> bytes:
    """Run a part of a study on a worker and return its store."""
    with tempfile.TemporaryDirectory(prefix="sparsea-") as folder:
        out = Path(folder)
        store = out / f"{name}.{shard.replace('/', '-of-')}.sqlite"
        study = Path(path)
        # Where the disk is shared, a matrix is found beside the study.
        if not (study.is_file() and study.read_text(encoding="utf-8") == text):
            study = out / study.name
            study.write_text(text, encoding="utf-8")
        if begun is not None:
            store.write_bytes(begun)
        _run(command, ["sweep", str(study), "--out", folder, "--shard", shard, "--threads", "1", *options])
        size = store.stat().st_size
        if size > LARGEST:
            raise InvalidValueError(
                f"the store of part {shard} has {size} bytes, more than {LARGEST}; take more shards"
            )
        return store.read_bytes()


def _run(command: str, arguments: list[str]) -> None:
    """Run the command; its message is that of the error."""
    try:
        done = subprocess.run([command, *arguments], capture_output=True, text=True, check=False, encoding="utf-8")
    except OSError as error:
        raise RuntimeError(
            f"the command {command} cannot be run: {error.strerror}; give its place as command="
        ) from error
    if done.returncode:
        said = done.stderr.strip().removeprefix("sparsea: ") or f"{command} ended with status {done.returncode}"
        raise InvalidValueError(said) if done.returncode == 2 else RuntimeError(said)
