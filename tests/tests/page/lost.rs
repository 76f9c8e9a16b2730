//! A GPU that goes away while the page uses it.

use std::thread::sleep;
use std::time::Duration;

use squeeze_tests::browser::Graphics;

use super::{PATIENCE, Visit, alone};

/// Has the device that the worker opens at hand as `device`. Its script takes long enough to load; what it
/// is replaced in is not there at the very beginning.
const KEEP_THE_DEVICE: &str = "(() => { const adapter = self.GPUAdapter?.prototype; \
    if (!adapter) return false; \
    const ask = adapter.requestDevice; adapter.requestDevice = async function (...words) { \
        self.device = await ask.apply(this, words); return self.device; }; return true; })()";

const DESTROY: &str = "self.device.destroy() ?? true";

impl Visit {
    fn wait_for_worker(&self, workers: usize) {
        self.prepare_worker(workers, KEEP_THE_DEVICE);
    }

    fn destroy_the_device(&self) {
        assert_eq!(self.browser.eval_in_worker(DESTROY).unwrap(), true);
    }

    /// Begins a run that is long enough for a first saving.
    fn train_until_it_is_saved(&self) {
        self.wait_for_model("mnist-natural");
        self.set_up_a_short_run(100_000);
        self.browser.click("train").unwrap();
        let saved = "document.querySelector('[data-testid=saved]') !== null";
        self.wait_until("the run to be saved", saved);
    }

    fn wait_until(&self, what: &str, condition: &str) {
        self.browser
            .wait_for(what, PATIENCE, condition)
            .unwrap_or_else(|error| panic!("{error}"));
    }
}

const STATUS: &str = "document.querySelector('[data-status]')?.dataset.status";
const STEP: &str = "parseInt(document.querySelector('[data-testid=step]')?.textContent)";
const SAID: &str = "(document.querySelector('[data-testid=error]')?.innerText ?? '')";

#[test]
fn a_lost_gpu_is_opened_again_and_training_goes_on_where_it_was_saved() {
    let _alone = alone();
    let visit = Visit::new(Graphics::WebGpu, "?device=gpu");
    visit.wait_for_worker(1);
    visit.train_until_it_is_saved();
    let before = visit.number("step");
    let workers = visit.browser.workers();
    visit.destroy_the_device();
    visit.wait_for_worker(workers + 1);
    visit.wait_until(
        "the run to go on",
        &format!("{STATUS} === 'training' && {STEP} > {before} && {SAID}.includes('goes on from')"),
    );
    visit.photograph("lost");

    // A driver that fails takes the browser's whole process for graphics with it.
    let workers = visit.browser.workers();
    visit.browser.crash_gpu();
    visit.wait_for_worker(workers + 1);
    visit.wait_until(
        "the run to go on again",
        &format!("{STATUS} === 'training' && {STEP} > {before}"),
    );
    visit.browser.click("stop").unwrap();
    visit.wait_until("the run to stop", &format!("{STATUS} === 'stopped'"));
    assert!(
        !visit
            .browser
            .errors()
            .iter()
            .any(|error| error.contains("panicked"))
    );
}

#[test]
fn a_gpu_that_is_lost_three_times_in_an_attack_makes_way_for_the_cpu() {
    let _alone = alone();
    let visit = Visit::new(Graphics::WebGpu, "?device=gpu");
    visit.wait_for_worker(1);
    visit.wait_for_model("mnist-natural");
    visit.browser.set("iterations", "100000").unwrap();
    for loss in 1..=3 {
        visit.wait_until(
            "the model to be open",
            &format!("['ready', 'attacking'].includes({STATUS})"),
        );
        visit.browser.click("attack").unwrap();
        visit.wait_until("the attack to begin", &format!("{STATUS} === 'attacking'"));
        sleep(Duration::from_secs(1));
        let workers = visit.browser.workers();
        visit.destroy_the_device();
        if loss < 3 {
            visit.wait_for_worker(workers + 1);
            visit.wait_until(
                "the model to be open again",
                &format!("{STATUS} === 'ready' && {SAID}.includes('start it once more')"),
            );
        }
    }
    visit.wait_until(
        "the CPU to be offered",
        &format!("{SAID}.includes('Use the CPU')"),
    );
    assert!(
        visit
            .browser
            .text("error")
            .unwrap()
            .contains("third time in a row")
    );
    visit.photograph("lost-thrice");
}

/// The browser's own event, as it comes when an array finds no room.
const FILL_THE_MEMORY: &str = "self.device.dispatchEvent(new GPUUncapturedErrorEvent( \
    'uncapturederror', { error: new GPUOutOfMemoryError('') })) || true";

#[test]
fn a_full_gpu_memory_is_told_with_what_to_change() {
    let _alone = alone();
    let visit = Visit::new(Graphics::WebGpu, "?device=gpu");
    visit.wait_for_worker(1);
    visit.train_until_it_is_saved();
    let workers = visit.browser.workers();
    assert_eq!(visit.browser.eval_in_worker(FILL_THE_MEMORY).unwrap(), true);
    visit.wait_for_worker(workers + 1);
    // The same work would come to the same: the run is open, and does not go on by itself.
    visit.wait_until(
        "the run to be open again",
        &format!("{STATUS} === 'paused' && {SAID}.includes('images at once')"),
    );
    let said = visit.browser.text("error").unwrap();
    assert!(
        said.contains("memory is full") && said.contains("micro_batch"),
        "{said}"
    );
    visit.photograph("memory-full");
    visit.browser.click("dismiss").unwrap();
    visit.browser.click("resume").unwrap();
    let before = visit.number("step");
    visit.wait_until("the run to go on", &format!("{STEP} > {before}"));
}
