//! `--metrics ADDRESS`: a run's numbers for Prometheus, at `http://ADDRESS/metrics`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::thread;

use anyhow::{Result, anyhow, ensure};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use squeeze_engine::event::{Event, Part};
use tiny_http::{Header, Method, Response, Server};

type Number = Gauge<f64, AtomicU64>;

/// The media type of OpenMetrics' text form.
const FORM: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The numbers of a run, as they stand.
#[derive(Clone, Default)]
struct Numbers {
    step: Number,
    steps: Number,
    steps_per_second: Number,
    seconds_left: Number,
    loss: Number,
    cross_entropy: Number,
    penalty: Number,
    batch_accuracy: Number,
    logit_norm: Number,
    learning_rate: Number,
    loss_scale: Number,
    held_out_accuracy: Number,
    held_out_robust_accuracy: Number,
    saved_step: Number,
}

impl Numbers {
    fn register(&self, registry: &mut Registry) {
        for (name, help, number) in [
            ("step", "Training steps done", &self.step),
            ("steps", "Training steps of the whole run", &self.steps),
            (
                "steps_per_second",
                "Training steps a second, looks not counted",
                &self.steps_per_second,
            ),
            (
                "left_seconds",
                "Seconds of training that are left, looks not counted",
                &self.seconds_left,
            ),
            ("loss", "Objective of the last batch", &self.loss),
            ("cross_entropy", "Its cross-entropy", &self.cross_entropy),
            (
                "penalty",
                "Its penalty on the logits, beta included",
                &self.penalty,
            ),
            (
                "batch_accuracy",
                "Share of the last batch that was right",
                &self.batch_accuracy,
            ),
            (
                "logit_norm",
                "Mean l_2 norm of an image's logits in the last batch",
                &self.logit_norm,
            ),
            (
                "learning_rate",
                "Learning rate of the last step",
                &self.learning_rate,
            ),
            (
                "loss_scale",
                "What mixed precision multiplies the loss by",
                &self.loss_scale,
            ),
            (
                "held_out_accuracy",
                "Share of the held-out images that are right",
                &self.held_out_accuracy,
            ),
            (
                "held_out_robust_accuracy",
                "Share of some held-out images that are right under a short attack",
                &self.held_out_robust_accuracy,
            ),
            (
                "saved_step",
                "Step of the last saved state",
                &self.saved_step,
            ),
        ] {
            number.set(f64::NAN);
            registry.register(name, help, number.clone());
        }
    }

    fn event(&self, event: &Event) {
        match event {
            Event::TrainingStarted(started) => {
                self.step.set(started.step as f64);
                self.steps.set(started.config.training.steps as f64);
            }
            Event::Steps(steps) => {
                self.steps_per_second.set(steps.steps_per_sec);
                let Some(last) = steps.steps.last() else {
                    return;
                };
                if let Some(seen) = steps.loss_scale {
                    self.loss_scale.set(f64::from(seen.scale));
                }
                let left = steps.total_steps.saturating_sub(last.step);
                self.seconds_left.set(left as f64 / steps.steps_per_sec);
                self.step.set(last.step as f64);
                for (number, value) in [
                    (&self.loss, last.loss),
                    (&self.cross_entropy, last.cross_entropy),
                    (&self.penalty, last.penalty),
                    (&self.batch_accuracy, last.accuracy),
                    (&self.logit_norm, last.logit_norm),
                    (&self.learning_rate, last.learning_rate),
                ] {
                    number.set(f64::from(value));
                }
            }
            // That of the test set comes with the end of the program.
            Event::Evaluation(evaluation) if evaluation.part == Part::HeldOut => {
                self.held_out_accuracy.set(evaluation.accuracy);
            }
            Event::Look(look) => {
                if let Some(attack) = look.attack {
                    self.held_out_robust_accuracy.set(attack.accuracy);
                }
            }
            Event::Saved { step } => {
                self.saved_step.set(*step as f64);
            }
            _ => {}
        }
    }
}

/// A server of a run's numbers; it ends with the program.
pub struct Metrics {
    numbers: Numbers,
}

impl Metrics {
    /// Serves at an address, which only this machine may reach.
    ///
    /// # Errors
    /// If others might reach it, or it is taken.
    pub fn serve(address: SocketAddr) -> Result<Self> {
        ensure!(
            address.ip().is_loopback(),
            "--metrics {address}: others could reach this address, and it asks for no password; take 127.0.0.1:{}, and let others in by a tunnel (ssh -L)",
            address.port()
        );
        let server = Server::http(address)
            .map_err(|error| anyhow!("--metrics {address} cannot be served: {error}"))?;
        if let Some(at) = server.server_addr().to_ip() {
            eprintln!("metrics: http://{at}/metrics");
        }
        let numbers = Numbers::default();
        let mut registry = Registry::with_prefix("squeeze");
        numbers.register(&mut registry);
        let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "This program", version);
        let registry = Arc::new(registry);
        thread::Builder::new()
            .name("metrics".to_owned())
            .spawn(move || {
                for request in server.incoming_requests() {
                    // Whoever asked may have gone away: that is not this program's concern.
                    let _ = answer(&registry, request);
                }
            })?;
        Ok(Self { numbers })
    }

    /// Takes note of an event.
    pub fn event(&self, event: &Event) {
        self.numbers.event(event);
    }
}

fn answer(registry: &Registry, request: tiny_http::Request) -> std::io::Result<()> {
    if request.url() != "/metrics" || !matches!(request.method(), Method::Get | Method::Head) {
        return request.respond(Response::from_string("GET /metrics\n").with_status_code(404));
    }
    let mut text = String::new();
    if encode(&mut text, registry).is_err() {
        return request.respond(Response::empty(500));
    }
    let mut response = Response::from_string(text);
    if let Ok(header) = Header::from_bytes("Content-Type", FORM) {
        response.add_header(header);
    }
    request.respond(response)
}
