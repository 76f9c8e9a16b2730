//! Attacks beside the ladder whose numbers are only looked at: no verdict rests on them.

use super::report::{Grid, Starts};
use crate::attack::run::{AttackError, Manner, Target, on};
use crate::config::AttackConfig;
use crate::control::Control;

/// Lengths of a step as shares of the radius: from one of which forty reach across it to one that
/// does so alone.
const LENGTHS: [f64; 4] = [0.025, 0.1, 0.25, 1.0];

/// What is attacked, and how.
pub struct Beside<'a> {
    /// The model and its data.
    pub target: &'a Target<'a>,
    /// The usual attack of the run.
    pub usual: AttackConfig,
    /// The first so many images of the test set are looked at.
    pub images: usize,
    /// Those of them that are right without attack, by their places.
    pub right: Vec<usize>,
    /// For a stop.
    pub control: &'a Control,
}

impl Beside<'_> {
    /// For each of the images whether it stands against an attack; nothing if the user stopped it.
    async fn stands(
        &self,
        config: &AttackConfig,
        seed: u64,
    ) -> Result<Option<Vec<bool>>, AttackError> {
        let target = Target {
            seed,
            ..*self.target
        };
        let manner = Manner::default();
        let outcome = on(
            &target,
            config,
            &self.right,
            manner,
            self.control,
            &mut |_| {},
        )
        .await?;
        Ok((!outcome.stopped).then_some(outcome.is_right))
    }
}

/// The usual attack from `count` starts, each on all of the images: the `k`th is the attack of a run whose
/// seed is greater by `k`. `tell` hears which share of it is done.
pub async fn starts(
    beside: &Beside<'_>,
    count: usize,
    tell: &mut dyn FnMut(f64),
) -> Result<Option<Starts>, AttackError> {
    let mut falls = vec![0_usize; beside.right.len()];
    for start in 0..count {
        tell(start as f64 / count as f64);
        let seed = beside.target.seed.wrapping_add(start as u64);
        let Some(stands) = beside.stands(&beside.usual, seed).await? else {
            return Ok(None);
        };
        for (falls, stands) in falls.iter_mut().zip(stands) {
            *falls += usize::from(!stands);
        }
    }
    let mut images = vec![0; count + 1];
    for falls in falls {
        images[falls] += 1;
    }
    Ok(Some(Starts { images }))
}

/// The usual attack with steps of each of the [`LENGTHS`], for each number of them. `tell` hears which
/// share of it is done.
pub async fn grid(
    beside: &Beside<'_>,
    iterations: &[usize],
    tell: &mut dyn FnMut(f64),
) -> Result<Option<Grid>, AttackError> {
    let mut grid = Grid {
        images: beside.images,
        step_sizes: LENGTHS.map(|length| length * beside.usual.epsilon).to_vec(),
        iterations: iterations.to_vec(),
        accuracy: Vec::new(),
    };
    let all: usize = LENGTHS.len() * iterations.iter().sum::<usize>();
    let mut done = 0;
    for &step_size in &grid.step_sizes {
        for &iterations in iterations {
            tell(done as f64 / all.max(1) as f64);
            let config = AttackConfig {
                step_size,
                iterations,
                ..beside.usual.clone()
            };
            let Some(stands) = beside.stands(&config, beside.target.seed).await? else {
                return Ok(None);
            };
            let right = stands.iter().filter(|stands| **stands).count();
            grid.accuracy
                .push(right as f64 / beside.images.max(1) as f64);
            done += iterations;
        }
    }
    Ok(Some(grid))
}
