//! How much of each attack an effort takes.

use crate::attack::suite::TARGETS;
use crate::config::Effort;

/// Numbers of the ladder.
pub struct Plan {
    /// How often the iterations of the usual attack are doubled.
    pub doublings: u32,
    /// Restarts of PGD.
    pub restarts: usize,
    /// Classes that targeted attacks go to.
    pub targets: usize,
    /// Iterations of Auto-PGD and FAB.
    pub iterations: usize,
    /// Queries of Square.
    pub queries: usize,
    /// Draws of noise.
    pub draws: usize,
    /// Images of the curve against the radius.
    pub curve: usize,
    /// Images for SPSA and HopSkipJump, which take long; 0 leaves them out.
    pub slow: usize,
    /// Images of the two pictures that are measured for their own sake: how many starts fool an image,
    /// and the lengths and numbers of steps.
    pub pictured: usize,
    /// Starts that each of them is attacked from.
    pub starts: usize,
    /// Numbers of steps, ascending.
    pub steps: [usize; 4],
}

/// The numbers of an effort.
pub fn plan(effort: Effort) -> Plan {
    match effort {
        Effort::Quick => Plan {
            doublings: 1,
            restarts: 3,
            targets: 3,
            iterations: 50,
            queries: 1000,
            draws: 100,
            curve: 100,
            slow: 0,
            pictured: 25,
            starts: 10,
            steps: [5, 10, 20, 40],
        },
        Effort::Standard => Plan {
            doublings: 2,
            restarts: 10,
            targets: TARGETS,
            iterations: 100,
            queries: 5000,
            draws: 1000,
            curve: 200,
            slow: 0,
            pictured: 100,
            starts: 20,
            steps: [5, 20, 80, 160],
        },
        // The paper's noise (10,000 draws), and what it takes 20 iterations and 248 samples for.
        Effort::Full => Plan {
            doublings: 4,
            restarts: 20,
            targets: TARGETS,
            iterations: 200,
            queries: 10_000,
            draws: 10_000,
            curve: 500,
            slow: 100,
            pictured: 200,
            starts: 50,
            steps: [5, 20, 80, 320],
        },
    }
}
