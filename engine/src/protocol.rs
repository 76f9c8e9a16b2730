//! What the page says to the engine's worker. The worker answers with [`crate::event::Event`]s.
//!
//! A worker loses messages sent before it listens: it posts [`READY`] first, and the page holds its
//! commands until then.

use serde::{Deserialize, Serialize};

use crate::config::{AttackConfig, RunConfig};

/// The plain string that a worker posts once it listens.
pub const READY: &str = "ready";

/// A command to the worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Command {
    /// Opens the device and loads the data; answered by `Device` and `Data`, or by `Failed`.
    Open {
        /// Take a software adapter too (the visitor asked for WebGPU).
        allow_software: bool,
        /// Address of the folder that holds the MNIST files, with a trailing slash.
        mnist_url: String,
    },
    /// Trains from scratch; a model trained before is dropped.
    Train {
        /// The run.
        config: RunConfig,
    },
    /// Pauses training at the next step's edge.
    Pause,
    /// Goes on after a pause.
    Resume,
    /// Ends training or an attack at the next edge.
    Stop,
    /// Attacks the model as it stands: trained, stopped or paused.
    Attack {
        /// The attack.
        config: AttackConfig,
        /// How many of the attacked images to show (the first ones).
        show: usize,
    },
}
