//! Code that is compiled with this crate, once for each scalar, rather than again in every crate that uses it.
//!
//! Generic code is compiled where its types are known, so each crate that uses it would compile all algorithms, fits and decompositions
//! for both scalars. Functions of this crate that are not generic, which name the scalar, are compiled here; callers choose among them
//! by type.

use std::any::Any;

/// Of what is the same for both scalars, the one whose type is asked for: a table of entries, or a function.
///
/// # Panics
/// If neither has that type, which no [scalar](crate::Scalar) lets happen: there are two.
pub(crate) fn of_scalar<V: Copy + 'static>(real: impl Any, complex: impl Any) -> V {
    let found = (&real as &dyn Any).downcast_ref().or_else(|| (&complex as &dyn Any).downcast_ref());
    *found.expect("there are two scalars")
}

/// A function that calls a generic one, `fn name(argument: type) -> type = generic`, which is compiled here. Its scalar is called `T`.
macro_rules! compiled_here {
    ($(#[$attribute:meta])* $visible:vis fn $name:ident($($argument:ident: $kind:ty),*) -> $result:ty = $generic:ident;) => {
        $(#[$attribute])*
        $visible fn $name<T: $crate::scalar::Scalar>($($argument: $kind),*) -> $result {
            type Function<T> = fn($($kind),*) -> $result;
            let real = {
                type T = f64;
                #[inline(never)]
                fn call($($argument: $kind),*) -> $result {
                    $generic::<T>($($argument),*)
                }
                call as Function<T>
            };
            let complex = {
                type T = num_complex::Complex<f64>;
                #[inline(never)]
                fn call($($argument: $kind),*) -> $result {
                    $generic::<T>($($argument),*)
                }
                call as Function<T>
            };
            $crate::compiled::of_scalar::<Function<T>>(real, complex)($($argument),*)
        }
    };
}
pub(crate) use compiled_here;
