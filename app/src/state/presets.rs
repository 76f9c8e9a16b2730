//! The engine's presets as the page offers them: those that fit the loaded data, small ones first.

use squeeze_engine::config::preset::{self, Preset};
use squeeze_engine::config::{
    Adversary, AttackConfig, DataKind, Effort, EvaluationConfig, Norm, ObjectiveConfig, RunConfig,
};

use crate::state::defence::Defence;

/// What the page begins with: the defence of the paper, at a size for any machine.
pub fn first() -> RunConfig {
    let first = preset::find("mnist-lite-lsq-batch-5");
    RunConfig {
        // A first look, in a minute or two.
        evaluation: EvaluationConfig {
            effort: Effort::Quick,
            images: 200,
            ..EvaluationConfig::default()
        },
        ..first.map_or_else(RunConfig::default, |preset| preset.config)
    }
}

/// The data set whose presets fit `kind`: a folder of images is taken for photographs.
pub fn model_of(kind: DataKind) -> DataKind {
    match kind {
        DataKind::Folder => DataKind::Cifar10,
        other => other,
    }
}

/// The presets for a data set: those that a laptop finishes, and those of full size.
pub fn for_data(kind: DataKind) -> (Vec<Preset>, Vec<Preset>) {
    let model = model_of(kind);
    preset::all()
        .into_iter()
        .filter(|preset| preset.config.data.set == model)
        .partition(is_lite)
}

fn is_lite(preset: &Preset) -> bool {
    let set = preset.config.data.set.name();
    preset.name.starts_with(&format!("{set}-lite-"))
}

/// Takes a preset; the seed, the data and how models are judged stay.
pub fn take(preset: &Preset, config: &mut RunConfig) {
    let seed = config.seed;
    let data = config.data.clone();
    let evaluation = config.evaluation.clone();
    *config = RunConfig {
        seed,
        data,
        evaluation,
        ..preset.config.clone()
    };
}

/// Measures an attack's budget in a norm, with the budget and the steps that are usual there.
pub fn measure_in(norm: Norm, config: &mut RunConfig) {
    let model = model_of(config.data.set);
    let usual = preset::find(&format!("{}-lite-natural", model.name()));
    let usual = usual.map_or_else(AttackConfig::default, |preset| preset.config.attack);
    let attack = &mut config.attack;
    attack.norm = norm;
    (attack.epsilon, attack.step_size) = match norm {
        Norm::Linf => (usual.epsilon, usual.step_size),
        // The paper's for photographs; the one that is common for digits.
        Norm::L2 if matches!(model, DataKind::Mnist | DataKind::FashionMnist) => (2.0, 0.0),
        Norm::L2 => (1.5, 0.0),
    };
}

/// The preset that a config is, whatever its seed.
pub fn matching(config: &RunConfig) -> Option<String> {
    let model = model_of(config.data.set);
    preset::all()
        .into_iter()
        .find(|preset| {
            let mut same = config.clone();
            take(preset, &mut same);
            preset.config.data.set == model && same == *config
        })
        .map(|preset| preset.name)
}

/// The small preset for a data set whose defence is nearest to that of `config`.
pub fn fitting(kind: DataKind, config: &RunConfig) -> Option<Preset> {
    // The same row of the tables, if it is one and if there is one.
    let old = matching(config).and_then(|name| {
        let set = model_of(config.data.set).name();
        let row = name.strip_prefix(set)?.trim_start_matches("-lite");
        preset::find(&format!("{}-lite{row}", model_of(kind).name()))
    });
    old.or_else(|| {
        let objective = &config.objective;
        standing_for(kind, Defence::of(objective), objective.adversary.kind)
    })
}

/// The first small preset of a defence; `adversary` tells which, if it is adversarial.
fn standing_for(kind: DataKind, defence: Defence, adversary: Adversary) -> Option<Preset> {
    let wanted = match (defence, adversary) {
        (Defence::Adversarial, Adversary::None) => Adversary::Pgd,
        (Defence::Adversarial, adversary) => adversary,
        _ => Adversary::None,
    };
    let (lite, _) = for_data(kind);
    lite.into_iter().find(|preset| {
        let objective = &preset.config.objective;
        Defence::of(objective) == defence && objective.adversary.kind == wanted
    })
}

/// The objective of a defence with the values that fit a data set; `adversary` tells which, if it is
/// adversarial.
pub fn objective(kind: DataKind, defence: Defence, adversary: Adversary) -> ObjectiveConfig {
    standing_for(kind, defence, adversary)
        .map_or_else(ObjectiveConfig::natural, |preset| preset.config.objective)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_norm_brings_its_usual_budget() {
        for (kind, around, round) in [
            (DataKind::Mnist, 0.3, 2.0),
            (DataKind::Folder, 8.0 / 255.0, 1.5),
        ] {
            let mut config = first();
            config.data.set = kind;
            measure_in(Norm::L2, &mut config);
            assert_eq!(config.attack.epsilon, round);
            config.validate().unwrap();
            measure_in(Norm::Linf, &mut config);
            assert_eq!(config.attack.epsilon, around);
            config.validate().unwrap();
        }
    }

    #[test]
    fn every_data_set_has_small_and_large_presets() {
        for kind in DataKind::ALL {
            let (lite, full) = for_data(kind);
            assert!(!lite.is_empty() && !full.is_empty(), "{kind:?}");
            assert!(lite.iter().all(|preset| preset.name.contains("-lite-")));
        }
    }

    #[test]
    fn a_taken_preset_keeps_seed_and_data_and_is_known_again() {
        let mut config = first();
        assert_eq!(matching(&config).as_deref(), Some("mnist-lite-lsq-batch-5"));
        config.seed = 7;
        config.data.set = DataKind::Folder;
        config.data.image_size = 64;
        let preset = preset::find("cifar10-lite-trades").unwrap();
        take(&preset, &mut config);
        assert_eq!((config.seed, config.data.image_size), (7, 64));
        assert_eq!(config.data.set, DataKind::Folder);
        assert_eq!(matching(&config), Some(preset.name));
        config.training.steps += 1;
        assert_eq!(matching(&config), None);
    }

    #[test]
    fn the_same_defence_is_found_for_other_data() {
        let mut config = first();
        for name in ["mnist-lite-lsq-batch-11", "mnist-lsq-batch-11"] {
            take(&preset::find(name).unwrap(), &mut config);
            let found = fitting(DataKind::FashionMnist, &config).unwrap();
            assert_eq!(found.name, "fashion-mnist-lite-lsq-batch-11");
            // That row is not among the small ones for photographs: the first of its kind is.
            let found = fitting(DataKind::Cifar100, &config).unwrap();
            assert_eq!(found.name, "cifar100-lite-lsq-batch-1");
        }
    }

    #[test]
    fn every_defence_has_values_for_every_data_set() {
        for kind in DataKind::ALL {
            for defence in Defence::ALL {
                let config = RunConfig {
                    objective: objective(kind, defence, Adversary::None),
                    ..RunConfig::default()
                };
                assert_eq!(config.validate(), Ok(()));
                assert_eq!(Defence::of(&config.objective), defence, "{kind:?}");
                let noisy = !matches!(defence, Defence::Natural | Defence::Adversarial);
                assert_eq!(config.objective.noise_sigma > 0.0, noisy);
                let found = fitting(kind, &config).unwrap();
                assert_eq!(found.config.objective, config.objective);
            }
            for adversary in Adversary::ALL {
                let wanted = objective(kind, Defence::Adversarial, adversary);
                if adversary != Adversary::None {
                    assert_eq!(wanted.adversary.kind, adversary);
                }
                assert!(wanted.adversary.epsilon > 0.0);
            }
        }
    }
}
