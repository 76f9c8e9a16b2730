//! Presets: the rows of the paper's tables, and their rivals, as run configs by name.
//!
//! A name is `DATA-DEFENCE` at the paper's size and `DATA-lite-DEFENCE` at one that a laptop
//! finishes, for example `cifar10-lsq-batch-11` and `cifar10-lite-lsq-batch-3`. Where the paper is
//! silent the values are those of `recipe.md`, or ours.

use super::{
    Adversary, AdversaryConfig, AttackConfig, DataConfig, DataKind, NetworkKind, ObjectiveConfig,
    OptimizerConfig, OptimizerKind, RunConfig, Schedule, ScheduleConfig, Squeeze, TrainingConfig,
};

/// A preset.
#[derive(Clone, Debug, PartialEq)]
pub struct Preset {
    /// Its name, as `--preset` takes it.
    pub name: String,
    /// The defence, for people.
    pub title: String,
    /// The run.
    pub config: RunConfig,
}

/// All presets: by data set, then full size before lite, then in the order of the paper.
pub fn all() -> Vec<Preset> {
    let sets = [
        DataKind::Mnist,
        DataKind::FashionMnist,
        DataKind::Cifar10,
        DataKind::Cifar100,
    ];
    sets.into_iter()
        .flat_map(|set| [false, true].map(|lite| (set, lite)))
        .flat_map(|(set, lite)| {
            defences(set, lite)
                .into_iter()
                .map(move |defence| defence.preset(set, lite))
        })
        .collect()
}

/// The preset of a name.
pub fn find(name: &str) -> Option<Preset> {
    all().into_iter().find(|preset| preset.name == name)
}

/// A row: what is trained, whatever the size.
struct Defence {
    /// The end of the preset's name.
    name: String,
    title: String,
    objective: ObjectiveConfig,
}

/// What differs between grey digits and colour photographs.
struct Scale {
    epsilon: f64,
    sigma: f64,
    attack_step: f64,
}

fn scale(set: DataKind) -> Scale {
    match set {
        DataKind::Mnist => Scale {
            epsilon: 0.3,
            sigma: 0.5,
            attack_step: 0.01,
        },
        DataKind::FashionMnist => Scale {
            epsilon: 0.1,
            sigma: 0.2,
            attack_step: 0.01,
        },
        DataKind::Cifar10 | DataKind::Cifar100 | DataKind::Folder => Scale {
            epsilon: 8.0 / 255.0,
            sigma: 20.0 / 255.0,
            attack_step: 2.0 / 255.0,
        },
    }
}

fn is_grey(set: DataKind) -> bool {
    matches!(set, DataKind::Mnist | DataKind::FashionMnist)
}

fn defences(set: DataKind, lite: bool) -> Vec<Defence> {
    let Scale { epsilon, sigma, .. } = scale(set);
    let plain = ObjectiveConfig::natural;
    let noisy = || ObjectiveConfig {
        noise_sigma: sigma,
        ..plain()
    };
    let mut rows = vec![Defence {
        name: "natural".to_owned(),
        title: "Natural training".to_owned(),
        objective: plain(),
    }];
    let mut row = |name: String, title: String, objective| {
        rows.push(Defence {
            name,
            title,
            objective,
        });
    };
    for lambda in [0.9, 0.95] {
        row(
            format!("ls-{lambda}"),
            format!("Label smoothing, λ {lambda}"),
            ObjectiveConfig {
                label_smoothing: lambda,
                ..noisy()
            },
        );
    }
    let squeeze = |squeeze, beta, gamma| ObjectiveConfig {
        squeeze,
        beta,
        gamma,
        ..noisy()
    };
    // The poster's values; on MNIST, where it gives a plot alone, CIFAR-10's. A lite network fits
    // photographs only in part, and the part that it does not fit has nothing to hold against the
    // penalty: the poster's values cost it a good part of its accuracy (REPRODUCTION.md).
    let batch: &[f64] = match (set, lite && !is_grey(set)) {
        (_, true) => &[1.0, 3.0],
        (DataKind::Cifar100, false) => &[1.0, 5.0, 7.0],
        _ => &[5.0, 10.0, 11.0],
    };
    for &beta in batch {
        row(
            format!("lsq-batch-{beta}"),
            format!("Logit squeezing, batch-wise, β {beta}"),
            squeeze(Squeeze::Batch, beta, 0.0),
        );
    }
    for beta in [0.1, 0.5] {
        row(
            format!("lsq-example-{beta}"),
            format!("Logit squeezing, per example, β {beta}"),
            squeeze(Squeeze::Example, beta, 0.0),
        );
    }
    for &beta in batch {
        // The first one is also what the plain name means.
        let plain_name = beta == batch[0];
        row(
            if plain_name {
                "logit-similarity".to_owned()
            } else {
                format!("logit-similarity-{beta}")
            },
            format!("Logit similarity, γ 1, β {beta}"),
            squeeze(Squeeze::Batch, beta, 1.0),
        );
    }
    let against = |kind, step_size, iterations, trades_weight| ObjectiveConfig {
        adversary: AdversaryConfig {
            kind,
            epsilon,
            step_size,
            iterations,
            trades_weight,
        },
        ..plain()
    };
    for (steps, step_size) in [(2, 0.5 * epsilon), (7, 0.25 * epsilon)] {
        // The poster trains with 2 steps on CIFAR-100 alone.
        if steps == 7 || set == DataKind::Cifar100 {
            row(
                format!("adv-{steps}"),
                format!("Adversarial training, {steps}-step PGD"),
                against(Adversary::Pgd, step_size, steps, 0.0),
            );
        }
    }
    row(
        "fast".to_owned(),
        "Fast adversarial training (one step)".to_owned(),
        against(Adversary::Fast, 1.25 * epsilon, 1, 0.0),
    );
    row(
        "free-8".to_owned(),
        "Free adversarial training, 8 replays".to_owned(),
        against(Adversary::Free, epsilon, 8, 0.0),
    );
    let weight = if is_grey(set) { 1.0 } else { 6.0 };
    row(
        "trades".to_owned(),
        "TRADES".to_owned(),
        against(Adversary::Trades, 0.25 * epsilon, 7, weight),
    );
    rows
}

impl Defence {
    fn preset(self, set: DataKind, lite: bool) -> Preset {
        let Scale {
            epsilon,
            attack_step,
            ..
        } = scale(set);
        let grey = is_grey(set);
        let mut objective = self.objective;
        // The paper's recipe has all weights from the first step.
        objective.warmup = match (grey, lite) {
            (true, _) if objective.squeeze == Squeeze::Batch => 0.75,
            (false, true) if objective.squeeze == Squeeze::Batch => 0.5,
            (false, true) if teaches_slowly(&objective) => 0.75,
            _ => 0.0,
        };
        let (network, optimizer, training) = match (grey, lite) {
            (true, _) => grey_recipe(lite, objective.squeeze),
            (false, false) => challenge_recipe(),
            (false, true) => lite_recipe(&objective),
        };
        let size = if lite { "-lite" } else { "" };
        Preset {
            name: format!("{}{size}-{}", set.name(), self.name),
            title: self.title,
            config: RunConfig {
                network,
                data: DataConfig {
                    set,
                    ..DataConfig::default()
                },
                objective,
                optimizer,
                training,
                attack: AttackConfig {
                    epsilon,
                    step_size: attack_step,
                    iterations: if grey { 40 } else { 20 },
                    ..AttackConfig::default()
                },
                ..RunConfig::default()
            },
        }
    }
}

/// 28 x 28 grey images. Ours: the paper gives no recipe for MNIST.
///
/// Squeezed runs take plain steps of one length and average the weights. Near the critical squeeze
/// logits are drawn to nothing along the very direction that classifies; steps that shrink, or that
/// are scaled by the gradient's size as Adam's, end in noise there, while the average of steps that
/// go on keeps the direction. No features are learned from logits that are nothing, so the penalty
/// over the batch rises to its weight over three quarters of the run. Steps of that length kill part
/// of a fresh network's features, or all of them, unless they grow to it.
fn grey_recipe(lite: bool, squeeze: Squeeze) -> (NetworkKind, OptimizerConfig, TrainingConfig) {
    let network = if lite {
        NetworkKind::SmallCnn
    } else {
        NetworkKind::MnistCnn
    };
    let plain = |ema_decay| OptimizerConfig {
        kind: OptimizerKind::Nesterov,
        learning_rate: 0.1,
        schedule: ScheduleConfig {
            warmup: 0.05,
            ..ScheduleConfig::default()
        },
        ema_decay,
        ..OptimizerConfig::default()
    };
    let (steps, optimizer) = match squeeze {
        Squeeze::None => {
            let optimizer = OptimizerConfig {
                learning_rate: 3e-3,
                schedule: ScheduleConfig {
                    kind: Schedule::OneCycle,
                    warmup: 0.3,
                    ..ScheduleConfig::default()
                },
                ..OptimizerConfig::default()
            };
            (2000, optimizer)
        }
        Squeeze::Example => (3000, plain(0.995)),
        Squeeze::Batch => (4000, plain(0.998)),
    };
    let training = TrainingConfig {
        steps,
        ..TrainingConfig::default()
    };
    (network, optimizer, training)
}

/// The recipe of the CIFAR-10 challenge (`recipe.md`, "Architectures").
fn challenge_recipe() -> (NetworkKind, OptimizerConfig, TrainingConfig) {
    let network = NetworkKind::Wrn {
        depth: 32,
        width: 10,
    };
    let optimizer = OptimizerConfig {
        kind: OptimizerKind::Sgd,
        learning_rate: 0.1,
        schedule: ScheduleConfig {
            kind: Schedule::Step,
            ..ScheduleConfig::default()
        },
        weight_decay: 2e-4,
        ..OptimizerConfig::default()
    };
    let training = TrainingConfig {
        steps: 80_000,
        crop_padding: 4,
        flip: true,
        eval_every: 1000,
        ..TrainingConfig::default()
    };
    (network, optimizer, training)
}

/// True where logits grow late: labels that are nearly even, or half a weight on every logit's
/// square.
fn teaches_slowly(objective: &ObjectiveConfig) -> bool {
    let squeezed = objective.squeeze == Squeeze::Example && objective.beta >= 0.5;
    squeezed || objective.label_smoothing > 0.0
}

/// Colour photographs in half an hour on two cores: a small network, one cycle; nine epochs, fewer
/// where each step takes many gradients, more where logits grow late. Ours.
fn lite_recipe(objective: &ObjectiveConfig) -> (NetworkKind, OptimizerConfig, TrainingConfig) {
    let optimizer = OptimizerConfig {
        kind: OptimizerKind::Nesterov,
        learning_rate: 0.2,
        schedule: ScheduleConfig {
            kind: Schedule::OneCycle,
            warmup: 0.25,
            ..ScheduleConfig::default()
        },
        weight_decay: 5e-4,
        ..OptimizerConfig::default()
    };
    let training = TrainingConfig {
        steps: match objective.adversary.kind {
            Adversary::Pgd | Adversary::Trades => 800,
            // Every batch is replayed: more steps, not to see too few images.
            Adversary::Free => 4800,
            Adversary::Fast => 2400,
            Adversary::None if teaches_slowly(objective) => 6000,
            Adversary::None => 3600,
        },
        crop_padding: 4,
        flip: true,
        eval_every: 200,
        ..TrainingConfig::default()
    };
    (NetworkKind::ResNet { depth: 8 }, optimizer, training)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_poster_has_a_name() {
        for name in [
            "cifar10-lsq-batch-5",
            "cifar10-lsq-batch-10",
            "cifar10-lsq-batch-11",
            "cifar10-adv-7",
            "cifar100-lsq-batch-1",
            "cifar100-lsq-batch-5",
            "cifar100-lsq-batch-7",
            "cifar100-adv-2",
            "cifar100-adv-7",
            "cifar10-logit-similarity",
            "cifar10-logit-similarity-10",
            "cifar10-logit-similarity-11",
            "cifar10-ls-0.9",
            "cifar10-ls-0.95",
            "mnist-natural",
            "mnist-lsq-batch-11",
            "mnist-lsq-example-0.5",
            "mnist-logit-similarity",
            "mnist-fast",
            "cifar10-lite-lsq-batch-3",
        ] {
            assert!(find(name).is_some(), "{name}");
        }
        let paper = find("cifar10-lsq-batch-11").unwrap().config;
        assert_eq!(paper.network.name(), "wrn-32-10");
        assert_eq!(paper.objective.beta, 11.0);
        assert_eq!(paper.optimizer.weight_decay, 2e-4);
        assert!(paper.objective.beta > paper.objective.critical_beta(128, 10).unwrap());
        assert_eq!(find("cifar10-lsq-batch-12"), None);
    }

    #[test]
    fn names_are_unique_and_every_preset_is_a_good_config() {
        let presets = all();
        for (place, preset) in presets.iter().enumerate() {
            preset.config.validate().unwrap();
            let text = preset.config.to_toml().unwrap();
            assert_eq!(RunConfig::from_toml(&text).unwrap(), preset.config);
            let same = |other: &Preset| other.name == preset.name;
            assert!(!presets[..place].iter().any(same), "{}", preset.name);
        }
    }
}
