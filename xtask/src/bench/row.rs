//! A row of the table: one program with one network in one place, measured several times.

use serde_json::Value;

/// What a row runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The browser's GPU.
    WebGpu,
    /// The browser without a GPU.
    Wasm,
    /// The CPU without a browser, with so many threads.
    Cpu(usize),
    /// The GPU without a browser.
    Gpu,
}

impl Place {
    /// As the table calls it.
    pub fn name(self) -> String {
        match self {
            Self::WebGpu => "Chromium, WebGPU".to_owned(),
            Self::Wasm => "Chromium, no GPU".to_owned(),
            Self::Cpu(1) => "native, 1 thread".to_owned(),
            Self::Cpu(threads) => format!("native, {threads} threads"),
            Self::Gpu => "native, GPU".to_owned(),
        }
    }
}

/// What one run gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// Milliseconds of a training step.
    pub step: Option<f64>,
    /// Milliseconds of a PGD iteration.
    pub iteration: Option<f64>,
    /// Milliseconds from navigation to the end of the first training step.
    pub navigation: Option<f64>,
    /// Bytes over the wire, gzipped, without the data set.
    pub bytes: Option<f64>,
    /// The first and the last loss.
    pub losses: Option<(f64, f64)>,
    /// What it ran on.
    pub device: Option<String>,
    /// What went wrong before it was through.
    pub error: Option<String>,
}

impl Sample {
    /// Its times in a line.
    pub fn brief(&self) -> String {
        if let Some(error) = &self.error {
            return format!("FAILED: {error}");
        }
        let times = [
            ("a training step", self.step),
            ("a PGD iteration", self.iteration),
            ("to the first step", self.navigation),
        ];
        let known = times
            .iter()
            .filter_map(|(what, time)| Some((what, (*time)?)));
        let lines: Vec<String> = known
            .map(|(what, ms)| format!("{what} {ms:.1} ms"))
            .collect();
        lines.join(", ")
    }

    /// Reads what `squeeze bench --json`, `squeeze-bench-page` and `squeeze-bench-peer` print.
    pub fn from_json(figures: &Value) -> Self {
        let number = |name: &str| figures[name].as_f64();
        let text = |name: &str| {
            let text = figures[name].as_str()?.trim();
            (!text.is_empty()).then(|| text.to_owned())
        };
        Self {
            step: number("ms_per_training_step"),
            iteration: number("ms_per_pgd_iteration"),
            navigation: number("ms_from_navigation_to_first_step"),
            bytes: number("bytes_without_data"),
            losses: number("first_loss").zip(number("last_loss")),
            device: text("device"),
            error: text("error"),
        }
    }
}

/// A program with a network in a place.
#[derive(Clone, Debug)]
pub struct Row {
    /// Where it ran.
    pub place: Place,
    /// The program and its version.
    pub program: String,
    /// The network.
    pub network: &'static str,
    /// Whether it is this project's.
    pub is_ours: bool,
    /// What is to be known about it beforehand.
    pub remark: Option<String>,
    samples: Vec<Sample>,
}

impl Row {
    /// A row with nothing measured yet.
    pub fn new(place: Place, program: impl Into<String>, network: &'static str) -> Self {
        Self {
            place,
            program: program.into(),
            network,
            is_ours: false,
            remark: None,
            samples: Vec::new(),
        }
    }

    /// The same, of this project.
    pub fn ours(place: Place, network: &'static str) -> Self {
        Self {
            is_ours: true,
            ..Self::new(place, "Squeeze", network)
        }
    }

    /// Adds a run.
    pub fn add(&mut self, sample: Sample) {
        self.samples.push(sample);
    }

    /// The median over the runs of one of their numbers.
    pub fn median(&self, number: fn(&Sample) -> Option<f64>) -> Option<f64> {
        let mut numbers: Vec<f64> = self.samples.iter().filter_map(number).collect();
        numbers.sort_by(f64::total_cmp);
        let middle = numbers.len() / 2;
        let upper = numbers.get(middle)?;
        if numbers.len() % 2 == 1 {
            return Some(*upper);
        }
        Some(f64::midpoint(numbers[middle - 1], *upper))
    }

    /// What it ran on, if it said so.
    pub fn device(&self) -> Option<&str> {
        self.samples
            .iter()
            .find_map(|sample| sample.device.as_deref())
    }

    /// Why a run failed, if one did.
    pub fn error(&self) -> Option<&str> {
        self.samples
            .iter()
            .find_map(|sample| sample.error.as_deref())
    }

    /// False if the loss did not fall in some run: its times are then of no worth.
    pub fn learns(&self) -> bool {
        self.samples
            .iter()
            .filter_map(|sample| sample.losses)
            // Written so that a loss that is no number does not count as learning.
            .all(|(first, last)| last < first)
    }

    /// What is to be said about it: failures in full.
    pub fn remarks(&self) -> String {
        let mut remarks: Vec<String> = self.remark.iter().cloned().collect();
        if let Some(error) = self.error() {
            // One line: a table's cell holds no more.
            let words: Vec<&str> = error.split_whitespace().collect();
            remarks.push(format!("FAILED: {}", words.join(" ")));
        }
        if let Some((first, last)) = self.samples.iter().find_map(|sample| sample.losses) {
            let verdict = if self.learns() {
                ""
            } else {
                ": it does NOT learn"
            };
            remarks.push(format!("loss {first:.3} to {last:.3}{verdict}"));
        }
        remarks.join("; ")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Place, Row, Sample};

    fn step(ms: f64) -> Sample {
        Sample {
            step: Some(ms),
            ..Sample::default()
        }
    }

    #[test]
    fn the_median_is_over_the_runs_that_have_the_number() {
        let mut row = Row::ours(Place::WebGpu, "small-cnn");
        assert_eq!(row.median(|sample| sample.step), None);
        row.add(step(30.0));
        row.add(step(10.0));
        assert_eq!(row.median(|sample| sample.step), Some(20.0));
        row.add(step(11.0));
        row.add(Sample::default());
        assert_eq!(row.median(|sample| sample.step), Some(11.0));
        assert_eq!(row.median(|sample| sample.iteration), None);
    }

    #[test]
    fn figures_are_read_and_missing_ones_stay_missing() {
        let figures = json!({
            "ms_per_training_step": 9.5, "ms_per_pgd_iteration": null, "device": "",
            "first_loss": 2.3, "last_loss": 2.1, "error": "no GPU",
        });
        let expected = Sample {
            step: Some(9.5),
            losses: Some((2.3, 2.1)),
            error: Some("no GPU".to_owned()),
            ..Sample::default()
        };
        assert_eq!(Sample::from_json(&figures), expected);
    }

    #[test]
    fn a_row_that_does_not_learn_says_so() {
        let losses = |first, last| Sample {
            losses: Some((first, last)),
            ..Sample::default()
        };
        let mut row = Row::new(Place::Wasm, "peer", "small-cnn");
        assert!(row.learns());
        row.add(losses(2.3, 1.9));
        assert!(row.learns());
        assert_eq!(row.remarks(), "loss 2.300 to 1.900");
        row.add(losses(2.3, f64::NAN));
        assert!(!row.learns());
        assert!(row.remarks().ends_with("it does NOT learn"));
    }

    #[test]
    fn a_failure_is_told_on_one_line() {
        let mut row = Row::new(Place::Wasm, "peer", "small-cnn");
        row.add(Sample {
            error: Some("waited\n  in vain".to_owned()),
            ..Sample::default()
        });
        assert_eq!(row.remarks(), "FAILED: waited in vain");
    }
}
