//! An operator that keeps its Gram columns from one run to the next.

use num_complex::Complex;
use self_cell::self_cell;
use sparsea::{CachedGram, Operator, forward_operator};

use super::Shared;

/// An operator and the Gram columns of it that were computed so far, which borrow it.
macro_rules! kept {
    ($name:ident, $cached:ident, $scalar:ty) => {
        type $cached<'a> = CachedGram<'a, $scalar>;

        self_cell!(
            pub struct $name {
                owner: Shared<$scalar>,
                #[covariant]
                dependent: $cached,
            }
        );

        impl $name {
            /// Keeps as many Gram columns as fit into `memory` bytes.
            pub fn keep(operator: Shared<$scalar>, memory: usize) -> Shared<$scalar> {
                std::sync::Arc::new(Self::new(operator, |operator| CachedGram::new(&**operator, memory)))
            }
        }

        impl Operator<$scalar> for $name {
            forward_operator!($scalar, self => self.borrow_dependent());
        }
    };
}

kept!(RealKept, RealCached, f64);
kept!(ComplexKept, ComplexCached, Complex<f64>);
