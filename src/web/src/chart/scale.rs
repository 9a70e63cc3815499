//! Scales with round numbers.

/// The top of a scale that starts at 0 and its step: 1, 2 or 5 times a power of ten, with two to
/// five steps up to at least `most`.
pub(super) fn round(most: f64) -> (f64, f64) {
    if !most.is_finite() || most <= 0.0 {
        return (1.0, 0.5);
    }
    let power = 10.0_f64.powf((most / 4.0).log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| step * 4.0 >= most * 0.999)
        .unwrap_or(power * 10.0);
    ((most / step - 0.001).ceil() * step, step)
}

/// How many decimals the labels of a scale with this step need.
pub(super) fn digits(step: f64) -> usize {
    if step >= 1.0 { 0 } else { (-step.log10()).ceil().clamp(0.0, 6.0) as usize }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_ends_on_a_round_number_not_far_above_the_largest_value() {
        assert_eq!(round(8.2), (10.0, 5.0));
        assert_eq!(round(16.3), (20.0, 5.0));
        assert_eq!(round(100.0), (100.0, 50.0));
        assert_eq!(round(0.0), (1.0, 0.5));
        let (top, step) = round(0.42);
        assert!((top - 0.6).abs() < 1e-9 && (step - 0.2).abs() < 1e-9, "{top} {step}");
        assert_eq!(digits(0.2), 1);
        assert_eq!(digits(5.0), 0);
        assert_eq!(digits(0.05), 2);
    }
}
