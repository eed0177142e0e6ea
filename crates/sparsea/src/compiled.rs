//! Code that is compiled with this crate, once for each scalar, rather than again in every crate that uses it.

use std::any::Any;

/// Of what is the same for both scalars, the one whose type is asked for: a table of entries, or a function.
///
/// Generic code is compiled where its types are known, so each crate that uses it would compile all algorithms and fits for both scalars.
/// Functions of this crate that are not generic, which name the scalar, are compiled here; callers choose among them by type.
///
/// # Panics
/// If neither has that type, which no [scalar](crate::Scalar) lets happen: there are two.
pub(crate) fn of_scalar<V: Copy + 'static>(real: impl Any, complex: impl Any) -> V {
    let found = (&real as &dyn Any).downcast_ref().or_else(|| (&complex as &dyn Any).downcast_ref());
    *found.expect("there are two scalars")
}
