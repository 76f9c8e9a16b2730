//! Numbers as people read them: sensible digits, units, thousands apart.

/// A share as a percentage. Big samples earn a second digit.
pub fn percent(share: f64, sample: usize) -> String {
    if !share.is_finite() {
        return "–".to_owned();
    }
    let digits = if sample > 1000 { 2 } else { 1 };
    format!("{:.digits$}%", share * 100.0)
}

/// A model's confidence: never rounded up to certainty.
pub fn confidence(probability: f32) -> String {
    let percent = f64::from(probability) * 100.0;
    if percent > 99.95 {
        ">99.9%".to_owned()
    } else {
        format!("{percent:.1}%")
    }
}

/// A loss or norm: four significant places where it is small, fewer where it is large.
pub fn measure(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        "not a number".to_owned()
    } else if size >= 1000.0 {
        count(value.round() as usize)
    } else if size >= 10.0 {
        format!("{value:.2}")
    } else if size >= 0.001 || size == 0.0 {
        format!("{value:.4}")
    } else {
        format!("{value:.1e}")
    }
}

/// A loss read off a chart: three places, more where they would all be zeros.
pub fn reading(value: f64) -> String {
    if value.is_finite() && (value == 0.0 || value.abs() >= 0.01) {
        format!("{value:.3}")
    } else {
        measure(value)
    }
}

/// A count with its thousands apart.
pub fn count(value: usize) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A rate per second.
pub fn rate(per_sec: f64) -> String {
    if !per_sec.is_finite() || per_sec <= 0.0 {
        "–".to_owned()
    } else if per_sec >= 100.0 {
        format!("{per_sec:.0}")
    } else if per_sec >= 10.0 {
        format!("{per_sec:.1}")
    } else {
        format!("{per_sec:.2}")
    }
}

/// A time span, two units at most.
pub fn duration(secs: f64) -> String {
    if !secs.is_finite() || secs < 0.0 {
        return "–".to_owned();
    }
    if secs < 10.0 {
        return format!("{secs:.1} s");
    }
    let whole = secs.round() as u64;
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s:02} s"),
        (h, m, _) => format!("{h} h {m:02} min"),
    }
}

/// A distance in pixel units on the 0 to 255 scale.
pub fn of_255(distance: f64) -> String {
    let scaled = distance * 255.0;
    if (scaled - scaled.round()).abs() < 0.005 {
        format!("{scaled:.0}/255")
    } else {
        format!("{scaled:.1}/255")
    }
}

/// What something takes of a disk.
pub fn size(bytes: u64) -> String {
    let units = ["bytes", "kB", "MB", "GB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    let digits = usize::from(unit > 0 && value < 9.95);
    format!("{value:.digits$} {}", units[unit])
}

/// A learning rate or another number whose size may be anything.
pub fn small(value: f64) -> String {
    if value != 0.0 && value.abs() < 0.000_95 {
        let text = format!("{value:.1e}");
        text.replace(".0e", "e")
    } else {
        let text = format!("{value:.4}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

/// A number with no needless zeros, for words beside a field.
pub fn short(value: f64) -> String {
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text.is_empty() || text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_fit_the_number() {
        assert_eq!(percent(0.9731, 10_000), "97.31%");
        assert_eq!(percent(0.973, 1000), "97.3%");
        assert_eq!(confidence(0.9999), ">99.9%");
        assert_eq!(confidence(0.5), "50.0%");
        assert_eq!(measure(2.718_1), "2.7181");
        assert_eq!(measure(0.000_02), "2.0e-5");
        assert_eq!(measure(1234.5), "1,235");
        assert_eq!(measure(f64::NAN), "not a number");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(reading(0.1234), "0.123");
        assert_eq!(reading(0.001_234), "0.0012");
        assert_eq!(count(12), "12");
        assert_eq!(rate(123.4), "123");
        assert_eq!(duration(4.0), "4.0 s");
        assert_eq!(duration(75.0), "1 min 15 s");
        assert_eq!(duration(3700.0), "1 h 01 min");
        assert_eq!(of_255(8.0 / 255.0), "8/255");
        assert_eq!(of_255(0.3), "76.5/255");
        assert_eq!(size(12), "12 bytes");
        assert_eq!(size(3_456), "3.5 kB");
        assert_eq!(size(999_600), "1.0 MB");
        assert_eq!(size(45_600_000), "46 MB");
        assert_eq!(small(0.001), "0.001");
        assert_eq!(small(4e-9), "4e-9");
        assert_eq!(small(0.000_12), "1.2e-4");
        assert_eq!(small(0.2), "0.2");
        assert_eq!(small(0.0), "0");
        assert_eq!(short(10.733), "10.733");
        assert_eq!(short(0.5), "0.5");
        assert_eq!(short(2.0), "2");
    }
}
