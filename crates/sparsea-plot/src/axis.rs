//! Axes: ranges, round tick positions and their labels.

use crate::thin::extent;

/// How values are spread along an axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Scale {
    /// Equal differences have equal lengths.
    #[default]
    Linear,
    /// Equal ratios have equal lengths; only positive values can be drawn.
    Logarithmic,
}

/// The range and ticks of an axis. Ticks are chosen when the picture is laid out, as many as there is room for.
#[derive(Clone, Debug)]
pub struct Axis {
    /// The ends, as exponents of ten on a logarithmic axis.
    lo: f64,
    hi: f64,
    ticks: Rule,
    /// Ticks outside are left out; from 0 to 1.
    kept: (f64, f64),
}

/// Where the ticks are.
#[derive(Clone, Debug)]
enum Rule {
    /// At round values, or at whole numbers only.
    Linear { whole: bool },
    /// At powers of ten and what fits between. If the lower end stands for zero, the other ticks begin at the exponent.
    Logarithmic { above_zero: Option<f64> },
    /// One for each name.
    Names(Vec<String>),
}

impl Axis {
    /// A linear axis around the values `lo..=hi` with some room at both ends.
    pub fn values((lo, hi): (f64, f64)) -> Self {
        let size = lo.abs().max(hi.abs());
        if size < 1e-290 {
            return Self::linear(-1.0, 1.0, false);
        }
        // Rounding noise about a constant is not worth an axis of its own.
        let pad = if hi - lo <= 1e-10 * size { 0.1 * size } else { 0.07 * (hi - lo) };
        Self::linear(lo - pad, hi + pad, false)
    }

    /// A linear axis for positions `0..len` at the given spacing.
    pub fn positions(len: usize, spacing: f64) -> Self {
        let last = len.saturating_sub(1) as f64 * spacing;
        let pad = (0.015 * last).max(0.5 * spacing);
        let mut axis = Self::linear(-pad, last + pad, spacing == 1.0);
        // There are no negative positions, and none far beyond the last.
        axis.kept = (axis.at(0.0) - SLACK, axis.at(last) + 0.02);
        axis
    }

    /// A linear axis over the whole numbers `lo..=hi`.
    pub fn integers(lo: usize, hi: usize) -> Self {
        let (lo, hi) = (lo as f64, hi as f64);
        let pad = (0.03 * (hi - lo)).max(0.3);
        let mut axis = Self::linear(lo - pad, hi + pad, true);
        axis.kept.0 = axis.at(0.0) - SLACK;
        axis
    }

    /// An axis around the values `lo..=hi` with little room at both ends; `lo` must be positive for a logarithmic axis. With `whole`, a
    /// linear axis has ticks at whole numbers only.
    pub fn around((lo, hi): (f64, f64), scale: Scale, whole: bool) -> Self {
        match scale {
            Scale::Linear => {
                let size = lo.abs().max(hi.abs());
                if hi - lo <= 1e-10 * size || size < 1e-290 {
                    return Self::values((lo, hi));
                }
                let pad = 0.03 * (hi - lo);
                let mut axis = Self::linear(lo - pad, hi + pad, whole);
                if lo >= 0.0 {
                    axis.kept.0 = axis.at(0.0) - SLACK;
                }
                axis
            }
            Scale::Logarithmic => {
                let (lo, hi) = (lo.log10(), hi.log10());
                let pad = (0.03 * (hi - lo)).max(if hi - lo < 1e-9 { 0.2 } else { 0.0 });
                Self::logarithmic(lo - pad, hi + pad, None)
            }
        }
    }

    /// An axis from `lo` to `hi` exactly; both must be positive for a logarithmic axis.
    pub fn exactly((lo, hi): (f64, f64), scale: Scale) -> Self {
        match scale {
            Scale::Linear => Self::linear(lo, hi, false),
            Scale::Logarithmic => Self::logarithmic(lo.log10(), hi.log10(), None),
        }
    }

    /// The axis without ticks outside the values `lo..=hi`.
    #[must_use]
    pub fn ticks_within(mut self, (lo, hi): (f64, f64)) -> Self {
        let (lo, hi) = (self.at(lo) - SLACK, self.at(hi) + SLACK);
        self.kept = (self.kept.0.max(lo), self.kept.1.min(hi));
        self
    }

    /// One slot for each name, at 0, 1, 2, …
    pub fn names(names: Vec<String>) -> Self {
        Self { lo: -0.5, hi: names.len() as f64 - 0.5, ticks: Rule::Names(names), kept: EVERYWHERE }
    }

    /// A logarithmic axis if the values are non-negative and the positive values span more than a decade, otherwise a linear axis. Zeros,
    /// such as after an exact fit, are placed at the lower end, which is then labelled 0.
    pub fn log_or_values(values: impl Iterator<Item = f64> + Clone) -> Self {
        let all = extent(values.clone()).unwrap_or((0.0, 0.0));
        let positive = extent(values.filter(|&v| v > 0.0)).unwrap_or((0.0, 0.0));
        if all.0 < 0.0 || positive.0 <= 0.0 || positive.1.log10() - positive.0.log10() <= 1.0 {
            // Zero belongs to the picture unless the values lie so far from it that they would look alike.
            let near_zero = all.0 >= 0.0 && all.0 < 0.4 * all.1;
            return Self::values(if near_zero { (0.0, all.1) } else { all });
        }
        let (lo, hi) = (positive.0.log10(), positive.1.log10());
        let pad = 0.05 * (hi - lo);
        if all.0 != 0.0 {
            return Self::logarithmic(lo - pad, hi + pad, None);
        }
        // A gap below the smallest positive value keeps zeros apart from it.
        let low = lo - (0.15 * (hi - lo)).max(0.5);
        Self::logarithmic(low, hi + pad, Some(lo - pad))
    }

    /// Position of `value`, from 0 to 1; on a logarithmic axis zero lies at the axis' lower end.
    pub(crate) fn at(&self, value: f64) -> f64 {
        let value = match self.ticks {
            Rule::Logarithmic { .. } if value > 0.0 => value.log10(),
            // NaN stays what it is.
            Rule::Logarithmic { .. } if value <= 0.0 => self.lo,
            _ => value,
        };
        (value - self.lo) / (self.hi - self.lo)
    }

    /// The names of its slots, if it has some.
    pub(crate) fn slots(&self) -> Option<&[String]> {
        if let Rule::Names(names) = &self.ticks { Some(names) } else { None }
    }

    fn linear(lo: f64, hi: f64, whole: bool) -> Self {
        Self { lo, hi, ticks: Rule::Linear { whole }, kept: EVERYWHERE }
    }

    fn logarithmic(lo: f64, hi: f64, above_zero: Option<f64>) -> Self {
        Self { lo, hi, ticks: Rule::Logarithmic { above_zero }, kept: EVERYWHERE }
    }

    #[cfg(test)]
    pub(crate) fn is_log(&self) -> bool {
        matches!(self.ticks, Rule::Logarithmic { .. })
    }

    /// The axis with about `target` ticks.
    pub(crate) fn ruler(&self, target: usize) -> Ruler {
        let mut ruler = Ruler { axis: self.clone(), ticks: Vec::new(), minor: Vec::new(), factor: String::new() };
        match &self.ticks {
            Rule::Linear { whole } => ruler.linear((self.lo, self.hi), target, *whole),
            Rule::Logarithmic { above_zero } => ruler.logarithmic(*above_zero, target),
            Rule::Names(names) => {
                let tick = |(i, name): (usize, &String)| Tick { at: self.at(i as f64), label: name.clone() };
                ruler.ticks = names.iter().enumerate().map(tick).collect();
            }
        }
        let (lo, hi) = self.kept;
        ruler.ticks.retain(|t| (lo..=hi).contains(&t.at));
        ruler.minor.retain(|t| (lo..=hi).contains(t));
        ruler
    }
}

const EVERYWHERE: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);

/// One labelled tick.
#[derive(Clone, Debug)]
pub(crate) struct Tick {
    /// Position along the axis, from 0 to 1.
    pub at: f64,
    pub label: String,
}

/// An axis with its ticks.
#[derive(Clone, Debug)]
pub(crate) struct Ruler {
    axis: Axis,
    pub ticks: Vec<Tick>,
    /// Unlabelled ticks, from 0 to 1.
    pub minor: Vec<f64>,
    /// Common factor taken out of the tick labels, such as `10⁻⁵`, or empty.
    factor: String,
}

impl Ruler {
    pub(crate) fn at(&self, value: f64) -> f64 {
        self.axis.at(value)
    }

    /// `label` with the axis' factor: `time (s)` becomes `time (10⁻⁹ s)`, and `sample` becomes `sample (×10⁹)`.
    pub(crate) fn labelled(&self, label: &str) -> String {
        match label.strip_suffix(')').and_then(|l| l.rsplit_once('(')) {
            _ if self.factor.is_empty() => label.to_string(),
            Some((quantity, unit)) => format!("{quantity}({} {unit})", self.factor),
            None => format!("{label} (×{})", self.factor),
        }
    }

    /// Drops labels until they fit side by side into `width`, `gap` apart; on a logarithmic axis powers of ten stay longest.
    pub(crate) fn thin(&mut self, width: f64, gap: f64, text_width: impl Fn(&str) -> f64) {
        let crowded = |ticks: &[Tick]| {
            ticks
                .windows(2)
                .any(|t| (t[1].at - t[0].at) * width < 0.5 * (text_width(&t[0].label) + text_width(&t[1].label)) + gap)
        };
        if matches!(self.axis.ticks, Rule::Logarithmic { .. }) && crowded(&self.ticks) {
            let decade = |t: &Tick| {
                let value = self.axis.lo + t.at * (self.axis.hi - self.axis.lo);
                (value - value.round()).abs() < 1e-6
            };
            if self.ticks.iter().filter(|t| decade(t)).count() >= 2 {
                let (kept, dropped) = self.ticks.iter().cloned().partition(decade);
                self.ticks = kept;
                self.minor.extend(dropped.iter().map(|t: &Tick| t.at));
            }
        }
        while self.ticks.len() > 2 && crowded(&self.ticks) {
            let mut index = 0;
            self.ticks.retain(|_| {
                index += 1;
                index % 2 == 1
            });
        }
    }

    /// Ticks of a logarithmic axis. If its lower end stands for zero, the other labels begin at `above_zero`.
    fn logarithmic(&mut self, above_zero: Option<f64>, target: usize) {
        let (lo, hi) = (self.axis.lo, self.axis.hi);
        let labelled_from = above_zero.unwrap_or(lo);
        let span = hi - labelled_from;
        let decades = span.floor() as i32;
        let every = (decades / target.max(1) as i32 + 1).max(1);
        // Few decades leave room for 2 and 5 as well; less than one needs them all.
        let mantissas: &[u32] = match decades {
            0 if span < 0.8 => &[1, 2, 3, 4, 5, 6, 7, 8, 9],
            0..=2 if decades <= target as i32 => &[1, 2, 5],
            _ => &[1],
        };
        let mut labelled = Vec::new();
        for exponent in labelled_from.floor() as i32..=hi.ceil() as i32 {
            for mantissa in 1..10 {
                let value = f64::from(exponent) + f64::from(mantissa).log10();
                if value < labelled_from - SLACK || value > hi + SLACK {
                    continue;
                }
                let at = ((value - lo) / (hi - lo)).clamp(0.0, 1.0);
                if mantissas.contains(&mantissa) && exponent.rem_euclid(every) == 0 {
                    labelled.push((at, mantissa, exponent));
                } else if (every == 1 && decades <= 8) || (mantissa == 1 && decades <= 40) {
                    self.minor.push(at);
                }
            }
        }
        // Powers are for what is tedious to write out.
        let plain = labelled.iter().all(|&(_, _, exponent)| (-3..=4).contains(&exponent));
        let label = |mantissa, exponent: i32| match plain {
            true => plain_label(f64::from(mantissa) * power_of_ten(exponent), (-exponent).max(0) as usize),
            false => power_label(mantissa, exponent),
        };
        self.ticks = labelled.into_iter().map(|(at, m, e)| Tick { at, label: label(m, e) }).collect();
        if above_zero.is_some() {
            self.ticks.push(Tick { at: 0.0, label: "0".to_string() });
        } else if self.ticks.len() < 3 && span < 1.0 {
            // Too short for round mantissas: the ticks of a linear axis, where they belong on this one.
            let (low, high) = (10f64.powf(lo), 10f64.powf(hi));
            let linear = Axis::linear(low, high, false).ruler(target);
            let place = |at: f64| ((low + at * (high - low)).log10() - lo) / (hi - lo);
            self.ticks =
                linear.ticks.into_iter().map(|t| Tick { at: place(t.at).clamp(0.0, 1.0), label: t.label }).collect();
            self.minor.clear();
            self.factor = linear.factor;
        }
    }

    fn linear(&mut self, (lo, hi): (f64, f64), target: usize, integer: bool) {
        let step = linear_step(lo, hi, target.max(1), integer);
        let size = lo.abs().max(hi.abs());
        let exponent = size.log10().floor() as i32;
        let step_exponent = (step.log10() + 1e-9).floor() as i32;
        let take_out = exponent < -3 || exponent > if integer { 7 } else { 4 };
        let shift = if take_out { exponent } else { 0 };
        // 2.5 needs one place more than 2 and 5 do.
        let extra = i32::from((step / power_of_ten(step_exponent) - 2.5).abs() < 1e-6);
        let decimals = (shift - step_exponent + extra).max(0) as usize;
        let factor = if take_out { power_label(1, exponent) } else { String::new() };
        self.factor = factor;
        let unit = power_of_ten(shift);
        // The slack admits ends that rounding put just outside, as 3 × 0.1 is.
        let first = (lo / step - SLACK).ceil();
        // Counting the ticks, rather than adding steps, keeps them exact and their number finite.
        for i in 0..64 {
            let value = (first + f64::from(i)) * step;
            if value > hi + SLACK * step {
                break;
            }
            self.ticks
                .push(Tick { at: self.axis.at(value).clamp(0.0, 1.0), label: plain_label(value / unit, decimals) });
        }
    }
}

fn power_of_ten(exponent: i32) -> f64 {
    10f64.powi(exponent)
}

/// Tolerance for ticks at the ends of an axis, in ticks.
const SLACK: f64 = 1e-9;

/// Distance of ticks: about `target` of them, and three unless the axis is too short for whole numbers.
fn linear_step(lo: f64, hi: f64, target: usize, integer: bool) -> f64 {
    let mut step = 1.0;
    for wanted in target..target + 6 {
        step = nice_step((hi - lo) / wanted as f64);
        if integer {
            // 2.5 is no whole number, but 25 is.
            step = if step < 1.0 { 1.0 } else { step.floor() };
        }
        let ticks = (hi / step + SLACK).floor() - (lo / step - SLACK).ceil() + 1.0;
        if ticks >= 3.0 || (integer && step == 1.0) {
            break;
        }
    }
    step
}

/// The smallest of 1, 2, 2.5 and 5 times a power of ten that is at least `raw`.
fn nice_step(raw: f64) -> f64 {
    let power = power_of_ten(raw.log10().floor() as i32);
    let mantissa = raw / power;
    let nice = [1.0, 2.0, 2.5, 5.0].into_iter().find(|&m| mantissa <= m * (1.0 + 1e-9)).unwrap_or(10.0);
    nice * power
}

fn plain_label(value: f64, decimals: usize) -> String {
    let digits = format!("{:.decimals$}", value.abs());
    let zero = digits.bytes().all(|b| b == b'0' || b == b'.');
    let (whole, rest) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let mut label = String::new();
    if value < 0.0 && !zero {
        label.push('−');
    }
    if whole.len() > 4 {
        // Thin spaces between groups of three.
        for (i, c) in whole.chars().enumerate() {
            if i > 0 && (whole.len() - i) % 3 == 0 {
                label.push('\u{2009}');
            }
            label.push(c);
        }
    } else {
        label.push_str(whole);
    }
    label.push_str(rest);
    label
}

/// `10⁻³`, `2×10⁻³`; numbers near one are written out.
fn power_label(mantissa: u32, exponent: i32) -> String {
    let digits = exponent.unsigned_abs().to_string();
    let raised: String =
        digits.bytes().map(|b| ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'][usize::from(b - b'0')]).collect();
    let sign = if exponent < 0 { "⁻" } else { "" };
    if mantissa == 1 { format!("10{sign}{raised}") } else { format!("{mantissa}×10{sign}{raised}") }
}

/// A number in running text: three significant digits, scientific when very large or small.
pub fn number_label(value: f64) -> String {
    if value == 0.0 {
        return "0".to_string();
    }
    if !value.is_finite() {
        return value.to_string();
    }
    // Rounding first, so that 9.999 counts as 10.0.
    let scientific = format!("{:.2e}", value.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trim = |s: &str| {
        if s.contains('.') { s.trim_end_matches('0').trim_end_matches('.').to_string() } else { s.to_string() }
    };
    let sign = if value < 0.0 { "−" } else { "" };
    if (-3..6).contains(&exponent) {
        let decimals = (2 - exponent).max(0) as usize;
        format!("{sign}{}", trim(&format!("{:.decimals$}", value.abs())))
    } else {
        format!("{sign}{}×{}", trim(mantissa), power_label(1, exponent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Ruler) -> Vec<&str> {
        axis.ticks.iter().map(|t| t.label.as_str()).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(labels(&Axis::linear(-0.05, 0.65, false).ruler(5)), ["0.0", "0.2", "0.4", "0.6"]);
        assert_eq!(labels(&Axis::integers(1, 20).ruler(9))[..3], ["2", "4", "6"]);
        assert_eq!(labels(&Axis::positions(2000, 1.0).ruler(9))[1], "250");
        assert_eq!(labels(&Axis::values((-1.4, 1.5)).ruler(2)), ["−1", "0", "1"]);
        assert_eq!(
            labels(&Axis::linear(-0.3, 0.3, false).ruler(6)),
            ["−0.3", "−0.2", "−0.1", "0.0", "0.1", "0.2", "0.3"]
        );
        assert_eq!(labels(&Axis::positions(1, 1.0).ruler(8)), ["0"]);
        assert_eq!(labels(&Axis::positions(3, 1.0).ruler(8)), ["0", "1", "2"]);
        let million = Axis::positions(1_000_000, 1.0).ruler(6);
        assert_eq!(labels(&million)[1], "200\u{2009}000");
        let small = Axis::values((0.0, 3.2e-6)).ruler(5);
        assert_eq!(small.labelled("amplitude"), "amplitude (×10⁻⁶)");
        assert_eq!(small.labelled("time (s)"), "time (10⁻⁶ s)");
        assert_eq!(million.labelled("time (s)"), "time (s)");
        assert_eq!(labels(&small), ["0", "1", "2", "3"]);
        let quarter = Axis::linear(0.0, 1.0, false).ruler(4);
        assert_eq!(labels(&quarter), ["0.00", "0.25", "0.50", "0.75", "1.00"]);
    }

    #[test]
    fn log_axis_puts_zero_below_all() {
        let axis = Axis::log_or_values([0.0, 1e-6, 1.0].into_iter());
        assert!(axis.is_log());
        assert_eq!(axis.at(0.0), 0.0);
        assert!(axis.at(1e-6) > 0.05 && axis.at(1.0) < 1.0);
        assert_eq!(axis.ruler(6).ticks.last().map(|t| t.label.as_str()), Some("0"));
        assert!(!Axis::log_or_values([1.0, 5.0].into_iter()).is_log());
        assert!(!Axis::log_or_values([-1.0, 500.0].into_iter()).is_log());
    }

    #[test]
    fn log_ticks_are_decades_and_what_fits_between() {
        let around = |lo, hi| Axis::around((lo, hi), Scale::Logarithmic, false).ruler(8);
        assert_eq!(labels(&around(1.0, 1000.0)), ["1", "10", "100", "1000"]);
        assert_eq!(around(1.0, 1000.0).minor.len(), 3 * 8 + 1, "2 to 9 in each decade, and 0.9");
        assert_eq!(labels(&around(1.0, 100.0)), ["1", "2", "5", "10", "20", "50", "100"]);
        assert_eq!(labels(&around(1e-6, 1e-3))[0], "10⁻⁶");
        assert_eq!(labels(&around(0.02, 0.3)), ["0.02", "0.05", "0.1", "0.2"]);
        assert_eq!(labels(&around(20.0, 45.0)), ["20", "30", "40"]);
        assert!(labels(&around(31.0, 34.0)).len() >= 3);
        assert!(!labels(&around(7.0, 7.0)).is_empty());
        let mut crowded = Axis::exactly((1.0, 150.0), Scale::Logarithmic).ruler(4);
        assert_eq!(labels(&crowded), ["1", "2", "5", "10", "20", "50", "100"]);
        let width = |label: &str| 8.0 * label.len() as f64;
        crowded.thin(60.0, 6.0, width);
        assert_eq!(labels(&crowded), ["1", "10", "100"]);
        crowded.thin(40.0, 6.0, width);
        assert_eq!(labels(&crowded), ["1", "100"]);
    }

    #[test]
    fn extreme_ranges_have_finite_ticks() {
        for range in
            [(0.0, 0.0), (5.0, 5.0), (1e300, 1e300), (-1e300, 1e300), (1e9, 1e9 + 1.0), (0.0, 1e-285), (5e-324, 5e-324)]
        {
            let axis = Axis::values(range).ruler(6);
            assert!(!axis.ticks.is_empty(), "{range:?}");
            assert!(axis.ticks.iter().all(|t| (0.0..=1.0).contains(&t.at)), "{range:?}");
            assert!((0.0..=1.0).contains(&axis.at(range.0)), "{range:?}");
        }
    }

    #[test]
    fn numbers_in_text() {
        assert_eq!(number_label(0.30000000000000004), "0.3");
        assert_eq!(number_label(-1234.5), "−1234");
        assert_eq!(number_label(1.5e-9), "1.5×10⁻⁹");
        assert_eq!(number_label(120000.0), "120000");
    }
}
