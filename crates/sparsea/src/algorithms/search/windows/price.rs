//! The price of a non-zero, moved until there are k of them.

/// The price λ at which the support would have k columns if every loss and gain came true by itself: removals whose loss is below λ, and
/// additions whose gain is above it, leave k. `losses` of the |S| members, `gains` of candidates that do not touch each other; both are
/// sorted here.
pub(in crate::algorithms::search) fn balanced(losses: &mut [f32], gains: &mut [f32], k: usize) -> Option<f64> {
    losses.sort_unstable_by(f32::total_cmp);
    gains.sort_unstable_by(|a, b| b.total_cmp(a));
    let size = losses.len();
    let (mut removed, mut added) = (size.saturating_sub(k), k.saturating_sub(size).min(gains.len()));
    while removed < losses.len() && added < gains.len() && gains[added] > losses[removed] {
        removed += 1;
        added += 1;
    }
    let below = [gains.get(added), removed.checked_sub(1).and_then(|at| losses.get(at))];
    let above = [added.checked_sub(1).and_then(|at| gains.get(at)), losses.get(removed)];
    let low = below.into_iter().flatten().copied().fold(0.0f32, f32::max);
    let high = above.into_iter().flatten().copied().fold(f32::INFINITY, f32::min);
    match (f64::from(low), f64::from(high)) {
        (low, high) if low > 0.0 && high.is_finite() => Some((low * high).sqrt()),
        (low, _) if low > 0.0 => Some(1.5 * low),
        (_, high) if high.is_finite() => Some(0.5 * high),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_price_leaves_k() {
        let losses = [5.0, 1.0, 9.0, 0.5];
        let gains = [3.0, 0.1, 7.0];
        for k in 1..=6 {
            let price = balanced(&mut losses.to_vec(), &mut gains.to_vec(), k).unwrap();
            let stay = losses.iter().filter(|&&loss| f64::from(loss) > price).count();
            let join = gains.iter().filter(|&&gain| f64::from(gain) > price).count();
            assert_eq!(stay + join, k, "{k}: {price}");
        }
        assert_eq!(balanced(&mut [], &mut [], 3), None);
    }
}
