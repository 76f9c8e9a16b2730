//! [`ScheduleConfig`]: the learning rate over a run.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::check::check;

/// How the learning rate changes over a run. All lengths are shares of the run's steps, so that a
/// shorter run keeps the form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScheduleConfig {
    /// The form.
    pub kind: Schedule,
    /// Share of the run, at least 0 and below 1, in which the rate first rises: linearly from near
    /// 0, or, one-cycle, along a half cosine from a 25th of its peak.
    pub warmup: f64,
    /// `step`: the shares of the run, rising and between 0 and 1, at which the rate is multiplied by
    /// `factor`.
    pub milestones: Vec<f64>,
    /// `step`: what the rate is multiplied by at each milestone, above 0 and at most 1.
    pub factor: f64,
}

/// The form of a learning-rate schedule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// Always the same.
    #[default]
    Constant,
    /// Multiplied by a factor at milestones.
    Step,
    /// Half a cosine down to 0 (Loshchilov and Hutter 2017, without restarts).
    Cosine,
    /// Half a cosine up to the peak, half a cosine down to 1/250,000 of it (Smith and Topin 2019,
    /// with the constants of PyTorch's `OneCycleLR`).
    OneCycle,
}

impl Schedule {
    /// All forms, in the order an interface lists them.
    pub const ALL: [Self; 4] = [Self::Constant, Self::Step, Self::Cosine, Self::OneCycle];

    /// The name used in files, flags and links.
    pub fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Step => "step",
            Self::Cosine => "cosine",
            Self::OneCycle => "one-cycle",
        }
    }
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        Self {
            kind: Schedule::Constant,
            warmup: 0.0,
            milestones: vec![0.5, 0.75],
            factor: 0.1,
        }
    }
}

/// One-cycle: the peak is this many times the first rate, and that this many times the last.
const FIRST_DIVISOR: f64 = 25.0;
const LAST_DIVISOR: f64 = 1e4;

impl ScheduleConfig {
    /// What the learning rate is multiplied by at `step` (0 is the first) of `steps`.
    pub fn factor_at(&self, step: usize, steps: usize) -> f64 {
        let (at, all) = (step as f64, steps as f64);
        if self.kind == Schedule::OneCycle {
            return self.one_cycle(at, all);
        }
        let warmup = self.warmup * all;
        if at + 1.0 < warmup {
            return (at + 1.0) / warmup;
        }
        match self.kind {
            Schedule::Constant | Schedule::OneCycle => 1.0,
            Schedule::Step => {
                // Half a step of tolerance, since shares of steps round.
                let passed = |share: &&f64| at + 0.5 > **share * all;
                let passed = self.milestones.iter().filter(passed).count();
                self.factor.powi(passed as i32)
            }
            Schedule::Cosine => half_cosine(1.0, 0.0, (at - warmup).max(0.0) / (all - warmup)),
        }
    }

    fn one_cycle(&self, at: f64, all: f64) -> f64 {
        let first = 1.0 / FIRST_DIVISOR;
        let last = first / LAST_DIVISOR;
        let peak_at = self.warmup * all - 1.0;
        if at <= peak_at {
            let way = if peak_at > 0.0 { at / peak_at } else { 1.0 };
            return half_cosine(first, 1.0, way);
        }
        let peak_at = peak_at.max(0.0);
        half_cosine(1.0, last, (at - peak_at) / (all - 1.0 - peak_at).max(1.0))
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        check(
            (0.0..1.0).contains(&self.warmup),
            "optimizer.schedule.warmup",
            self.warmup,
            "a share of the run, at least 0 and below 1",
        )?;
        let rising = self.milestones.windows(2).all(|pair| pair[0] < pair[1]);
        let inside = self.milestones.iter().all(|m| (0.0..=1.0).contains(m));
        check(
            rising && inside,
            "optimizer.schedule.milestones",
            format!("{:?}", self.milestones),
            "rising shares of the run between 0 and 1, for example [0.5, 0.75]",
        )?;
        check(
            self.factor > 0.0 && self.factor <= 1.0,
            "optimizer.schedule.factor",
            self.factor,
            "above 0 and at most 1",
        )
    }
}

/// From `from` to `to` along half a cosine, `way` in [0, 1].
fn half_cosine(from: f64, to: f64, way: f64) -> f64 {
    to + (from - to) * 0.5 * (1.0 + (PI * way).cos())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(kind: Schedule, warmup: f64) -> ScheduleConfig {
        ScheduleConfig {
            kind,
            warmup,
            ..ScheduleConfig::default()
        }
    }

    #[test]
    fn every_form_is_what_it_says() {
        let constant = schedule(Schedule::Constant, 0.0);
        assert!((0..100).all(|step| constant.factor_at(step, 100) == 1.0));
        let step = schedule(Schedule::Step, 0.0);
        let at = |step_index| step.factor_at(step_index, 80_000);
        assert_eq!((at(39_999), at(40_000)), (1.0, 0.1));
        assert!((at(59_999) - 0.1).abs() < 1e-15 && (at(60_000) - 0.01).abs() < 1e-15);
        let cosine = schedule(Schedule::Cosine, 0.0);
        assert_eq!(cosine.factor_at(0, 100), 1.0);
        assert!((cosine.factor_at(50, 100) - 0.5).abs() < 1e-12);
        assert!(cosine.factor_at(99, 100) < 1e-3);
        let cycle = schedule(Schedule::OneCycle, 0.3);
        assert!((cycle.factor_at(0, 100) - 0.04).abs() < 1e-12);
        assert!((cycle.factor_at(29, 100) - 1.0).abs() < 1e-12);
        assert!((cycle.factor_at(99, 100) - 4e-6).abs() < 1e-12);
    }

    #[test]
    fn warm_up_rises_to_the_whole_rate_and_never_leaves_the_range() {
        for kind in Schedule::ALL {
            for (warmup, steps) in [(0.0, 1), (0.5, 1), (0.1, 7), (0.3, 100), (0.99, 100)] {
                let schedule = schedule(kind, warmup);
                let factors: Vec<f64> = (0..steps).map(|s| schedule.factor_at(s, steps)).collect();
                assert!(
                    factors.iter().all(|f| (0.0..=1.0).contains(f) && *f > 0.0),
                    "{kind:?} {warmup} {steps}: {factors:?}"
                );
            }
        }
        let warm = schedule(Schedule::Constant, 0.1);
        assert_eq!(warm.factor_at(0, 100), 0.1);
        assert_eq!(warm.factor_at(9, 100), 1.0);
    }
}
