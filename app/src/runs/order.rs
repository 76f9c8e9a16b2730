//! In which order stored runs are listed.

use squeeze_engine::event::RunInfo;

/// An order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The latest first.
    Newest,
    /// By name.
    Name,
    /// The most accurate first.
    Accuracy,
    /// By data set, network and objective.
    Settings,
}

impl Order {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Newest, Self::Name, Self::Accuracy, Self::Settings];

    /// Stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Name => "name",
            Self::Accuracy => "accuracy",
            Self::Settings => "settings",
        }
    }

    /// Name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Newest => "Newest first",
            Self::Name => "Name",
            Self::Accuracy => "Test accuracy",
            Self::Settings => "Settings",
        }
    }

    /// Brings runs, newest first, into this order; equal ones stay as they are.
    pub fn sort(self, runs: &mut [RunInfo]) {
        runs.sort_by_cached_key(|run| match self {
            Self::Newest => (0, String::new()),
            Self::Name => (0, run.name.to_lowercase()),
            // In millionths, the best first; without one comes last.
            Self::Accuracy => (
                -(run.test_accuracy.unwrap_or(-1.0) * 1e6) as i64,
                String::new(),
            ),
            Self::Settings => (0, super::words::what(run)),
        });
    }
}

#[cfg(test)]
mod tests {
    use squeeze_engine::config::RunConfig;

    use super::*;

    #[test]
    fn runs_are_ordered() {
        let run = |id: &str, name: &str, test_accuracy, label_smoothing| {
            let mut config = RunConfig::default();
            config.objective.label_smoothing = label_smoothing;
            RunInfo {
                id: id.to_owned(),
                name: name.to_owned(),
                created: 0.0,
                config,
                step: 1,
                finished: true,
                test_accuracy,
                verdict: None,
                bytes: 1,
            }
        };
        let runs = [
            run("3", "b", None, 0.0),
            run("2", "C", Some(0.5), 0.9),
            run("1", "a", Some(0.9), 0.0),
        ];
        let sorted = |order: Order| {
            let mut runs = runs.to_vec();
            order.sort(&mut runs);
            runs.iter().map(|run| run.id.clone()).collect::<String>()
        };
        assert_eq!(sorted(Order::Newest), "321");
        assert_eq!(sorted(Order::Name), "132");
        assert_eq!(sorted(Order::Accuracy), "123");
        let by_settings = sorted(Order::Settings);
        assert!(["312", "231"].contains(&&*by_settings), "{by_settings}");
    }
}
