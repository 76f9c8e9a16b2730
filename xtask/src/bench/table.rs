//! The table as text: Markdown whose columns are aligned.

use super::row::Row;

const HEAD: [&str; 8] = [
    "where",
    "program",
    "network",
    "ms a training step",
    "ms a PGD iteration",
    "navigation to first step",
    "gzip bytes",
    "remarks",
];
/// Columns of numbers stand right.
const NUMBERS: std::ops::Range<usize> = 3..7;

/// The table of all rows.
pub fn table(rows: &[Row]) -> String {
    let lines: Vec<[String; HEAD.len()]> = std::iter::once(HEAD.map(str::to_owned))
        .chain(rows.iter().map(cells))
        .collect();
    let widths: [usize; HEAD.len()] = std::array::from_fn(|column| {
        let longest = lines.iter().map(|line| line[column].chars().count()).max();
        // Remarks stand last and may be long: nothing needs to align with their end.
        longest.filter(|_| column + 1 < HEAD.len()).unwrap_or(0)
    });
    let rule: [String; HEAD.len()] = std::array::from_fn(|column| {
        let dashes = "-".repeat(widths[column].saturating_sub(1).max(2));
        if NUMBERS.contains(&column) {
            format!("{dashes}:")
        } else {
            format!("{dashes}-")
        }
    });
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        text += &aligned(line, &widths);
        if number == 0 {
            text += &aligned(&rule, &widths);
        }
    }
    text
}

fn aligned(line: &[String], widths: &[usize]) -> String {
    let mut text = String::from("|");
    for (column, (cell, width)) in line.iter().zip(widths).enumerate() {
        text += &if NUMBERS.contains(&column) {
            format!(" {cell:>width$} |")
        } else {
            format!(" {cell:<width$} |")
        };
    }
    text + "\n"
}

fn cells(row: &Row) -> [String; HEAD.len()] {
    let number =
        |number: Option<f64>, written: fn(f64) -> String| number.map_or("-".into(), written);
    [
        row.place.name(),
        row.program.clone(),
        row.network.to_owned(),
        number(row.median(|sample| sample.step), milliseconds),
        number(row.median(|sample| sample.iteration), milliseconds),
        number(row.median(|sample| sample.navigation), |ms| {
            format!("{:.1} s", ms / 1e3)
        }),
        number(row.median(|sample| sample.bytes), |bytes| {
            grouped(bytes as u64)
        }),
        // A bar would end the cell.
        row.remarks().replace('|', "\\|"),
    ]
}

/// Milliseconds, with a decimal where it says something.
pub fn milliseconds(ms: f64) -> String {
    if ms < 100.0 {
        format!("{ms:.1}")
    } else {
        grouped(ms.round() as u64)
    }
}

/// A number with a comma before every three digits.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::row::{Place, Row, Sample};
    use super::{grouped, milliseconds, table};

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1_234), "1,234");
        assert_eq!(grouped(123_456_789), "123,456,789");
        assert_eq!(milliseconds(9.54), "9.5");
        assert_eq!(milliseconds(1_234.5), "1,235");
    }

    #[test]
    fn columns_are_aligned_and_missing_numbers_are_dashes() {
        let mut ours = Row::ours(Place::WebGpu, "small-cnn");
        ours.add(Sample {
            step: Some(641.0),
            iteration: Some(37.5),
            navigation: Some(11_200.0),
            bytes: Some(1_234_567.0),
            ..Sample::default()
        });
        let mut peer = Row::new(Place::Cpu(1), "a|b", "mnist-cnn");
        peer.remark = Some("cannot | train".to_owned());
        let text = table(&[ours, peer]);
        let lines: Vec<&str> = text.lines().collect();
        let numbers =
            "|                641 |               37.5 |                   11.2 s |  1,234,567 |";
        let expected = format!("| Chromium, WebGPU | Squeeze | small-cnn {numbers}  |");
        assert_eq!(lines[2], expected);
        assert!(lines[3].starts_with("| native, 1 thread | a|b"));
        assert!(lines[3].ends_with(" - | cannot \\| train |"));
        assert!(
            lines[1].starts_with("| ---------------- | ------- | --------- | -----------------: |")
        );
    }
}
