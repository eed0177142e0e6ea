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
INSERT INTO algorithms VALUES (0, 'omp'), (1, 'lasso'), (2, 'warm');
INSERT INTO study VALUES ('version', '0.1.0'), ('title', 'small');
PRAGMA user_version = 1;
