//! The store of a study's results: one SQLite file, in which everything committed survives interruption.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use faer::Mat;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use serde_json::Value;

use crate::error::LabError;
use crate::study::{Cell, Outcome, Study, changes};

/// Version of the tables.
const SCHEMA: i64 = 1;

/// Version of the tables of a study with segments, which older versions of this program would merge without them.
const SCHEMA_SEGMENTS: i64 = 2;

/// Times are kept apart: everything in `results` is the same bits whenever it is computed again, times are not.
const TABLES: &str = "
CREATE TABLE study (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE cells (
    cell INTEGER PRIMARY KEY, family TEXT NOT NULL, m INTEGER NOT NULL, n INTEGER NOT NULL, k INTEGER NOT NULL,
    parameter REAL, snr_db REAL);
CREATE TABLE algorithms (algorithm INTEGER PRIMARY KEY, label TEXT NOT NULL UNIQUE);
CREATE TABLE results (
    cell INTEGER NOT NULL, run INTEGER NOT NULL, algorithm INTEGER NOT NULL,
    distance REAL NOT NULL, exact INTEGER NOT NULL, relative_residual REAL NOT NULL,
    iterations INTEGER NOT NULL, best_iteration INTEGER NOT NULL, supports_explored INTEGER NOT NULL,
    stop_reason TEXT NOT NULL, PRIMARY KEY (cell, run, algorithm)) WITHOUT ROWID;
CREATE TABLE times (
    cell INTEGER NOT NULL, run INTEGER NOT NULL, algorithm INTEGER NOT NULL, seconds REAL NOT NULL,
    PRIMARY KEY (cell, run, algorithm)) WITHOUT ROWID;
CREATE VIEW all_results AS
    SELECT family, m, n, k, parameter, snr_db, run, label AS algorithm, distance, exact, relative_residual,
        iterations, best_iteration, supports_explored, stop_reason, seconds
    FROM results JOIN cells USING (cell) JOIN algorithms USING (algorithm) JOIN times USING (cell, run, algorithm);
";

/// What a study with segments has besides.
const SEGMENT_TABLES: &str = "
CREATE TABLE segments (
    cell INTEGER NOT NULL, run INTEGER NOT NULL, algorithm INTEGER NOT NULL,
    segments INTEGER NOT NULL, worse_segments INTEGER NOT NULL, search_missed REAL NOT NULL, info_missed REAL NOT NULL,
    PRIMARY KEY (cell, run, algorithm)) WITHOUT ROWID;
DROP VIEW all_results;
CREATE VIEW all_results AS
    SELECT family, m, n, k, parameter, snr_db, run, label AS algorithm, distance, exact, relative_residual,
        iterations, best_iteration, supports_explored, stop_reason, seconds,
        segments, worse_segments, search_missed, info_missed
    FROM results JOIN cells USING (cell) JOIN algorithms USING (algorithm) JOIN times USING (cell, run, algorithm)
        JOIN segments USING (cell, run, algorithm);
";

/// The text of the study from a store that has it, and the larger of two numbers of runs.
const TAKE_STUDY: &str = "
INSERT INTO main.study SELECT key, value FROM other.study WHERE key IN ('source', 'runs', 'results')
    ON CONFLICT (key) DO UPDATE SET value = excluded.value
    WHERE key != 'source' AND CAST(excluded.value AS INTEGER) > CAST(value AS INTEGER);
";

/// An open store.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    connection: Connection,
    /// The study that it was opened for.
    study: Option<Value>,
}

/// One result, to be written.
#[derive(Debug, Clone)]
pub struct Row {
    /// The cell.
    pub cell: Cell,
    /// The run.
    pub run: u64,
    /// Position of the algorithm in the study.
    pub method: usize,
    /// The outcome.
    pub outcome: Outcome,
}

/// How long to wait for other sweeps that write to the same store.
const PATIENCE: Duration = Duration::from_secs(60);

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// SQLite's integers are signed; addresses are not.
fn signed(address: u64) -> i64 {
    i64::from_ne_bytes(address.to_ne_bytes())
}

impl Store {
    /// Opens the store of a study, or creates it. Several sweeps may do so at the same time: one creates it, and all use it.
    ///
    /// # Errors
    /// [`LabError::Changed`] if the store was made by a study that differs in anything but its number of runs,
    /// [`LabError::Store`] if the file is something else or damaged.
    pub fn open(path: &Path, study: &Study) -> Result<Self, LabError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let mut store = Self::connect(path, flags)?;
        store.make(study, false)?;
        Ok(store)
    }

    /// Like [`open`](Self::open), but discards the results that an earlier sweep or another study left there.
    ///
    /// # Errors
    /// [`LabError::Store`].
    pub fn restart(path: &Path, study: &Study) -> Result<Self, LabError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        // Emptied, not removed: another sweep may have it open, and would go on writing to a file that nobody sees.
        let emptied = Self::connect(path, flags).and_then(|mut store| store.make(study, true).map(|()| store));
        match emptied {
            Err(LabError::Store { .. }) if path.is_file() => {}
            opened => return opened,
        }
        // No store: whatever it is, it was to go.
        for file in [path.to_owned(), with_suffix(path, "-journal")] {
            match std::fs::remove_file(&file) {
                Err(error) if file.exists() => {
                    return Err(LabError::Unwritten { store: file, message: error.to_string() });
                }
                _ => {}
            }
        }
        Self::open(path, study)
    }

    /// Makes the tables, unless another sweep has made them. Nobody else writes meanwhile, and a store that is interrupted
    /// while it is made stays empty.
    fn make(&mut self, study: &Study, restart: bool) -> Result<(), LabError> {
        self.exclusively(|store| {
            if restart {
                store.clear()?;
            }
            if store.is_empty()? {
                let (more, version) = match study.segments {
                    Some(_) => (SEGMENT_TABLES, SCHEMA_SEGMENTS),
                    None => ("", SCHEMA),
                };
                store
                    .said(store.connection.execute_batch(&format!("{TABLES}{more}PRAGMA user_version = {version};")))?;
                for (at, method) in study.methods.iter().enumerate() {
                    let sql = "INSERT INTO algorithms VALUES (?, ?)";
                    store.said(store.connection.execute(sql, params![at as i64, method.label]))?;
                }
                let sql = "INSERT INTO study VALUES ('description', ?), ('version', ?), ('title', ?)";
                let values = params![study.description().to_string(), env!("CARGO_PKG_VERSION"), study.title];
                store.said(store.connection.execute(sql, values))?;
            }
            let description = store.description()?;
            let differ = changes(&description, &study.description());
            if !differ.is_empty() {
                return Err(LabError::Changed { store: store.path.clone(), changes: differ.join("; ") });
            }
            store.study = Some(description);
            store.note_study(study)
        })
    }

    /// Does `work` while no other connection writes: all of it is kept, or nothing.
    fn exclusively<V>(&mut self, work: impl FnOnce(&mut Self) -> Result<V, LabError>) -> Result<V, LabError> {
        // Immediate: a transaction that starts with reading could not wait for a writer later, and would fail.
        self.said(self.connection.execute_batch("BEGIN IMMEDIATE"))?;
        let done = work(self).and_then(|value| self.said(self.connection.execute_batch("COMMIT")).map(|()| value));
        if done.is_err() {
            // The first error is the one worth reporting; SQLite may have rolled back by itself.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        done
    }

    /// Drops every table and view.
    fn clear(&self) -> Result<(), LabError> {
        let sql = "SELECT type, name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
        let mut statement = self.said(self.connection.prepare(sql))?;
        let rows =
            self.said(statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))))?;
        let all: Vec<(String, String)> = self.said(rows.collect())?;
        drop(statement);
        for (kind, name) in all {
            let name = name.replace('"', "\"\"");
            self.said(self.connection.execute_batch(&format!("DROP {kind} \"{name}\"")))?;
        }
        Ok(())
    }

    /// Notes the text of the study, the number of runs, and how many results there will be, if that is known beforehand.
    fn note_study(&self, study: &Study) -> Result<(), LabError> {
        let sql = "INSERT OR REPLACE INTO study VALUES ('source', ?)";
        self.said(self.connection.execute(sql, params![study.source]))?;
        self.note_number("runs", study.runs)?;
        if study.transition.is_some() {
            return Ok(());
        }
        let size = study.cells.len() as u64 * study.runs * study.methods.len() as u64;
        self.note_number("results", size)
    }

    /// Notes a number, unless a larger one is known: a sweep of fewer runs leaves the others there.
    fn note_number(&self, key: &str, number: u64) -> Result<(), LabError> {
        let sql = "INSERT INTO study VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value
            WHERE CAST(excluded.value AS INTEGER) > CAST(value AS INTEGER)";
        self.said(self.connection.execute(sql, params![key, number.to_string()])).map(|_| ())
    }

    /// The number of results that the study will have, all its shards together; `None` if this is not known beforehand.
    ///
    /// # Errors
    /// [`LabError::Store`].
    pub fn size(&self) -> Result<Option<u64>, LabError> {
        Ok(self.value("results")?.and_then(|text| text.parse().ok()))
    }

    /// The version of sparsea that made the store.
    ///
    /// # Errors
    /// [`LabError::Store`].
    pub fn version(&self) -> Result<String, LabError> {
        self.value("version").map(Option::unwrap_or_default)
    }

    /// What is noted of the study under a key.
    fn value(&self, key: &str) -> Result<Option<String>, LabError> {
        let sql = "SELECT value FROM study WHERE key = ?";
        self.said(self.connection.query_row(sql, [key], |row| row.get(0)).optional())
    }

    /// The number of results in the store.
    ///
    /// # Errors
    /// [`LabError::Store`].
    pub fn results(&self) -> Result<u64, LabError> {
        let count: i64 = self.said(self.connection.query_row("SELECT count(*) FROM results", [], |row| row.get(0)))?;
        Ok(count as u64)
    }

    /// The study of the store, with its number of runs, as far as needed for its pictures: a matrix supplied by the user is replaced by
    /// zeros.
    ///
    /// # Errors
    /// [`LabError::Store`], also if the store was made by an older version, which did not keep the text of the study.
    pub fn study(&self) -> Result<Study, LabError> {
        let known = self.value("source")?.zip(self.value("runs")?.and_then(|runs| runs.parse().ok()));
        let Some((source, runs)) = known else {
            return Err(
                self.broken("holds no text of its study: an older version made it; `sparsea sweep STUDY` adds it")
            );
        };
        let description = self.description()?;
        let size = |key: &str| description["problem"][key][0].as_u64().unwrap_or(0) as usize;
        let zeros = |_: &Path| Ok(Mat::zeros(size("m"), size("n")));
        let study = Study { runs, ..Study::parse(&source, &self.path.display().to_string(), &zeros)? };
        // Every k of a transition may have been tried instead.
        let is_grid = study.transition.is_some() && description["transition"].is_null();
        Ok(if is_grid { study.whole_grid() } else { study })
    }

    /// Opens a store for reading.
    ///
    /// # Errors
    /// [`LabError::Store`] if there is none, or the file is something else or damaged.
    pub fn read(path: &Path) -> Result<Self, LabError> {
        if !path.is_file() {
            return Err(LabError::Store { store: path.to_owned(), message: "there is no such file".to_owned() });
        }
        let journal = with_suffix(path, "-journal");
        if journal.exists() {
            // What a killed process left half written is rolled back, which takes the right to write; where that fails, reading says why.
            let _ = Self::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE).and_then(|store| store.description());
        }
        let store = Self::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        store.description()?;
        Ok(store)
    }

    /// Copies everything committed to a new file.
    ///
    /// # Errors
    /// [`LabError::Store`], [`LabError::Unwritten`].
    pub fn copy_to(&self, path: &Path) -> Result<(), LabError> {
        let name = path.to_string_lossy().into_owned();
        self.said(self.connection.execute("VACUUM INTO ?", params![name])).map(|_| ())
    }

    /// Opens a store of any study, so that others can be merged into it.
    ///
    /// # Errors
    /// Those of [`read`](Self::read).
    pub fn write_to(path: &Path) -> Result<Self, LabError> {
        Self::read(path)?;
        Self::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
    }

    fn connect(path: &Path, flags: OpenFlags) -> Result<Self, LabError> {
        let said = |error: rusqlite::Error| LabError::Store { store: path.to_owned(), message: why(&error) };
        let connection = Connection::open_with_flags(path, flags).map_err(said)?;
        connection.busy_timeout(PATIENCE).map_err(said)?;
        let store = Self { path: path.to_owned(), connection, study: None };
        // In this order: tables and version appear at the same moment.
        if !store.is_empty()? {
            let version: i64 = store.said(store.connection.query_row("PRAGMA user_version", [], |row| row.get(0)))?;
            if !(SCHEMA..=SCHEMA_SEGMENTS).contains(&version) {
                return Err(store.broken("is a database, but not the store of a study"));
            }
        }
        Ok(store)
    }

    /// Whether it is the store of a study with segments. Asked each time: another sweep may have restarted it.
    fn has_segments(&self) -> Result<bool, LabError> {
        let version: i64 = self.said(self.connection.query_row("PRAGMA user_version", [], |row| row.get(0)))?;
        Ok(version == SCHEMA_SEGMENTS)
    }

    fn is_empty(&self) -> Result<bool, LabError> {
        let sql = "SELECT count(*) FROM sqlite_master";
        self.said(self.connection.query_row(sql, [], |row| row.get::<_, i64>(0))).map(|tables| tables == 0)
    }

    fn said<V>(&self, result: rusqlite::Result<V>) -> Result<V, LabError> {
        result.map_err(|error| {
            use rusqlite::ErrorCode::{DatabaseBusy, DiskFull, OutOfMemory, SystemIoFailure};
            let message = why(&error);
            match error.sqlite_error_code() {
                Some(DatabaseBusy | DiskFull | OutOfMemory | SystemIoFailure) => {
                    LabError::Unwritten { store: self.path.clone(), message }
                }
                _ => self.broken(&message),
            }
        })
    }

    fn broken(&self, message: &str) -> LabError {
        LabError::Store { store: self.path.clone(), message: message.to_owned() }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The description of the study that the store was made for.
    ///
    /// # Errors
    /// [`LabError::Store`].
    pub fn description(&self) -> Result<Value, LabError> {
        let sql = "SELECT value FROM study WHERE key = 'description'";
        let text: Option<String> = self.said(self.connection.query_row(sql, [], |row| row.get(0)).optional())?;
        let text = text.ok_or_else(|| self.broken("does not say which study it is of"))?;
        serde_json::from_str(&text).map_err(|_| self.broken("does not say which study it is of"))
    }

    /// Addresses of the results in the store: (cell, run, algorithm).
    ///
    /// # Errors
    /// [`LabError::Store`].
    pub fn present(&self) -> Result<HashSet<(u64, u64, usize)>, LabError> {
        let mut present = HashSet::new();
        let mut statement = self.said(self.connection.prepare("SELECT cell, run, algorithm FROM results"))?;
        let mut rows = self.said(statement.query([]))?;
        while let Some(row) = self.said(rows.next())? {
            let (cell, run, method): (i64, i64, i64) =
                (self.said(row.get(0))?, self.said(row.get(1))?, self.said(row.get(2))?);
            present.insert((u64::from_ne_bytes(cell.to_ne_bytes()), run as u64, method as usize));
        }
        Ok(present)
    }

    /// Successes of the runs 0, 1, … up to the first gap, by cell and algorithm: (cell and label, successes, runs).
    ///
    /// # Errors
    /// [`LabError::Store`].
    pub fn successes(&self) -> Result<Vec<(Stored, u64, u64)>, LabError> {
        let sql = "SELECT cell, m, n, k, parameter, snr_db, label, family, count(*), sum(exact), max(run), algorithm
            FROM results JOIN cells USING (cell) JOIN algorithms USING (algorithm) GROUP BY cell, algorithm";
        let mut statement = self.said(self.connection.prepare(sql))?;
        let rows = self.said(statement.query_map([], |row| {
            let whole = |at: usize| row.get::<_, i64>(at).map(|value| value as u64);
            let address: i64 = row.get(0)?;
            let stored = Stored {
                cell: u64::from_ne_bytes(address.to_ne_bytes()),
                rows: whole(1)? as usize,
                columns: whole(2)? as usize,
                sparsity: whole(3)? as usize,
                parameter: row.get(4)?,
                snr_db: row.get(5)?,
                algorithm: row.get(6)?,
                family: row.get(7)?,
                ..Stored::default()
            };
            Ok((stored, whole(8)?, whole(9)?, whole(10)?, (address, row.get::<_, i64>(11)?)))
        }))?;
        let mut counts = Vec::new();
        for row in rows {
            let (stored, mut made, mut successes, last, (cell, algorithm)) = self.said(row)?;
            if last + 1 != made {
                // Some of a block that was interrupted are missing.
                (successes, made) = self.without_gap(cell, algorithm)?;
            }
            counts.push((stored, successes, made));
        }
        Ok(counts)
    }

    fn without_gap(&self, cell: i64, algorithm: i64) -> Result<(u64, u64), LabError> {
        let sql = "SELECT run, exact FROM results WHERE cell = ? AND algorithm = ? ORDER BY run";
        let mut statement = self.said(self.connection.prepare(sql))?;
        let mut rows = self.said(statement.query(params![cell, algorithm]))?;
        let (mut successes, mut made) = (0, 0);
        while let Some(row) = self.said(rows.next())? {
            let (run, exact): (i64, bool) = (self.said(row.get(0))?, self.said(row.get(1))?);
            if run as u64 != made {
                break;
            }
            made += 1;
            successes += u64::from(exact);
        }
        Ok((successes, made))
    }

    /// Writes results in one transaction: either all of them or none.
    ///
    /// # Errors
    /// [`LabError::Unwritten`], for example if the disk is full; [`LabError::Store`]; [`LabError::Changed`] if another sweep has meanwhile
    /// restarted the store with another study.
    pub fn write(&mut self, rows: &[Row]) -> Result<(), LabError> {
        self.exclusively(|store| {
            if let Some(study) = &store.study {
                let differ = changes(&store.description()?, study);
                if !differ.is_empty() {
                    return Err(LabError::Changed { store: store.path.clone(), changes: differ.join("; ") });
                }
            }
            let insert = |table: &str| store.said(store.connection.prepare(&format!("INSERT OR IGNORE INTO {table}")));
            let mut cells = insert("cells VALUES (?, ?, ?, ?, ?, ?, ?)")?;
            let mut results = insert("results VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?;
            let mut times = insert("times VALUES (?, ?, ?, ?)")?;
            let mut segments = match store.has_segments()? {
                true => Some(insert("segments VALUES (?, ?, ?, ?, ?, ?, ?)")?),
                false => None,
            };
            let mut last = None;
            for Row { cell, run, method, outcome } in rows {
                let address = signed(cell.address());
                let (run, method) = (*run as i64, *method as i64);
                if last != Some(address) {
                    let (family, m, n) = (cell.family.word(), cell.rows as i64, cell.columns as i64);
                    let values = params![address, family, m, n, cell.sparsity as i64, cell.parameter, cell.snr_db];
                    store.said(cells.execute(values))?;
                    last = Some(address);
                }
                let values = params![
                    address,
                    run,
                    method,
                    outcome.distance,
                    outcome.exact,
                    outcome.relative_residual,
                    outcome.iterations as i64,
                    outcome.best_iteration as i64,
                    outcome.supports_explored as i64,
                    outcome.stop_reason.word()
                ];
                store.said(results.execute(values))?;
                store.said(times.execute(params![address, run, method, outcome.seconds]))?;
                if let (Some(table), Some(parts)) = (&mut segments, outcome.segments) {
                    let (count, worse) = (parts.segments as i64, parts.worse as i64);
                    let values = params![address, run, method, count, worse, parts.search_missed, parts.info_missed];
                    store.said(table.execute(values))?;
                }
            }
            Ok(())
        })
    }

    /// Adds the results of another store of the same study.
    ///
    /// # Errors
    /// [`LabError::Changed`] if the studies differ, [`LabError::Contradiction`] if the two disagree about a result; this store is then
    /// unchanged.
    pub fn merge(&mut self, other: &Path) -> Result<usize, LabError> {
        let theirs = Self::read(other)?;
        let differ = changes(&self.description()?, &theirs.description()?);
        if !differ.is_empty() {
            return Err(LabError::Changed { store: other.to_owned(), changes: differ.join("; ") });
        }
        drop(theirs);
        let name = other.to_string_lossy().into_owned();
        self.said(self.connection.execute("ATTACH DATABASE ? AS other", params![name]))?;
        let merged = self.merge_attached(other);
        // The error of the merge says more than that of the detachment.
        let detached = self.said(self.connection.execute_batch("DETACH DATABASE other"));
        merged.and_then(|added| detached.map(|()| added))
    }

    fn merge_attached(&mut self, other: &Path) -> Result<usize, LabError> {
        self.exclusively(|store| {
            // Both are of the same study, and so both have segments or neither.
            let (join, differ, take_segments) = match store.has_segments()? {
                true => (
                    "JOIN main.segments p USING (cell, run, algorithm) JOIN other.segments q USING (cell, run, algorithm)",
                    "OR p.segments IS NOT q.segments OR p.worse_segments IS NOT q.worse_segments
                        OR p.search_missed IS NOT q.search_missed OR p.info_missed IS NOT q.info_missed",
                    "INSERT OR IGNORE INTO main.segments SELECT * FROM other.segments;",
                ),
                false => ("", "", ""),
            };
            let sql = format!(
                "SELECT cells.family || ' ' || cells.m || ' × ' || cells.n || ', k = ' || cells.k || ', run ' || a.run
                || ', ' || label
                FROM main.results a JOIN other.results b USING (cell, run, algorithm) {join}
                JOIN main.cells USING (cell) JOIN main.algorithms USING (algorithm)
                WHERE a.distance IS NOT b.distance OR a.exact IS NOT b.exact
                    OR a.relative_residual IS NOT b.relative_residual OR a.iterations IS NOT b.iterations
                    OR a.best_iteration IS NOT b.best_iteration OR a.supports_explored IS NOT b.supports_explored
                    OR a.stop_reason IS NOT b.stop_reason {differ}
                ORDER BY a.cell, a.run, a.algorithm LIMIT 1"
            );
            let contradiction: Option<String> =
                store.said(store.connection.query_row(&sql, [], |row| row.get(0)).optional())?;
            if let Some(what) = contradiction {
                return Err(LabError::Contradiction { first: store.path.clone(), second: other.to_owned(), what });
            }
            let take = "INSERT OR IGNORE INTO main.cells SELECT * FROM other.cells;
                INSERT OR IGNORE INTO main.times SELECT * FROM other.times;";
            store.said(store.connection.execute_batch(&format!("{take}{take_segments}{TAKE_STUDY}")))?;
            let sql = "INSERT OR IGNORE INTO main.results SELECT * FROM other.results";
            store.said(store.connection.execute(sql, []))
        })
    }

    /// Calls `visit` with every result, ordered by cell, run and algorithm of the store.
    ///
    /// # Errors
    /// [`LabError::Store`]; errors that `visit` returns.
    pub fn each(&self, mut visit: impl FnMut(Stored) -> Result<(), LabError>) -> Result<(), LabError> {
        let (columns, join) = match self.has_segments()? {
            true => {
                (", segments, worse_segments, search_missed, info_missed", "JOIN segments USING (cell, run, algorithm)")
            }
            false => ("", ""),
        };
        let sql = format!(
            "SELECT cell, m, n, k, parameter, snr_db, run, label, distance, exact, relative_residual, iterations,
                best_iteration, supports_explored, stop_reason, seconds, family {columns}
            FROM results JOIN cells USING (cell) JOIN algorithms USING (algorithm)
            JOIN times USING (cell, run, algorithm) {join} ORDER BY family, n, parameter, m, snr_db, k, run, algorithm"
        );
        let mut statement = self.said(self.connection.prepare(&sql))?;
        let rows = self.said(statement.query_map([], |row| {
            let whole = |at: usize| row.get::<_, i64>(at).map(|value| value as u64);
            Ok(Stored {
                cell: u64::from_ne_bytes(row.get::<_, i64>(0)?.to_ne_bytes()),
                rows: whole(1)? as usize,
                columns: whole(2)? as usize,
                sparsity: whole(3)? as usize,
                parameter: row.get(4)?,
                snr_db: row.get(5)?,
                run: whole(6)?,
                algorithm: row.get(7)?,
                distance: row.get(8)?,
                exact: row.get(9)?,
                relative_residual: row.get(10)?,
                iterations: whole(11)?,
                best_iteration: whole(12)?,
                supports_explored: whole(13)?,
                stop_reason: row.get(14)?,
                seconds: row.get(15)?,
                family: row.get(16)?,
                segments: if join.is_empty() { None } else { Some(whole(17)?) },
                worse_segments: if join.is_empty() { None } else { Some(whole(18)?) },
                search_missed: if join.is_empty() { None } else { Some(row.get(19)?) },
                info_missed: if join.is_empty() { None } else { Some(row.get(20)?) },
            })
        }))?;
        for row in rows {
            visit(self.said(row)?)?;
        }
        Ok(())
    }
}

/// One result, as read from a store.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct Stored {
    /// Kind of operator.
    pub family: String,
    /// Rows of A.
    #[serde(rename = "m")]
    pub rows: usize,
    /// Columns of A.
    #[serde(rename = "n")]
    pub columns: usize,
    /// Non-zeros.
    #[serde(rename = "k")]
    pub sparsity: usize,
    /// σ, τ or a correlation.
    pub parameter: Option<f64>,
    /// Signal-to-noise ratio in decibels.
    pub snr_db: Option<f64>,
    /// The run.
    pub run: u64,
    /// Label of the algorithm.
    pub algorithm: String,
    /// Share of the true support that was missed.
    pub distance: f64,
    /// Whether the support was recovered exactly.
    pub exact: bool,
    /// ‖y − A x‖/‖y‖.
    pub relative_residual: f64,
    /// Iterations of the last algorithm.
    pub iterations: u64,
    /// The iteration that reached the solution.
    pub best_iteration: u64,
    /// Distinct supports.
    pub supports_explored: u64,
    /// Why it ended.
    pub stop_reason: String,
    /// Wall time.
    pub seconds: f64,
    /// Address of the cell.
    pub cell: u64,
    /// Number of segments. This and the following are fields of [`Segments`](sparsea::metrics::Segments); `None` if the study has no
    /// segments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segments: Option<u64>,
    /// Segments that are worse than the truth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worse_segments: Option<u64>,
    /// Share of the support missed by the search.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search_missed: Option<f64>,
    /// Share of the support missed because the data do not determine it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub info_missed: Option<f64>,
}

/// What SQLite says, in the words of a user.
fn why(error: &rusqlite::Error) -> String {
    use rusqlite::ErrorCode::{
        CannotOpen, DatabaseBusy, DatabaseCorrupt, DatabaseLocked, DiskFull, NotADatabase, ReadOnly,
    };
    let code = error.sqlite_error_code();
    match code {
        Some(NotADatabase) => "is not the store of a study".to_owned(),
        Some(DatabaseCorrupt) => "is damaged".to_owned(),
        Some(DatabaseBusy | DatabaseLocked) => "is being written by another sweep".to_owned(),
        Some(DiskFull) => "the disk is full".to_owned(),
        Some(CannotOpen) => "cannot be opened or made".to_owned(),
        Some(ReadOnly) => "cannot be written".to_owned(),
        _ => match error {
            rusqlite::Error::SqliteFailure(_, Some(text)) if text.starts_with("no such table") => {
                "is a database, but not the store of a study".to_owned()
            }
            other => other.to_string().split_whitespace().collect::<Vec<_>>().join(" "),
        },
    }
}
