//! Summaries of a store by cell and algorithm: means and rates with their intervals, as a table and as CSV.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::path::Path;

use crate::error::LabError;
use crate::statistics::{CONFIDENCE, Estimate, mean, rate};
use crate::store::{Store, Stored};

/// One algorithm on one cell.
#[derive(Debug, Clone)]
pub struct Summary {
    /// A result of the cell, for its parameters.
    pub cell: Stored,
    /// Label of the algorithm.
    pub algorithm: String,
    /// Mean support distance.
    pub distance: Estimate,
    /// Rate of exact recovery.
    pub exact: Estimate,
    /// Median wall time in seconds.
    pub median_seconds: f64,
    /// Support distances by run, in the order of the runs.
    pub distances: Vec<f64>,
    /// Exact recoveries.
    pub recovered: u64,
    /// The summary of segments, if the study has them.
    pub segments: Option<SegmentSummary>,
}

/// The comparison with the truth segment by segment, over all runs.
#[derive(Debug, Clone, Copy)]
pub struct SegmentSummary {
    /// Mean share of the support missed by the search.
    pub search_missed: Estimate,
    /// Mean share missed because the data do not determine it.
    pub info_missed: Estimate,
    /// Number of segments in all runs.
    pub segments: u64,
    /// Number of these that are worse than the truth.
    pub worse: u64,
}

/// Summaries of a whole store, by cell (in the order of their parameters) and algorithm (in the order of the study).
///
/// # Errors
/// [`LabError::Store`].
pub fn summarise(store: &Store) -> Result<Vec<Summary>, LabError> {
    struct Collected {
        first: Stored,
        distances: Vec<f64>,
        seconds: Vec<f64>,
        recovered: u64,
        search_missed: Vec<f64>,
        info_missed: Vec<f64>,
        segments: u64,
        worse: u64,
    }
    let mut order: HashMap<(u64, String), usize> = HashMap::new();
    let mut all: Vec<Collected> = Vec::new();
    store.each(|row| {
        let at = *order.entry((row.cell, row.algorithm.clone())).or_insert(all.len());
        if at == all.len() {
            all.push(Collected {
                first: row.clone(),
                distances: vec![],
                seconds: vec![],
                recovered: 0,
                search_missed: vec![],
                info_missed: vec![],
                segments: 0,
                worse: 0,
            });
        }
        all[at].distances.push(row.distance);
        all[at].seconds.push(row.seconds);
        all[at].recovered += u64::from(row.exact);
        all[at].search_missed.extend(row.search_missed);
        all[at].info_missed.extend(row.info_missed);
        all[at].segments += row.segments.unwrap_or(0);
        all[at].worse += row.worse_segments.unwrap_or(0);
        Ok(())
    })?;
    let summaries = all.into_iter().map(|mut collected| {
        collected.seconds.sort_by(f64::total_cmp);
        Summary {
            algorithm: collected.first.algorithm.clone(),
            distance: mean(&collected.distances),
            exact: rate(collected.recovered, collected.distances.len() as u64, CONFIDENCE),
            median_seconds: collected.seconds[collected.seconds.len() / 2],
            recovered: collected.recovered,
            segments: (!collected.search_missed.is_empty()).then(|| SegmentSummary {
                search_missed: mean(&collected.search_missed),
                info_missed: mean(&collected.info_missed),
                segments: collected.segments,
                worse: collected.worse,
            }),
            distances: collected.distances,
            cell: collected.first,
        }
    });
    Ok(summaries.collect())
}

fn file_error(path: &Path) -> impl Fn(&dyn std::fmt::Display) -> LabError + '_ {
    move |error| LabError::File { path: path.to_owned(), message: error.to_string() }
}

/// Writes every result as a row of a CSV file.
///
/// # Errors
/// [`LabError::Store`], [`LabError::File`].
pub fn export_results(store: &Store, path: &Path) -> Result<(), LabError> {
    let said = file_error(path);
    written(path, |file| {
        let mut out = csv::Writer::from_writer(file);
        store.each(|row| out.serialize(row).map_err(|error| said(&error)))?;
        out.flush().map_err(|error| said(&error))
    })
}

/// Writes means and rates as a CSV file.
///
/// # Errors
/// [`LabError::Store`], [`LabError::File`].
pub fn export_summary(summaries: &[Summary], path: &Path) -> Result<(), LabError> {
    let said = file_error(path);
    written(path, |file| {
        let mut out = csv::Writer::from_writer(file);
        let mut heading =
            "family,m,n,k,parameter,snr_db,algorithm,runs,mean_distance,mean_distance_low,mean_distance_high,\
            exact_rate,exact_rate_low,exact_rate_high,median_seconds"
                .to_owned();
        if summaries.iter().any(|s| s.segments.is_some()) {
            heading.push_str(
                ",mean_search_missed,mean_search_missed_low,mean_search_missed_high,\
                mean_info_missed,mean_info_missed_low,mean_info_missed_high,segments,worse_segments",
            );
        }
        out.write_record(heading.split(',')).map_err(|error| said(&error))?;
        let number = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
        for s in summaries {
            let mut record = vec![
                s.cell.family.clone(),
                s.cell.rows.to_string(),
                s.cell.columns.to_string(),
                s.cell.sparsity.to_string(),
                number(s.cell.parameter),
                number(s.cell.snr_db),
                s.algorithm.clone(),
                s.distances.len().to_string(),
                format!("{:.6}", s.distance.value),
                format!("{:.6}", s.distance.low),
                format!("{:.6}", s.distance.high),
                format!("{:.6}", s.exact.value),
                format!("{:.6}", s.exact.low),
                format!("{:.6}", s.exact.high),
                format!("{:.3e}", s.median_seconds),
            ];
            if let Some(SegmentSummary { search_missed, info_missed, segments, worse }) = s.segments {
                let estimates = [search_missed, info_missed].map(|e| [e.value, e.low, e.high]);
                record.extend(estimates.into_iter().flatten().map(|value| format!("{value:.6}")));
                record.extend([segments.to_string(), worse.to_string()]);
            }
            out.write_record(record).map_err(|error| said(&error))?;
        }
        out.flush().map_err(|error| said(&error))
    })
}

/// Writes a file under a temporary name and renames it, so that it is whole or not there.
fn written(path: &Path, write: impl FnOnce(&mut std::fs::File) -> Result<(), LabError>) -> Result<(), LabError> {
    let said = file_error(path);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let result = std::fs::File::create(&temporary).map_err(|error| said(&error)).and_then(|mut file| {
        write(&mut file)?;
        file.flush().map_err(|error| said(&error))
    });
    match result.and_then(|()| std::fs::rename(&temporary, path).map_err(|error| said(&error))) {
        Ok(()) => Ok(()),
        Err(error) => {
            // The error is what matters; a leftover is only untidy.
            let _ = std::fs::remove_file(&temporary);
            Err(error)
        }
    }
}

/// The algorithms in the order of the study, each with its summaries in the order of the cells.
pub fn by_algorithm(summaries: &[Summary]) -> Vec<(&str, Vec<&Summary>)> {
    let mut grouped: Vec<(&str, Vec<&Summary>)> = Vec::new();
    for summary in summaries {
        match grouped.iter_mut().find(|(name, _)| *name == summary.algorithm) {
            Some((_, group)) => group.push(summary),
            None => grouped.push((&summary.algorithm, vec![summary])),
        }
    }
    grouped
}

/// Support distances of one algorithm by (cell, run), for paired comparisons.
pub fn distances_by_problem<'s>(summaries: &'s [Summary], algorithm: &str) -> BTreeMap<(u64, usize), f64> {
    let of = |s: &'s Summary| s.distances.iter().enumerate().map(move |(run, &d)| ((s.cell.cell, run), d));
    summaries.iter().filter(|s| s.algorithm == algorithm).flat_map(of).collect()
}
