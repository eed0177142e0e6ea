//! Studies: what is in a store depends on the study alone, not on how it was computed.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use faer::Mat;
use sparsea_lab::LabError;
use sparsea_lab::comparison::{self, transitions};
use sparsea_lab::figures::{ASYMPTOTE, study_figures, transition_curves, transition_figure};
use sparsea_lab::store::{Store, Stored};
use sparsea_lab::study::{Study, run_cell};
use sparsea_lab::summary::{export_results, export_summary, summarise};
use sparsea_lab::sweep::{Conduct, Ended, Shard, sweep};
use sparsea_lab::transition::locate_all;

const SMALL: &str = r#"
name = "small"
seed = 5
runs = 6
iterations = 40
algorithms = ["omp", "lasso", { chain = "omp+sea", label = "warm", settings = { step_size = 0.5 } }]
[problem]
family = "gaussian"
n = 24
m = [12, 16]
k = [2, 4]
snr_db = [20, 40]
"#;

fn no_file(path: &Path) -> Result<Mat<f64>, String> {
    Err(format!("{}: not here", path.display()))
}

fn study(text: &str) -> Study {
    Study::parse(text, "test.toml", &no_file).unwrap()
}

fn refused(text: &str) -> String {
    Study::parse(text, "test.toml", &no_file).unwrap_err().to_string()
}

static RUN_ON: AtomicBool = AtomicBool::new(false);

fn whole() -> Conduct<'static> {
    Conduct { shard: Shard::default(), stop: &RUN_ON, pool: None }
}

/// Everything in a store but the times.
fn contents(store: &Store) -> Vec<Stored> {
    let mut rows = Vec::new();
    let take = |mut row: Stored| {
        assert!(row.seconds >= 0.0);
        row.seconds = 0.0;
        rows.push(row);
        Ok(())
    };
    store.each(take).unwrap();
    rows
}

/// The contents of a store of the study, computed at once.
fn computed(study: &Study) -> Vec<Stored> {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("s.sqlite"), study).unwrap();
    assert_eq!(sweep(study, &mut store, whole(), &mut |_, _| {}).unwrap(), Ended::Complete);
    contents(&store)
}

#[test]
fn threads_shards_and_order_do_not_matter() {
    let study = study(SMALL);
    let expected = computed(&study);
    assert_eq!(expected.len(), 2 * 2 * 2 * 6 * 3);
    assert!(expected.iter().any(|row| row.distance > 0.0) && expected.iter().any(|row| row.exact));
    let folder = tempfile::tempdir().unwrap();
    for threads in [1, 2, 7] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let mut store = Store::open(&folder.path().join(format!("{threads}.sqlite")), &study).unwrap();
        let conduct = Conduct { pool: Some(&pool), ..whole() };
        sweep(&study, &mut store, conduct, &mut |_, _| {}).unwrap();
        assert!(contents(&store) == expected, "{threads} threads");
    }
    // Three parts, joined in another order; joining twice changes nothing.
    let part = |i: u64| folder.path().join(format!("part{i}.sqlite"));
    for i in 1..=3 {
        let mut store = Store::open(&part(i), &study).unwrap();
        sweep(&study, &mut store, Conduct { shard: Shard { part: i, of: 3 }, ..whole() }, &mut |_, _| {}).unwrap();
        assert_eq!(contents(&store).len(), expected.len() / 3);
    }
    let mut joined = Store::open(&part(3), &study).unwrap();
    assert_eq!(joined.merge(&part(1)).unwrap(), expected.len() / 3);
    assert_eq!(joined.merge(&part(2)).unwrap(), expected.len() / 3);
    assert_eq!(joined.merge(&part(2)).unwrap(), 0);
    assert!(contents(&joined) == expected);
    // One result alone.
    let cell = &study.cells[3];
    let alone = run_cell(&study, cell, 4, &[2]).unwrap()[0];
    let stored =
        expected.iter().find(|row| row.cell == cell.address() && row.run == 4 && row.algorithm == "warm").unwrap();
    assert_eq!((alone.distance, alone.relative_residual), (stored.distance, stored.relative_residual));
    assert_eq!((alone.iterations, alone.supports_explored), (stored.iterations, stored.supports_explored));
}

#[test]
fn a_stopped_sweep_goes_on_where_it_stopped() {
    let study = study(SMALL);
    let expected = computed(&study);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.sqlite");
    let mut times = 0;
    loop {
        let mut store = Store::open(&path, &study).unwrap();
        let before = contents(&store).len();
        let stop = AtomicBool::new(false);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        // It stops itself as soon as something has been committed.
        let mut watch = |done: u64, _| stop.store(done > 0, Ordering::Relaxed);
        let conduct = Conduct { stop: &stop, pool: Some(&pool), ..whole() };
        let ended = sweep(&study, &mut store, conduct, &mut watch).unwrap();
        times += 1;
        let after = contents(&store);
        assert!(after.len() > before || ended == Ended::Complete);
        if after.len() == expected.len() {
            assert!(after == expected);
            break;
        }
    }
    assert!(times >= 1);
    // More cells and more runs contain the same problems.
    let more = SMALL.replace("k = [2, 4]", "k = [1, 2, 4]").replace("runs = 6", "runs = 7");
    let more = computed(&self::study(&more));
    let old: Vec<Stored> = more.into_iter().filter(|row| row.sparsity != 1 && row.run < 6).collect();
    assert!(old == expected);
}

#[test]
fn every_family_makes_problems_that_omp_can_solve() {
    for (family, keys) in [
        ("gaussian", "m = 40"),
        ("bernoulli", "m = 40"),
        ("partial_cosine", "m = 40"),
        ("partial_fourier", "zeta = 0.5"),
        ("gaussian_filter", "sigma = 0.6"),
        ("exponential_filter", "tau = 2.0"),
        ("autoregressive", "m = 60\ncorrelation = 0.3"),
        ("equicorrelated", "m = 60\ncorrelation = 0.2"),
        ("steps", ""),
    ] {
        for coefficients in ["bounded", "normal", "ones"] {
            let text = format!(
                "name = 'f'\nruns = 8\nalgorithms = ['omp', 'ols']\n[problem]\nfamily = '{family}'\nn = 80\n{keys}\nk = 2\n\
                 coefficients = '{coefficients}'"
            );
            let study = study(&text);
            assert_eq!(study.cells.len(), 1);
            let outcomes: Vec<_> =
                (0..8).flat_map(|run| run_cell(&study, &study.cells[0], run, &[1]).unwrap()).collect();
            assert_eq!(outcomes.len(), 8, "{family}");
            let exact = outcomes.iter().filter(|outcome| outcome.exact).count();
            assert!(exact >= 6, "{family} {coefficients}: {exact} of 8");
            assert!(
                outcomes.iter().all(|o| o.exact == (o.distance == 0.0) && (!o.exact || o.relative_residual < 1e-10))
            );
        }
    }
}

#[test]
fn noise_has_its_stated_size() {
    // With the true support found, what is left is the noise, less its share in k of m dimensions.
    let text = SMALL.replace("m = [12, 16]", "m = 200").replace("snr_db = [20, 40]", "snr_db = 20");
    let study = study(&text.replace("n = 24", "n = 240").replace("runs = 6", "runs = 20"));
    let mut residuals = vec![];
    for run in 0..20 {
        residuals.extend(run_cell(&study, &study.cells[0], run, &[0]).unwrap().iter().map(|o| o.relative_residual));
    }
    let mean = residuals.iter().sum::<f64>() / residuals.len() as f64;
    assert!((mean - 0.1).abs() < 0.003, "{mean}");
}

#[test]
fn a_matrix_of_the_users_own() {
    let text = "name = 'own'\nruns = 3\nalgorithms = ['omp']\n[problem]\nfamily = 'matrix'\nfile = 'a.npy'\nk = 2";
    let read = |factor: f64| {
        move |path: &Path| -> Result<Mat<f64>, String> {
            assert_eq!(path, Path::new("a.npy"));
            Ok(Mat::from_fn(9, 12, |i, j| factor + ((i * 7 + j * 3) as f64).sin()))
        }
    };
    let study = Study::parse(text, "own.toml", &read(0.0)).unwrap();
    assert_eq!((study.cells[0].rows, study.cells[0].columns), (9, 12));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.sqlite");
    sweep(&study, &mut Store::open(&path, &study).unwrap(), whole(), &mut |_, _| {}).unwrap();
    // Another matrix under the same name is another study.
    let other = Study::parse(text, "own.toml", &read(1.0)).unwrap();
    let said = Store::open(&path, &other).unwrap_err().to_string();
    assert!(said.contains("problem.matrix"), "{said}");
    assert_eq!(refused(text), "test.toml: a.npy: not here");
}

#[test]
fn stores_know_their_study() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.sqlite");
    let first = study(SMALL);
    drop(Store::open(&path, &first).unwrap());
    assert!(
        Store::open(&path, &study(&SMALL.replace("runs = 6", "runs = 60"))).is_ok(),
        "more runs are the same study"
    );
    for (from, to, said) in [
        ("seed = 5", "seed = 6", "seed: 5 → 6"),
        ("k = [2, 4]", "k = [2]", "problem.k: [2,4] → [2]"),
        ("step_size = 0.5", "step_size = 0.6", "algorithms: "),
        ("family = \"gaussian\"", "family = \"bernoulli\"", "problem.family: \"gaussian\" → \"bernoulli\""),
    ] {
        let error = Store::open(&path, &study(&SMALL.replace(from, to))).unwrap_err();
        assert!(matches!(error, LabError::Changed { .. }), "{error}");
        assert!(error.to_string().contains(said), "{error}");
    }
    // Two stores that disagree are not joined.
    let other = folder.path().join("other.sqlite");
    let mut store = Store::open(&path, &first).unwrap();
    sweep(&first, &mut store, whole(), &mut |_, _| {}).unwrap();
    std::fs::copy(&path, &other).unwrap();
    let forged = rusqlite::Connection::open(&other).unwrap();
    forged.execute("UPDATE results SET iterations = iterations + 1 WHERE run = 3 AND algorithm = 1", []).unwrap();
    drop(forged);
    let before = contents(&store);
    let error = store.merge(&other).unwrap_err();
    assert!(matches!(&error, LabError::Contradiction { what, .. } if what.contains("run 3, lasso")), "{error}");
    assert!(contents(&store) == before);
    // What is no store is told apart and left alone.
    let text = folder.path().join("text.sqlite");
    std::fs::write(&text, "no database at all, but long enough to look like a file with something in it\n".repeat(20))
        .unwrap();
    let said = Store::open(&text, &first).unwrap_err().to_string();
    assert!(said.ends_with("is not the store of a study"), "{said}");
    assert!(std::fs::read_to_string(&text).unwrap().starts_with("no database"));
    assert!(
        Store::read(&folder.path().join("none.sqlite")).unwrap_err().to_string().ends_with("there is no such file")
    );
}

#[test]
fn what_is_wrong_with_a_study_is_said() {
    let change = |from: &str, to: &str| {
        assert!(SMALL.contains(from), "{from}");
        refused(&SMALL.replace(from, to))
    };
    assert!(
        change("seed = 5", "sed = 5").starts_with("test.toml:3:1: unknown field `sed`"),
        "{}",
        change("seed = 5", "sed = 5")
    );
    assert!(change("runs = 6", "runs = 'six'").starts_with("test.toml:4:8: invalid type: string \"six\""));
    assert!(change("runs = 6", "runs = ").starts_with("test.toml:4:"));
    assert!(change("k = [2, 4]", "k = ['two']").contains("expected a number, a list of numbers, or { from"));
    for (from, to, said) in [
        ("runs = 6", "runs = 0", "test.toml: runs must be at least 1, got 0"),
        ("\"small\"", "\"a/b\"", "test.toml: name must be letters, digits, - and _, because files carry it, got 'a/b'"),
        ("k = [2, 4]", "k = []", "test.toml: problem.k is an empty list"),
        ("k = [2, 4]", "k = [2, 2]", "test.toml: problem.k has 2 twice"),
        (
            "k = [2, 4]",
            "k = 13",
            "test.toml: k must be between 1 and min(m, n) = 12, got 13 (gaussian 12 × 24, k = 13, 20 dB)",
        ),
        ("k = [2, 4]", "", "test.toml: problem.k (or problem.rho) is missing"),
        ("k = [2, 4]", "k = 2\nrho = 0.5", "test.toml: problem.k and problem.rho exclude each other"),
        ("m = [12, 16]", "", "test.toml: problem.m (or problem.zeta) is missing"),
        ("m = [12, 16]", "zeta = 1.5", "test.toml: problem.zeta must be above 0 and at most 1, got 1.5"),
        ("n = 24", "", "test.toml: problem.n is missing: gaussian needs it"),
        (
            "n = 24",
            "n = 24\nsigma = 3.0",
            "test.toml: problem.sigma is no parameter of gaussian, which takes n, m, zeta, k or rho, coefficients, snr_db",
        ),
        ("\"omp\"", "\"opm\"", "test.toml: algorithms: unknown algorithm 'opm'; known: "),
        (
            "step_size = 0.5",
            "step = 0.5",
            "test.toml: algorithms: unknown setting 'step' for sea; it takes: step_size, start",
        ),
        (
            "step_size = 0.5",
            "step_size = -1",
            "test.toml: algorithms: sea: step_size must be greater than 0 and finite, got -1",
        ),
        ("\"lasso\"", "\"omp\"", "test.toml: algorithms has 'omp' twice; give one of them another label"),
        (
            "family = \"gaussian\"",
            "family = \"partial_fourier\"",
            "test.toml: algorithms: lasso works on real data only",
        ),
        ("seed = 5", "seed = 5\nseconds = -1.0", "test.toml: algorithms: halt: the time must be at least 0"),
    ] {
        let found = change(from, to);
        assert!(found.starts_with(said), "{from} → {to}\n{found}\n{said}");
        assert_eq!(found.lines().count(), 1, "{found}");
    }
    assert!(refused("[transition]\n").contains("missing field"));
    let both = format!("{SMALL}\n[transition]\nlevel = 0.9\n");
    assert!(refused(&both).contains("problem.k and a transition exclude each other"));
}

const TRANSITION: &str = r#"
name = "transition"
runs = 120
iterations = 60
algorithms = ["omp", "htp"]
[problem]
family = "gaussian"
n = 16
m = [8, 12]
coefficients = "normal"
[transition]
level = 0.8
confidence = 0.95
block = 30
"#;

#[test]
fn a_transition_is_located_the_same_however_it_is_interrupted() {
    let study = study(TRANSITION);
    let rule = study.transition.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("t.sqlite"), &study).unwrap();
    assert_eq!(locate_all(&study, &rule, &mut store, whole(), &mut |_, _| {}).unwrap(), Ended::Complete);
    let expected = contents(&store);
    let curves = transition_curves(&study, &rule, &store).unwrap();
    for curve in &curves {
        for location in &curve.locations {
            assert!(location.low as f64 <= location.k && location.k <= location.high as f64, "{curve:?}");
        }
        // More rows never hurt.
        assert!(curve.locations[0].k <= curve.locations[1].k + 0.5, "{curve:?}");
    }
    assert!(curves[0].locations[1].k > 1.0, "{curves:?}");
    // The rate at each k below the interval is above the level, and above it below.
    for summary in summarise(&store).unwrap() {
        let at = study.cells.iter().position(|cell| cell.rows == summary.cell.rows).unwrap();
        let location = curves.iter().find(|curve| curve.algorithm == summary.algorithm).unwrap().locations[at];
        if summary.cell.sparsity <= location.low {
            assert!(summary.exact.value > 0.8, "{summary:?}");
        }
        if summary.cell.sparsity >= location.high {
            assert!(summary.exact.value < 0.8, "{summary:?}");
        }
    }
    // In pieces: whatever is lost of the last round is made again.
    let mut pieces = Store::open(&folder.path().join("p.sqlite"), &study).unwrap();
    sweep_some(&study, &mut pieces, &expected);
    assert_eq!(locate_all(&study, &rule, &mut pieces, whole(), &mut |_, _| {}).unwrap(), Ended::Complete);
    assert!(contents(&pieces) == expected);
}

#[test]
fn the_asymptotic_threshold_is_shown_where_it_applies() {
    let without = TRANSITION.replace("runs = 120", "runs = 30").replace("\"htp\"", "\"sea\"");
    let with = format!("{without}state_evolution = true\n");
    let (plain, shown) = (study(&without), study(&with));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.sqlite");
    let rule = plain.transition.unwrap();
    locate_all(&plain, &rule, &mut Store::open(&path, &plain).unwrap(), whole(), &mut |_, _| {}).unwrap();
    // A store does not depend on what is drawn.
    let store = Store::open(&path, &shown).unwrap();
    let curves = transition_curves(&shown, &rule, &store).unwrap();
    let drawn = |study: &Study| transition_figure(study, &curves).unwrap().svg().contains(ASYMPTOTE);
    assert!(drawn(&shown) && !drawn(&plain));
    let (text, before) = (transitions(&shown, &curves), transitions(&plain, &curves));
    // δ = 1/2: ε = .31723, which the tests of the library compare with the definition; m = 8 of n = 16.
    assert!(text.contains(" | Bayes AMP, n → ∞ |\n") && text.contains(") | 5.08 |\n"), "{text}");
    assert!(!before.contains("AMP") && text.lines().count() == before.lines().count(), "{before}");
    for (from, to) in [
        ("\"gaussian\"", "\"partial_cosine\""),
        ("\"normal\"", "\"bounded\""),
        ("coefficients", "snr_db = 20\ncoefficients"),
    ] {
        assert_eq!(
            refused(&with.replace(from, to)),
            "test.toml: transition.state_evolution is for gaussian or bernoulli with coefficients = \"normal\" and no noise"
        );
    }
}

/// Writes every third of the rows, as a sweep that was killed might have.
fn sweep_some(study: &Study, store: &mut Store, rows: &[Stored]) {
    let mut some = vec![];
    for row in rows.iter().step_by(3) {
        let cell = study.cells.iter().find(|cell| cell.rows == row.rows).unwrap().with_sparsity(row.sparsity);
        let method = study.methods.iter().position(|method| method.label == row.algorithm).unwrap();
        let outcome = run_cell(study, &cell, row.run, &[method]).unwrap()[0];
        some.push(sparsea_lab::store::Row { cell, run: row.run, method, outcome });
    }
    store.write(&some).unwrap();
}

#[test]
fn several_time_limits_are_compared() {
    let timed = SMALL
        .replace("iterations = 40", "seconds = [0.0005, 1]")
        .replace(r#"["omp", "lasso","#, r#"["omp", { chain = "sea", label = "short", iterations = 3 },"#);
    let study = study(&timed);
    let labels: Vec<&str> = study.methods.iter().map(|method| method.label.as_str()).collect();
    assert_eq!(labels, ["omp@0.5ms", "omp@1000ms", "short", "warm@0.5ms", "warm@1000ms"]);
    let budgets: Vec<Option<f64>> = study.methods.iter().map(|m| m.budget.as_ref().map(|(_, s)| *s)).collect();
    assert_eq!(budgets, [Some(0.0005), Some(1.0), None, Some(0.0005), Some(1.0)]);
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("s.sqlite"), &study).unwrap();
    sweep(&study, &mut store, whole(), &mut |_, _| {}).unwrap();
    let summaries = summarise(&store).unwrap();
    let figures = study_figures(&study, &summaries).unwrap();
    let names: Vec<&str> = figures.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names.len(), 8);
    assert_eq!(names[0], "small-k2-m12-20dB");
    let svg = figures[0].1.svg();
    assert!(
        svg.contains("time limit (ms)") && svg.contains(">omp<") && svg.contains(">warm<") && !svg.contains("short")
    );

    assert!(refused(&timed.replace("[0.0005, 1]", "[]")).contains("seconds is an empty list"));
    assert!(refused(&timed.replace("[0.0005, 1]", "[0.1, 0.1]")).contains("'omp@100ms' twice"));
    assert!(refused(&timed.replace("[0.0005, 1]", "[-1]")).contains("at least 0 seconds and finite, got -1"));
}

const SEGMENTS: &str = r#"
name = "parts"
seed = 2
runs = 8
iterations = 30
algorithms = ["omp", "els", { chain = "omp+sea", label = "sea" }]
[problem]
family = "gaussian_filter"
n = 300
sigma = 2.0
k = [8, 12]
snr_db = 26
[segments]
"#;

#[test]
fn segments_are_stored_exported_and_joined() {
    let study = study(SEGMENTS);
    let expected = computed(&study);
    assert_eq!(expected.len(), 2 * 8 * 3);
    let mut totals = [0.0; 2];
    for row in &expected {
        let (by_search, by_data) = (row.search_missed.unwrap(), row.info_missed.unwrap());
        assert!((by_search + by_data - row.distance).abs() < 1e-12, "{row:?}");
        let (all, worse) = (row.segments.unwrap(), row.worse_segments.unwrap());
        assert!(worse <= all && all as usize <= 2 * row.sparsity && (by_search == 0.0 || worse > 0), "{row:?}");
        totals = [totals[0] + by_search, totals[1] + by_data];
    }
    assert!(totals[0] > 0.0 && totals[1] > 0.0, "{totals:?}");
    // What a study without segments computes is the same otherwise.
    let plain = SEGMENTS.replace("[segments]", "");
    let mut without = computed(&self::study(&plain));
    assert!(without.iter().all(|row| row.segments.is_none() && row.search_missed.is_none()));
    for (row, with) in without.iter_mut().zip(&expected) {
        (row.segments, row.worse_segments) = (with.segments, with.worse_segments);
        (row.search_missed, row.info_missed) = (with.search_missed, with.info_missed);
    }
    assert!(without == expected);

    let folder = tempfile::tempdir().unwrap();
    let part = |i: u64| folder.path().join(format!("part{i}.sqlite"));
    for i in 1..=2 {
        let mut store = Store::open(&part(i), &study).unwrap();
        sweep(&study, &mut store, Conduct { shard: Shard { part: i, of: 2 }, ..whole() }, &mut |_, _| {}).unwrap();
    }
    let mut joined = Store::open(&part(2), &study).unwrap();
    assert_eq!(joined.merge(&part(1)).unwrap(), expected.len() / 2);
    assert!(contents(&joined) == expected);
    // Other segments, or none, make another study.
    for other in [plain.clone(), format!("{SEGMENTS}gap = 24\n")] {
        let error = Store::open(&part(1), &self::study(&other)).unwrap_err();
        assert!(matches!(&error, LabError::Changed { changes, .. } if changes.starts_with("segments")), "{error}");
    }
    // A disagreement about segments alone is one.
    let forged = rusqlite::Connection::open(part(1)).unwrap();
    forged.execute("UPDATE segments SET worse_segments = worse_segments + 1 WHERE run = 0", []).unwrap();
    drop(forged);
    assert!(matches!(joined.merge(&part(1)), Err(LabError::Contradiction { .. })));

    // Tables: the columns come only with segments.
    let summaries = summarise(&joined).unwrap();
    let table = folder.path().join("t.csv");
    export_summary(&summaries, &table).unwrap();
    let text = std::fs::read_to_string(&table).unwrap();
    assert!(text.lines().next().unwrap().ends_with("mean_info_missed_high,segments,worse_segments"), "{text}");
    export_results(&joined, &table).unwrap();
    let text = std::fs::read_to_string(&table).unwrap();
    assert!(
        text.lines().next().unwrap().ends_with(",cell,segments,worse_segments,search_missed,info_missed"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 1 + expected.len());
    let markdown = comparison::segments(&summaries);
    assert_eq!(markdown.matches("\n| k = ").count(), summaries.len(), "{markdown}");
    let first = &summaries[0];
    let mine: Vec<&Stored> = expected.iter().filter(|row| row.sparsity == 8 && row.algorithm == "omp").collect();
    let mean = mine.iter().map(|row| row.search_missed.unwrap()).sum::<f64>() / 8.0;
    assert!((first.segments.unwrap().search_missed.value - mean).abs() < 1e-12);
    assert_eq!(first.segments.unwrap().worse, mine.iter().map(|row| row.worse_segments.unwrap()).sum::<u64>());

    for family in ["gaussian\"\nm = 50", "steps\""] {
        let text = SEGMENTS.replace("gaussian_filter\"", family).replace("sigma = 2.0\n", "");
        let said = refused(&text);
        assert!(
            said.starts_with("test.toml: segments are for gaussian_filter and exponential_filter, not for "),
            "{said}"
        );
    }
}

/// A store as version 0.1.0 wrote it: the tables of then, and a description without segments.
#[test]
fn stores_of_before_segments_open() {
    let study = study(SMALL);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.sqlite");
    let old = rusqlite::Connection::open(&path).unwrap();
    old.execute_batch(include_str!("old_store.sql")).unwrap();
    old.execute("INSERT INTO study VALUES ('description', ?)", [study.description().to_string()]).unwrap();
    drop(old);
    assert!(!study.description().to_string().contains("segments"));
    let mut store = Store::open(&path, &study).unwrap();
    sweep(&study, &mut store, whole(), &mut |_, _| {}).unwrap();
    assert!(contents(&store) == computed(&study));
    let version: i64 =
        rusqlite::Connection::open(&path).unwrap().query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    assert_eq!(version, 1, "older versions can still read it");
}

/// The studies of the repository can be read.
#[test]
fn the_studies_of_the_repository_are_studies() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("studies");
    let mut names = Vec::new();
    for folder in [folder.clone(), folder.join("any-time")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                let text = std::fs::read_to_string(&path).unwrap();
                names.push(Study::parse(&text, &path.display().to_string(), &no_file).unwrap().name);
            }
        }
    }
    let count = names.len();
    names.sort();
    names.dedup();
    assert!(count >= 12 && names.len() == count, "{names:?}");
}

/// Many threads that make one store at the same moment: each computes the study, and the store is that of one alone.
#[test]
fn one_store_may_be_made_by_several_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let study = study(SMALL);
    let expected = {
        let mut store = Store::open(&folder.path().join("alone.sqlite"), &study).unwrap();
        sweep(&study, &mut store, whole(), &mut |_, _| {}).unwrap();
        contents(&store)
    };
    for round in 0..12 {
        let path = folder.path().join(format!("{round}.sqlite"));
        let start = std::sync::Barrier::new(4);
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let (path, start, study) = (&path, &start, &study);
                scope.spawn(move || {
                    start.wait();
                    // Half of the rounds restart a store that others are making or filling.
                    let opened = if round % 2 == 1 && thread == 0 {
                        Store::restart(path, study)
                    } else {
                        Store::open(path, study)
                    };
                    let mut store = opened.unwrap();
                    assert_eq!(sweep(study, &mut store, whole(), &mut |_, _| {}).unwrap(), Ended::Complete);
                });
            }
        });
        let mut store = Store::open(&path, &study).unwrap();
        // What a restart has thrown away while others were at their last rows is computed again.
        sweep(&study, &mut store, whole(), &mut |_, _| {}).unwrap();
        assert_eq!(contents(&store), expected, "round {round}");
    }
}

#[test]
fn a_restart_leaves_nothing_behind_and_removes_what_is_no_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.sqlite");
    let (one, other) = (study(SMALL), study(&SMALL.replace("n = 24", "n = 25")));
    let mut first = Store::open(&path, &one).unwrap();
    sweep(&one, &mut first, whole(), &mut |_, _| {}).unwrap();
    assert!(matches!(Store::open(&path, &other), Err(LabError::Changed { .. })));
    let second = Store::restart(&path, &other).unwrap();
    assert_eq!((second.present().unwrap().len(), second.description().unwrap()), (0, other.description()));
    // The first sweep may still be at it: its results are of another study.
    std::fs::write(folder.path().join("again.sqlite"), "no database at all, but some text that is long enough")
        .unwrap();
    let rows = sweep(&one, &mut first, whole(), &mut |_, _| {});
    assert!(matches!(rows, Err(LabError::Changed { .. })), "{rows:?}");
    assert_eq!(second.present().unwrap().len(), 0);
    let again = folder.path().join("again.sqlite");
    assert!(matches!(Store::open(&again, &one), Err(LabError::Store { .. })));
    assert_eq!(Store::restart(&again, &one).unwrap().description().unwrap(), one.description());
}
