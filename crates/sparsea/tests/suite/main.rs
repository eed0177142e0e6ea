//! The tests of the library against outside truth and stated properties: one binary, because compiling the generic
//! code once takes a minute and running all of it seconds.

mod algorithm_table;
mod bad_input;
mod basis_pursuit;
mod brute_force;
mod centered;
mod common;
mod conformance;
mod cross_validation;
mod dependence;
mod equivalence;
mod exchange;
mod failing;
mod forms;
mod fuzz;
mod halting;
mod hostile;
mod invariance;
mod lasso_ties;
mod least_squares;
mod many_columns;
mod message_passing;
mod operators;
mod path;
mod readme;
mod recorded;
mod references;
mod reuse;
mod sea_algorithm_1;
mod search;
mod sound;
mod steps;
mod theory;
mod together;
mod transcriptions;
mod windows;
