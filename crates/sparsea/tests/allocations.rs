//! Steps of sea and iht allocate nothing once a run has warmed up, those of other algorithms no more than is said here. A
//! binary of its own, because it replaces the global allocator.
#![allow(unsafe_code, reason = "a global allocator cannot be made without")]

#[path = "suite/common/mod.rs"]
mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ops::ControlFlow;

use common::C;
use serde_json::Map;
use sparsea::algorithms::{Entry, registry};
use sparsea::generate::{deconvolution_problem, gaussian_matrix, normal_vector, stream};
use sparsea::{
    Algorithm, Boundary, Chain, DenseOperator, Halt, Iht, LinearMap, Problem, Progress, Run, Scalar, Sea, Steps,
    Threads,
};

/// The system's allocator, with a count of the bytes ever asked for.
struct Counting;

thread_local! {
    // Of this thread: the test harness allocates on others, now and then.
    static BYTES: Cell<usize> = const { Cell::new(0) };
}

fn count(bytes: usize) {
    BYTES.set(BYTES.get() + bytes);
}

// SAFETY: every call is passed on to `System` unchanged, which keeps the contract of `GlobalAlloc`; the counter is a
// thread-local number without a destructor, which neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes allocated by each step of a run, first to last.
fn bytes_per_step<T: Scalar>(
    operator: &dyn LinearMap<T>,
    y: &[T],
    k: usize,
    algorithm: impl Algorithm<T>,
    iterations: u64,
) -> Vec<usize> {
    let problem = Problem::new(operator, y, k).unwrap();
    // The observer must not allocate itself: room for a visit before every iteration and one after the last.
    let mut counts: Vec<usize> = Vec::with_capacity(iterations as usize + 1);
    let mut watch = |_: &Progress<'_>| {
        counts.push(BYTES.get());
        ControlFlow::Continue(())
    };
    Run::new(&problem, algorithm).halt(Halt::Iterations(iterations)).observe(&mut watch).solve().unwrap();
    counts.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

/// Asserts that the second half of a run, of at least `least` steps, allocated nothing.
///
/// The first half is the warm-up: steps that meet a column for the first time compute its Gram column and make room for
/// it, and on problems of this size every column that is ever met has been by then. A few steps of the kinds that
/// correct a fit from residuals also grow their scratch memory once.
fn assert_steady(what: &str, bytes: &[usize], least: usize) {
    let steady = &bytes[bytes.len() / 2..];
    assert!(steady.len() >= least, "{what}: only {} steps were watched", steady.len());
    // The counter works: the warm-up cannot do without memory.
    assert!(bytes[..bytes.len() / 2].iter().any(|&bytes| bytes > 0), "{what}: nothing was counted at all");
    let guilty = steady.iter().filter(|&&bytes| bytes > 0).count();
    assert_eq!(guilty, 0, "{what}: {guilty} of {} steps allocated", steady.len());
}

/// Bytes that each step of an algorithm may allocate, on a matrix of 64 × 128 (`segment`: on 64 steps) and k = 8, in a workspace that has done the same
/// before: the short vectors that its state does not keep. Where it depends on the path taken, about half as much again as is
/// measured.
const ALLOWANCES: [(&str, usize); 17] = [
    ("sea", 0),
    ("search", 8192),
    ("els", 168),
    ("omp", 192),
    ("ols", 192),
    ("ompr", 0),
    ("foba", 640),
    ("splicing", 5800),
    ("htp", 0),
    ("iht", 0),
    ("niht", 384),
    ("cosamp", 384),
    ("subspace_pursuit", 448),
    ("lasso", 128),
    ("segment", 168),
    ("amp", 0),
    ("bp", 128),
];

/// The most that a step of each algorithm allocates, the first step of each run apart, which also grows what its state keeps.
/// Algorithms for a single operator run on the first of `operators` that is theirs.
fn most_by_algorithm(operators: &[&dyn LinearMap<f64>], y: &[f64], k: usize) -> Vec<(&'static str, usize)> {
    let problems: Vec<_> = operators.iter().map(|&operator| Problem::new(operator, y, k).unwrap()).collect();
    let most = |entry: &Entry<f64>| {
        let name = entry.name;
        let problem = problems.iter().find(|problem| problem.check(name, entry.needs).is_ok()).unwrap();
        let mut workspace = None;
        let mut counts: Vec<usize> = Vec::with_capacity(1 << 10);
        for _ in 0..2 {
            counts.clear();
            let mut watch = |_: &Progress<'_>| {
                counts.push(BYTES.get());
                ControlFlow::Continue(())
            };
            let run = Run::with_chain(problem, Chain::parse(name, &Map::new()).unwrap());
            run.threads(Threads::One)
                .halt(Halt::Iterations(200))
                .observe(&mut watch)
                .solve_with(&mut workspace)
                .unwrap();
        }
        assert!(counts.len() >= 3, "{name}: {} steps are too few to tell", counts.len());
        let steps: Vec<usize> = counts.windows(2).map(|pair| pair[1] - pair[0]).collect();
        (name, steps[1..].iter().copied().max().unwrap_or(0))
    };
    registry::<f64>().iter().map(most).collect()
}

#[test]
fn steady_steps_allocate_nothing() {
    let a = gaussian_matrix::<f64>(&mut stream(1, 0, 0), 64, 128);
    let y: Vec<f64> = normal_vector(&mut stream(1, 1, 0), 64);
    let gaussian = DenseOperator::new(a.as_ref());
    assert_steady("sea, Gaussian", &bytes_per_step(&gaussian, &y, 8, Sea::default(), 4000), 500);
    assert_steady("iht, Gaussian", &bytes_per_step(&gaussian, &y, 8, Iht::default(), 4000), 100);

    for k in [10, 20, 40] {
        let spikes = deconvolution_problem(&mut stream(2, 0, 0), 500, k, 3.0, Boundary::Full, 0.01).unwrap();
        let run = bytes_per_step(&spikes.operator, &spikes.data, k, Sea::default(), 4000);
        assert_steady(&format!("sea, deconvolution of {k}"), &run, 500);
        let run = bytes_per_step(&spikes.operator, &spikes.data, k, Iht::default(), 4000);
        assert_steady(&format!("iht, deconvolution of {k}"), &run, 300);
    }

    let a = gaussian_matrix::<C>(&mut stream(3, 0, 0), 32, 48);
    let y: Vec<C> = normal_vector(&mut stream(3, 1, 0), 32);
    let complex = DenseOperator::new(a.as_ref());
    assert_steady("sea, complex", &bytes_per_step(&complex, &y, 6, Sea::default(), 4000), 500);
    assert_steady("iht, complex", &bytes_per_step(&complex, &y, 6, Iht::default(), 4000), 100);

    // Neither more than the table says, nor so much less that it says nothing.
    let y: Vec<f64> = normal_vector(&mut stream(1, 1, 0), 64);
    for (name, most) in most_by_algorithm(&[&gaussian, &Steps::new(64).unwrap()], &y, 8) {
        let Some((_, allowance)) = ALLOWANCES.iter().find(|(known, _)| *known == name) else {
            panic!("{name} has no allowance yet: a step allocates up to {most} bytes")
        };
        assert!(most <= *allowance, "{name}: a step allocates {most} bytes, more than {allowance}");
        assert!(
            2 * most >= *allowance,
            "{name}: a step allocates {most} bytes; its allowance of {allowance} can be lowered"
        );
    }
}
