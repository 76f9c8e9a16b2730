//! What other programs watch a run by: Prometheus and TensorBoard.

mod prometheus;
mod record;
mod tensorboard;

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result};
use squeeze_engine::event::Event;

use prometheus::Metrics;
use tensorboard::EventFile;

/// Those that watch a run.
#[derive(Default)]
pub struct Watch {
    metrics: Option<Metrics>,
    events: Option<EventFile>,
}

impl Watch {
    /// Watched at an address of this machine, if one is named.
    ///
    /// # Errors
    /// If others could reach the address, or it is taken.
    pub fn at(address: Option<SocketAddr>) -> Result<Self> {
        Ok(Self {
            metrics: address.map(Metrics::serve).transpose()?,
            events: None,
        })
    }

    /// Written into a run directory, too.
    ///
    /// # Errors
    /// If the file cannot be made.
    pub fn write_into(&mut self, folder: &Path) -> Result<()> {
        self.events = Some(EventFile::create(folder)?);
        Ok(())
    }

    /// Takes note of an event.
    ///
    /// # Errors
    /// If the file of events cannot be written.
    pub fn event(&mut self, event: &Event) -> Result<()> {
        if let Some(metrics) = &self.metrics {
            metrics.event(event);
        }
        match &mut self.events {
            Some(events) => events
                .event(event)
                .with_context(|| format!("{} cannot be written", events.name())),
            None => Ok(()),
        }
    }
}
