//! [`compare`]: the same attack on the same image, on one model after another.

use super::run::{AttackError, Manner, Target, is_kept, run_in};
use crate::config::{AttackConfig, Choice};
use crate::control::Control;
use crate::event::{Event, Side};
use crate::model::Model;
use crate::resident::Resident;

/// Attacks the one test image of `data` on each model by itself: from the same random start, since that
/// depends on `seed` alone. Models have names, but for the one at hand. Nothing comes back if the user
/// stopped it.
///
/// # Errors
/// [`AttackError`]
pub async fn compare(
    models: &[(Option<String>, Model)],
    data: &Resident,
    seed: u64,
    config: &AttackConfig,
    control: &Control,
    emit: &mut dyn FnMut(Event),
) -> Result<Vec<Side>, AttackError> {
    let config = AttackConfig {
        images: 1,
        choose: Choice::First,
        ..config.clone()
    };
    let rounds = config.rounds();
    // All sides come in one event, long after the first was drawn.
    let manner = Manner {
        show: 1,
        bytes: true,
        ..Manner::default()
    };
    let mut sides = Vec::with_capacity(models.len());
    for (index, (name, model)) in models.iter().enumerate() {
        let target = Target { model, data, seed };
        let mut begun = None;
        let mut frames = Vec::new();
        let mut take = |event| match event {
            Event::AttackStarted(mut start) => {
                // It is a test image of a set that was made for it.
                start.places.clear();
                begun = Some(start);
            }
            // Those that came by for their time's sake differ from side to side.
            Event::AttackFrame(frame) if is_kept(frame.iteration, rounds) => frames.push(frame),
            Event::AttackProgress(at) => {
                let share = at.iteration as f64 / at.iterations.max(1) as f64;
                let done = (index as f64 + share) / models.len() as f64;
                emit(Event::Comparing { done });
            }
            _ => {}
        };
        let summary = run_in(&target, &config, manner, control, &mut take).await?;
        let (Some(start), false) = (begun, summary.stopped) else {
            return Ok(Vec::new());
        };
        sides.push(Side {
            name: name.clone(),
            start,
            frames,
            summary,
        });
    }
    Ok(sides)
}
