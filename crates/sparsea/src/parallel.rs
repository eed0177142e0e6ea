//! Loops shared by threads: rayon's, or without the feature `parallel` the same loops on one.

#[cfg(feature = "parallel")]
pub(crate) use rayon::{current_num_threads, prelude::*};

#[cfg(not(feature = "parallel"))]
pub(crate) use one_thread::*;

#[cfg(not(feature = "parallel"))]
mod one_thread {
    use std::slice::{Chunks, ChunksMut, Iter, IterMut};

    use faer::MatMut;

    pub(crate) fn current_num_threads() -> usize {
        1
    }

    /// rayon's names for what slices do.
    pub(crate) trait Slices<T> {
        fn par_iter(&self) -> Iter<'_, T>;
        fn par_iter_mut(&mut self) -> IterMut<'_, T>;
        fn par_chunks(&self, size: usize) -> Chunks<'_, T>;
        fn par_chunks_mut(&mut self, size: usize) -> ChunksMut<'_, T>;
    }

    impl<T> Slices<T> for [T] {
        fn par_iter(&self) -> Iter<'_, T> {
            self.iter()
        }

        fn par_iter_mut(&mut self) -> IterMut<'_, T> {
            self.iter_mut()
        }

        fn par_chunks(&self, size: usize) -> Chunks<'_, T> {
            self.chunks(size)
        }

        fn par_chunks_mut(&mut self, size: usize) -> ChunksMut<'_, T> {
            self.chunks_mut(size)
        }
    }

    /// rayon's names for what iterators do.
    pub(crate) trait Iterators: IntoIterator + Sized {
        fn into_par_iter(self) -> Self::IntoIter {
            self.into_iter()
        }

        fn map_init<S, R>(
            self,
            init: impl FnOnce() -> S,
            mut map: impl FnMut(&mut S, Self::Item) -> R,
        ) -> impl Iterator<Item = R> {
            let mut state = init();
            self.into_iter().map(move |item| map(&mut state, item))
        }
    }

    impl<I: IntoIterator> Iterators for I {}

    /// faer's names for the blocks of a matrix.
    pub(crate) trait Matrices<'a, T: 'a> {
        fn par_row_chunks_mut(self, size: usize) -> impl Iterator<Item = MatMut<'a, T>>;
        fn par_col_chunks_mut(self, size: usize) -> impl Iterator<Item = MatMut<'a, T>>;
    }

    impl<'a, T: 'a> Matrices<'a, T> for MatMut<'a, T> {
        fn par_row_chunks_mut(self, size: usize) -> impl Iterator<Item = MatMut<'a, T>> {
            let mut rest = Some(self);
            std::iter::from_fn(move || {
                let whole = rest.take().filter(|whole| whole.nrows() > 0)?;
                let end = size.min(whole.nrows());
                let (first, others) = whole.split_at_row_mut(end);
                rest = Some(others);
                Some(first)
            })
        }

        fn par_col_chunks_mut(self, size: usize) -> impl Iterator<Item = MatMut<'a, T>> {
            let mut rest = Some(self);
            std::iter::from_fn(move || {
                let whole = rest.take().filter(|whole| whole.ncols() > 0)?;
                let end = size.min(whole.ncols());
                let (first, others) = whole.split_at_col_mut(end);
                rest = Some(others);
                Some(first)
            })
        }
    }
}
