//! Products that several processes compute together; threads with a barrier stand for them.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use faer::Mat;
use sparsea::operator::OperatorError;
use sparsea::{
    Adjusted, Adjustment, Agreement, Limits, LinearMap, Problem, Profile, Run, Search, Solution, SparsityPath,
    StopReason,
};

use crate::common::{Kind, matrix, observed};

/// What the ranks share: each computes the rows that are its own, and waits for those of the others.
struct Together {
    matrix: Mat<f64>,
    ranks: usize,
    barrier: Barrier,
    parts: Mutex<Vec<f64>>,
    /// What rank 0 says.
    decision: AtomicBool,
    /// The kinds of products of each rank, in their order.
    products: Vec<Mutex<Vec<char>>>,
    asked: AtomicUsize,
}

impl Together {
    fn new(matrix: Mat<f64>, ranks: usize) -> Arc<Self> {
        Arc::new(Self {
            matrix,
            ranks,
            barrier: Barrier::new(ranks),
            parts: Mutex::default(),
            decision: AtomicBool::new(false),
            products: (0..ranks).map(|_| Mutex::default()).collect(),
            asked: AtomicUsize::new(0),
        })
    }

    /// The sum of what all ranks contribute, added in their order.
    fn sum(&self, rank: usize, own: &[f64], out: &mut [f64]) {
        for turn in 0..self.ranks {
            if turn == rank {
                let mut parts = self.parts.lock().unwrap();
                if rank == 0 {
                    *parts = vec![0.0; own.len()];
                }
                parts.iter_mut().zip(own).for_each(|(sum, v)| *sum += v);
            }
            self.barrier.wait();
        }
        out.copy_from_slice(&self.parts.lock().unwrap());
        self.barrier.wait();
    }

    fn agree(&self, rank: usize, own: bool) -> bool {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if rank == 0 {
            self.decision.store(own, Ordering::SeqCst);
        }
        self.barrier.wait();
        let said = self.decision.load(Ordering::SeqCst);
        self.barrier.wait();
        said
    }
}

struct Rank {
    all: Arc<Together>,
    rank: usize,
    /// What makes its clock another one.
    delay: Duration,
}

impl Rank {
    fn rows(&self) -> impl Iterator<Item = usize> {
        (self.rank..self.all.matrix.nrows()).step_by(self.all.ranks)
    }
}

impl LinearMap<f64> for Rank {
    fn shape(&self) -> (usize, usize) {
        self.all.matrix.shape()
    }

    fn apply(&self, x: &[f64], y: &mut [f64]) -> Result<(), OperatorError> {
        thread::sleep(self.delay);
        self.all.products[self.rank].lock().unwrap().push('A');
        let mut own = vec![0.0; y.len()];
        self.rows().for_each(|i| own[i] = x.iter().enumerate().map(|(j, x)| self.all.matrix[(i, j)] * x).sum());
        self.all.sum(self.rank, &own, y);
        Ok(())
    }

    fn apply_adjoint(&self, y: &[f64], x: &mut [f64]) -> Result<(), OperatorError> {
        self.all.products[self.rank].lock().unwrap().push('H');
        let mut own = vec![0.0; x.len()];
        for i in self.rows() {
            own.iter_mut().enumerate().for_each(|(j, sum)| *sum += self.all.matrix[(i, j)] * y[i]);
        }
        self.all.sum(self.rank, &own, x);
        Ok(())
    }

    fn profile(&self) -> Profile {
        let (all, rank) = (self.all.clone(), self.rank);
        Profile::default().with_agreement(Agreement::new(move |own| all.agree(rank, own)))
    }
}

/// What each rank finds.
fn on_all<R: Send>(all: &Arc<Together>, delay: Duration, run: impl Fn(&Rank) -> R + Sync) -> Vec<R> {
    thread::scope(|scope| {
        let start = |rank| {
            let (all, run) = (all.clone(), &run);
            // Only one of the clocks runs late.
            let delay = if rank == 1 { delay } else { Duration::ZERO };
            scope.spawn(move || run(&Rank { all, rank, delay }))
        };
        let ranks: Vec<_> = (0..all.ranks).map(start).collect();
        ranks.into_iter().map(|rank| rank.join().unwrap()).collect()
    })
}

fn agree(found: &[Solution<f64>]) {
    for other in &found[1..] {
        assert_eq!(found[0].support, other.support);
        assert_eq!(found[0].coefficients, other.coefficients);
        assert_eq!(found[0].stop_reason, other.stop_reason);
        assert_eq!(found[0].iterations, other.iterations);
    }
}

#[test]
fn all_ranks_make_the_same_products_and_find_the_same() {
    let matrix = matrix::<f64>(Kind::Coherent, 24, 30, 3);
    let y = observed(&matrix, 5, 3);
    let all = Together::new(matrix, 3);
    let found = on_all(&all, Duration::ZERO, |rank| {
        let problem = Problem::new(rank, &y, 5).unwrap();
        Run::new(&problem, Search::default())
            .limits(Limits { iterations: Some(30), ..Limits::default() })
            .solve()
            .unwrap()
    });
    agree(&found);
    let first = all.products[0].lock().unwrap().clone();
    assert!(!first.is_empty());
    assert!(all.products.iter().all(|products| *products.lock().unwrap() == first));
}

#[test]
fn the_first_rank_decides_when_time_is_over() {
    let matrix = matrix::<f64>(Kind::Coherent, 20, 26, 5);
    let y = observed(&matrix, 6, 5);
    let all = Together::new(matrix, 2);
    // Without agreement the ranks would end in different steps, and one would wait for ever.
    let limits = Limits { time: Some(Duration::from_millis(60)), ..Limits::default() };
    let found = on_all(&all, Duration::from_micros(50), |rank| {
        let adjusted = Adjusted::new(rank, &Adjustment::default().intercept(true)).unwrap();
        let data = adjusted.reduce(&y).unwrap();
        let problem = adjusted.problem(&data, 6).unwrap();
        Run::new(&problem, sparsea::Sea::default()).limits(limits).solve().unwrap()
    });
    agree(&found);
    assert!(all.asked.load(Ordering::Relaxed) > 0);
    assert!(matches!(found[0].stop_reason, StopReason::Time | StopReason::ExactFit), "{:?}", found[0].stop_reason);
    let found = on_all(&all, Duration::from_micros(50), |rank| {
        let problem = Problem::new(rank, &y, 6).unwrap();
        SparsityPath::new(&problem).time(Duration::from_millis(2)).solve().unwrap().pop().unwrap()
    });
    agree(&found);
}
