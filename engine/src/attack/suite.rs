//! AutoAttack (Croce and Hein 2020, arXiv:2003.01690): an ensemble whose parts each go on with the
//! images that the ones before have left standing.

use web_time::Instant;

use super::ladder::Ladder;
use super::run::{AttackError, Manner, Target, clean};
use crate::config::{AttackConfig, AttackLoss, AttackMethod, Choice, ConfigError, Goal, Suite};
use crate::control::Control;
use crate::event::{Event, SuiteSummary};

/// Times that a model which answers at random is asked about each point (AutoAttack's `rand`).
pub const DRAWS: usize = 20;

/// Wrong classes that targeted attacks go to, at most.
pub const TARGETS: usize = 9;

/// The attacks of a suite with their names, in order.
pub fn attacks(suite: Suite, base: &AttackConfig) -> Vec<(&'static str, AttackConfig)> {
    let with = |method: AttackMethod, loss, goal, restarts| AttackConfig {
        method,
        loss,
        goal,
        restarts,
        iterations: method.usual_iterations(),
        step_size: 0.0,
        momentum: 0.0,
        draws: 1,
        ..base.clone()
    };
    let likely = Goal::Likely(TARGETS);
    let apgd = |loss, restarts| with(AttackMethod::Apgd, loss, Goal::Untargeted, restarts);
    let apgd_t = with(AttackMethod::Apgd, AttackLoss::Dlr, likely, 1);
    let fab_t = with(AttackMethod::Fab, AttackLoss::Xent, likely, 1);
    let square = with(AttackMethod::Square, AttackLoss::Cw, Goal::Untargeted, 1);
    match suite {
        Suite::Standard => vec![
            ("APGD-CE", apgd(AttackLoss::Xent, 1)),
            ("APGD-T", apgd_t),
            ("FAB-T", fab_t),
            ("Square", square),
        ],
        Suite::Plus => vec![
            ("APGD-CE", apgd(AttackLoss::Xent, 5)),
            ("APGD-DLR", apgd(AttackLoss::Dlr, 5)),
            (
                "FAB",
                with(AttackMethod::Fab, AttackLoss::Xent, Goal::Untargeted, 5),
            ),
            ("Square", square),
            ("APGD-T", apgd_t),
            ("FAB-T", fab_t),
        ],
        Suite::Rand => [AttackLoss::Xent, AttackLoss::Dlr]
            .map(|loss| AttackConfig {
                draws: DRAWS,
                ..apgd(loss, 1)
            })
            .into_iter()
            .zip(["APGD-CE", "APGD-DLR"])
            .map(|(config, name)| (name, config))
            .collect(),
    }
}

/// Runs a suite on the first `base.images` test images, with norm, radius and batch size of `base`,
/// and reports every part as it ends.
///
/// # Errors
/// [`AttackError`]
pub async fn run(
    target: &Target<'_>,
    suite: Suite,
    base: &AttackConfig,
    control: &Control,
    emit: &mut dyn FnMut(Event),
) -> Result<SuiteSummary, AttackError> {
    base.validate()?;
    if base.choose != Choice::First {
        return Err(AttackError::Config(ConfigError::OutOfRange {
            field: "attack.choose",
            value: base.choose.to_string(),
            must_be: "`first` for AutoAttack, whose figures are of the test set as it lies"
                .to_owned(),
        }));
    }
    let began = Instant::now();
    let images = base.images.min(target.data.data().test.len());
    let places: Vec<usize> = (0..images).collect();
    let seen = clean(target, &places, base.batch_size).await?;
    let clean_accuracy = seen.clean_correct() as f64 / images.max(1) as f64;
    let mut ladder = Ladder::new(
        *target,
        seen.was_right,
        seen.margins,
        Manner::default(),
        control,
    );
    let mut stopped = false;
    for (name, config) in attacks(suite, base) {
        let standing = ladder.standing();
        if standing.is_empty() {
            break;
        }
        if ladder
            .attack(name, &config, &standing, emit)
            .await?
            .is_none()
        {
            stopped = true;
            break;
        }
    }
    let summary = SuiteSummary {
        suite,
        norm: base.norm,
        epsilon: base.epsilon,
        images,
        clean_accuracy,
        robust_accuracy: ladder.standing().len() as f64 / images.max(1) as f64,
        rungs: ladder.rungs().to_vec(),
        seconds: began.elapsed().as_secs_f64(),
        stopped,
    };
    emit(Event::SuiteFinished(summary.clone()));
    Ok(summary)
}
