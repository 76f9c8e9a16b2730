//! The built page in Chromium, as a visitor meets it. Needs the page in `dist` (`cargo xtask test`
//! builds it).

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use squeeze_tests::browser::{Browser, ColorScheme, Graphics, element};
use squeeze_tests::server::{Compression, Server};
use tempfile::TempDir;

#[path = "page/access.rs"]
mod access;
#[path = "page/agreement.rs"]
mod agreement;
#[path = "page/colour.rs"]
mod colour;
#[path = "page/drawing.rs"]
mod drawing;
#[path = "page/lost.rs"]
mod lost;
#[path = "page/offline.rs"]
mod offline;
#[path = "page/rude.rs"]
mod rude;
#[path = "page/share.rs"]
mod share;
#[path = "page/soak.rs"]
mod soak;

/// Anything on SwiftShader with two cores, compiling the kernels included.
const PATIENCE: Duration = Duration::from_secs(600);

/// Main-thread tasks over 50 ms, as the browser itself reports them.
const WATCH_LONG_TASKS: &str = "if (self.window) { window.longTasks = []; \
    new PerformanceObserver(list => list.getEntries().forEach(e => \
    window.longTasks.push([e.startTime, e.duration]))).observe({ type: 'longtask', buffered: true }); }";

/// Every value that the page shows as its loss, with the step it shows then.
const WATCH_LOSS: &str = "(() => { window.losses = []; \
    const number = id => parseFloat(document.querySelector(`[data-testid=${id}]`)?.textContent); \
    const note = () => { const [step, loss] = [number('step'), number('loss')]; \
        const last = window.losses.at(-1); \
        if (Number.isFinite(loss) && !(last && last[0] === step && last[1] === loss)) \
            window.losses.push([step, loss]); }; \
    new MutationObserver(note).observe(document.querySelector('#train'), \
        { childList: true, characterData: true, subtree: true }); })()";

/// Every file that the page hands out as a download.
const WATCH_DOWNLOADS: &str = "if (self.window) { window.downloads = []; \
    const make = URL.createObjectURL; URL.createObjectURL = blob => { \
    window.downloads.push(blob); return make.call(URL, blob); }; }";

/// How long what the visitor does takes to show, in ms, as the browser itself reports it; less than 16 is
/// not reported.
const WATCH_INPUT: &str = "(() => { window.responses = []; \
    new PerformanceObserver(list => list.getEntries().forEach(e => \
    window.responses.push(e.duration))).observe({ type: 'event', durationThreshold: 16 }); })()";

/// One browser at a time: they would slow each other down beyond the limits.
fn alone() -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    LOCK.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Visit {
    server: Server,
    browser: Browser,
}

impl Visit {
    /// Opens the page; `query` goes into its address.
    fn new(graphics: Graphics, query: &str) -> Self {
        let dist = dist();
        assert!(
            dist.join("index.html").is_file(),
            "there is no page in {}: build it with `cargo xtask test` or `cargo xtask serve`",
            dist.display()
        );
        let server = Server::start(&dist, 0, Compression::None).unwrap();
        let browser = Browser::start(graphics).unwrap();
        browser.on_new_document(WATCH_LONG_TASKS).unwrap();
        browser.on_new_document(WATCH_DOWNLOADS).unwrap();
        browser.open(&format!("{}{query}", server.url())).unwrap();
        Self { server, browser }
    }

    /// Waits until as many workers have begun, and has the last one run a script before its own, which takes
    /// long enough to load. The script gives `true` once it finds what it needs: at the very beginning of a
    /// worker not everything is there.
    fn prepare_worker(&self, workers: usize, script: &str) {
        let began = Instant::now();
        let is_prepared = || self.browser.eval_in_worker(script).unwrap() == true;
        while self.browser.workers() < workers || !is_prepared() {
            let state = self.browser.state();
            assert!(began.elapsed() < PATIENCE, "no new worker\n{state}");
            sleep(Duration::from_millis(20));
        }
    }

    fn status(&self) -> String {
        let value = self
            .browser
            .eval("document.querySelector('[data-status]')?.dataset.status ?? ''")
            .unwrap();
        value.as_str().unwrap_or_default().to_owned()
    }

    /// Waits for a state of the page; an error message on the page ends the wait.
    fn wait_for_status(&self, status: &str) {
        let condition = format!(
            "document.querySelector('[data-status=\"{status}\"]') !== null || \
             document.querySelector('[data-testid=error]') !== null"
        );
        let what = format!("the state `{status}` (it is `{}`)", self.status());
        self.browser
            .wait_for(&what, PATIENCE, &condition)
            .unwrap_or_else(|error| panic!("{error}"));
        self.expect_no_error();
    }

    fn wait_for_step(&self, step: usize) {
        let condition = format!(
            "parseInt(document.querySelector('[data-testid=step]').textContent) >= {step} || \
             document.querySelector('[data-testid=error]') !== null"
        );
        self.browser
            .wait_for(&format!("step {step}"), PATIENCE, &condition)
            .unwrap_or_else(|error| panic!("{error}"));
        self.expect_no_error();
    }

    /// Waits until the element's text holds these words; an error message on the page ends the wait,
    /// unless it is what is waited for.
    /// A model that lies ready is the one at hand.
    fn wait_for_model(&self, id: &str) {
        let pressed = format!(
            "{}?.getAttribute('aria-pressed') === 'true'",
            element(&format!("open-{id}"))
        );
        self.browser
            .wait_for(&format!("{id} to be open"), PATIENCE, &pressed)
            .unwrap_or_else(|error| panic!("{error}"));
        self.wait_for_status("ready");
    }

    fn wait_for_text(&self, testid: &str, words: &str) {
        let words = Value::from(words).to_string();
        let condition = format!(
            "(document.querySelector('[data-testid=\"{testid}\"]')?.innerText ?? '').includes({words}) || \
             document.querySelector('[data-testid=error]') !== null"
        );
        self.browser
            .wait_for(&format!("{words} in `{testid}`"), PATIENCE, &condition)
            .unwrap_or_else(|error| panic!("{error}"));
        if testid != "error" {
            self.expect_no_error();
        }
    }

    /// Waits until so many runs are listed.
    fn wait_for_runs(&self, count: usize) {
        let condition =
            format!("document.querySelectorAll('[data-testid=run]').length === {count}");
        self.browser
            .wait_for(&format!("{count} runs"), PATIENCE, &condition)
            .unwrap_or_else(|error| panic!("{error}"));
        self.expect_no_error();
    }

    /// Opens a group of settings.
    fn open_group(&self, testid: &str) {
        self.browser
            .eval(&format!("{}.open = true", element(testid)))
            .unwrap();
    }

    /// The value of an input.
    fn value(&self, testid: &str) -> String {
        let value = self
            .browser
            .eval(&format!("{}.value", element(testid)))
            .unwrap();
        value.as_str().unwrap_or_default().to_owned()
    }

    /// Settings of a run that learns something in a moment.
    fn set_up_a_short_run(&self, steps: usize) {
        self.browser.set("objective", "natural").unwrap();
        self.open_group("group-optimiser");
        for (field, value) in [
            ("sigma", "0"),
            ("optimizer", "adam"),
            ("schedule", "constant"),
            ("warmup", "0"),
            ("learning-rate", "0.003"),
            ("steps", &steps.to_string()),
            ("batch-size", "32"),
            ("seed", "1"),
        ] {
            self.browser.set(field, value).unwrap();
        }
    }

    fn expect_no_error(&self) {
        assert!(
            !self.browser.has("error").unwrap(),
            "the page says: {}\n{}",
            self.browser.text("error").unwrap_or_default(),
            self.browser.state()
        );
    }

    /// The number that the element's text begins with.
    fn number(&self, testid: &str) -> f64 {
        let text = self.browser.text(testid).unwrap();
        let number: String = text
            .chars()
            .take_while(|c| c.is_ascii_digit() || *c == '.')
            .collect();
        number
            .parse()
            .unwrap_or_else(|_| panic!("`{testid}` shows no number but `{text}`"))
    }

    /// The bytes of a file that the page handed out.
    fn download(&self, number: usize) -> Vec<u8> {
        let read = format!(
            "new Promise(done => {{ const reader = new FileReader(); \
             reader.onload = () => done(reader.result.split(',')[1]); \
             reader.readAsDataURL(window.downloads[{number}]); }})"
        );
        let text = self.browser.eval(&read).unwrap();
        BASE64_STANDARD
            .decode(text.as_str().unwrap_or_default())
            .unwrap()
    }

    fn losses(&self) -> Vec<f64> {
        pairs(&self.browser.eval("window.losses").unwrap())
            .into_iter()
            .map(|(_step, loss)| loss)
            .collect()
    }

    /// Nothing went wrong that a visitor would not see, and nothing left this machine.
    fn expect_clean_record(&self) {
        let errors = self.browser.errors();
        assert!(errors.is_empty(), "the console holds errors: {errors:#?}");
        let home = self.server.url();
        let strangers: Vec<String> = self
            .browser
            .requests()
            .into_iter()
            .filter(|url| {
                !url.starts_with(&home) && !url.starts_with("data:") && !url.starts_with("blob:")
            })
            .collect();
        assert!(
            strangers.is_empty(),
            "the page asked other hosts: {strangers:?}"
        );
    }

    /// The plots of a verdict that has all of them: their words and numbers, and the surface that turns. Saves
    /// the numbers of one.
    fn look_at_the_plots(&self) {
        let browser = &self.browser;
        let plots = [
            "radius",
            "iterations",
            "restarts",
            "starts",
            "steps",
            "margins",
            "surface",
        ];
        for plot in plots {
            let words = browser.text(&format!("figure-{plot}")).unwrap();
            assert!(
                ["Honest gradient:", "Masked:", "Here:"]
                    .iter()
                    .all(|part| words.contains(part)),
                "{plot}: {words}"
            );
            let figure = element(&format!("figure-{plot}"));
            let label = format!("{figure}.querySelector('svg').getAttribute('aria-label')");
            let label = browser.eval(&label).unwrap();
            let label = label.as_str().unwrap_or_default();
            assert!(
                label.contains(|c: char| c.is_ascii_digit()),
                "{plot}: {label}"
            );
            if plot != "surface" {
                let rows = format!("{figure}.querySelectorAll('tbody tr').length");
                assert!(browser.eval(&rows).unwrap().as_u64().unwrap() > 2, "{plot}");
            }
        }
        let meaning = browser.text("meaning").unwrap();
        assert!(
            meaning.contains("follow the gradient leave") && meaning.contains("a thick mask"),
            "{meaning}"
        );

        browser.click("save-steps").unwrap();
        browser
            .wait_for("the numbers", PATIENCE, "window.downloads.length === 1")
            .unwrap_or_else(|error| panic!("{error}"));
        let numbers = browser.eval("window.downloads[0].text()").unwrap();
        let numbers = numbers.as_str().unwrap();
        assert!(numbers.starts_with("step_size,steps,accuracy\n"));
        assert_eq!(numbers.lines().count(), 1 + 16, "{numbers}");

        // Turned with keys, back, with the mouse, and from above.
        let drawing = || {
            let drawing = format!("{}.querySelector('svg').outerHTML", element("surface"));
            browser.eval(&drawing).unwrap().as_str().unwrap().to_owned()
        };
        let at_first = drawing();
        browser
            .eval(&format!(
                "(e => {{ e.scrollIntoView({{ behavior: 'instant', block: 'center' }}); \
                 e.focus({{ preventScroll: true }}); }})({})",
                element("surface")
            ))
            .unwrap();
        let scrolled = browser.eval("scrollY").unwrap();
        browser.press("ArrowLeft").unwrap();
        let turned = drawing();
        assert_ne!(turned, at_first);
        browser.press("ArrowDown").unwrap();
        assert_ne!(drawing(), turned);
        assert_eq!(browser.eval("scrollY").unwrap(), scrolled);
        browser.screenshot("verdict-surface-turned").unwrap();
        browser.press("Home").unwrap();
        assert_eq!(drawing(), at_first);
        browser
            .drag("surface", &[(0.4, 0.5), (0.5, 0.55), (0.7, 0.6)])
            .unwrap();
        let dragged = drawing();
        assert_ne!(dragged, at_first);
        browser.click("surface-contours").unwrap();
        let map = drawing();
        assert!(!map.contains("class=\"cell\"") && map.contains("<rect"));
        browser.press("ArrowLeft").unwrap();
        assert_eq!(drawing(), map);
        browser.screenshot("verdict-surface-contours").unwrap();
        browser.click("surface-relief").unwrap();
        assert_eq!(drawing(), dragged);
    }

    /// Saves what a visitor sees on a desk and on a telephone, light and dark, and checks that nothing
    /// sticks out sideways.
    fn photograph(&self, name: &str) {
        for (width, height) in [(1440, 900), (390, 844)] {
            self.browser.set_viewport(width, height).unwrap();
            for (scheme, word) in [(ColorScheme::Light, "light"), (ColorScheme::Dark, "dark")] {
                self.browser.set_preferences(scheme, false).unwrap();
                // From the top, or what sticks to the window's edge stands amid the page. Two frames:
                // charts lay themselves out anew in the first.
                self.browser
                    .eval(
                        "scrollTo({ top: 0, behavior: 'instant' }), \
                         new Promise(d => requestAnimationFrame(() => requestAnimationFrame(d)))",
                    )
                    .unwrap();
                let picture = format!("{name}-{width}x{height}-{word}");
                self.browser.screenshot(&picture).unwrap();
                self.browser
                    .full_screenshot(&format!("{picture}-whole"))
                    .unwrap();
            }
            let wide = self
                .browser
                .eval("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                .unwrap();
            assert_eq!(wide, 0, "at {width} px the page is {wide} px too wide");
        }
        self.browser.set_viewport(1440, 900).unwrap();
        self.browser
            .set_preferences(ColorScheme::Light, false)
            .unwrap();
    }
}

/// The built page: `dist`, or the folder that the variable SQUEEZE_DIST names.
fn dist() -> PathBuf {
    if let Some(folder) = std::env::var_os("SQUEEZE_DIST") {
        return folder.into();
    }
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../dist")
}

fn pairs(value: &Value) -> Vec<(f64, f64)> {
    let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter()
        .filter_map(|pair| Some((pair[0].as_f64()?, pair[1].as_f64()?)))
        .collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Trains, pauses, goes on, attacks: the whole path of a visitor.
///
/// `steps` are enough to learn something, and so many that there is time to pause among them.
fn train_and_attack(graphics: Graphics, query: &str, name: &str, steps: u32) {
    let _alone = alone();
    let visit = Visit::new(graphics, query);
    let browser = &visit.browser;
    visit.wait_for_status("ready");
    println!(
        "{name}: {}",
        browser.text("device").unwrap().replace('\n', " ")
    );

    visit.set_up_a_short_run(steps as usize);
    browser.eval(WATCH_LOSS).unwrap();
    let start = Instant::now();
    browser.click("train").unwrap();
    visit.wait_for_status("training");
    visit.wait_for_step(1);
    println!(
        "{name}: first step after {:.1} s",
        start.elapsed().as_secs_f64()
    );
    browser.eval("window.longTasks.length = 0").unwrap();

    visit.wait_for_step(5);
    browser.click("pause").unwrap();
    visit.wait_for_status("paused");
    let paused_at = browser.text("step").unwrap();
    sleep(Duration::from_secs(2));
    assert_eq!(
        browser.text("step").unwrap(),
        paused_at,
        "it went on while paused"
    );
    assert_eq!(visit.status(), "paused");
    assert!(
        visit.number("step") < f64::from(steps),
        "it was over before the pause"
    );

    browser.click("resume").unwrap();
    visit.wait_for_step(visit.number("step") as usize + 1);
    visit.wait_for_status("trained");
    println!(
        "{name}: trained after {:.1} s",
        start.elapsed().as_secs_f64()
    );
    let long_tasks = pairs(&browser.eval("window.longTasks").unwrap());
    assert_eq!(visit.number("step"), f64::from(steps));
    let losses = visit.losses();
    println!("{name}: losses {losses:?}");
    assert!(
        losses.len() >= 3,
        "the loss was shown only {} times",
        losses.len()
    );
    let (first, last) = (losses[0], mean(&losses[losses.len() - 2..]));
    assert!(
        last < 0.7 * first,
        "the loss fell from {first} to {last} only"
    );
    let accuracy = visit.number("test-accuracy");
    assert!(
        accuracy > 50.0,
        "test accuracy is {accuracy}% after {steps} steps"
    );

    for (field, value) in [
        ("epsilon", "0.3"),
        ("step-size", "0.1"),
        ("iterations", "5"),
        ("attack-images", "32"),
    ] {
        browser.set(field, value).unwrap();
    }
    browser.click("attack").unwrap();
    visit.wait_for_status("attacked");
    println!(
        "{name}: attacked after {:.1} s",
        start.elapsed().as_secs_f64()
    );
    let (clean, robust) = (
        visit.number("clean-accuracy"),
        visit.number("robust-accuracy"),
    );
    println!("{name}: clean {clean}%, robust {robust}%");
    assert!(clean > 50.0, "clean accuracy is {clean}%");
    assert!(
        robust < 0.5 * clean,
        "robust accuracy is {robust}%, clean {clean}%"
    );

    // The engine works in a worker, so the page itself never waits. Two cores shared with a renderer
    // and a GPU in software do make the system take the processor away from it now and then, and the
    // browser counts that as its task: single short ones are forgiven, a blocked page is not.
    println!("{name}: tasks over 50 ms while training (start, duration): {long_tasks:?}");
    let longest = long_tasks.iter().map(|(_, ms)| *ms).fold(0.0, f64::max);
    assert!(
        long_tasks.len() <= 3 && longest < 150.0,
        "the page blocked: {long_tasks:?}"
    );

    visit.photograph(name);
    visit.expect_no_error();
    visit.expect_clean_record();
}

#[test]
fn trains_and_attacks_on_webgpu() {
    train_and_attack(Graphics::WebGpu, "?device=webgpu", "webgpu", 40);
}

#[test]
fn trains_and_attacks_on_the_cpu() {
    train_and_attack(Graphics::WebGpu, "?device=cpu", "cpu", 300);
}

#[test]
fn an_attack_can_measure_the_whole_image() {
    let _alone = alone();
    let visit = Visit::new(Graphics::None, "?device=cpu");
    let browser = &visit.browser;
    visit.wait_for_status("ready");
    visit.set_up_a_short_run(60);
    browser.click("train").unwrap();
    visit.wait_for_status("trained");
    browser.set("attack-norm", "l2").unwrap();
    assert_eq!(
        (visit.value("epsilon"), visit.value("step-size")),
        ("2".to_owned(), "0".to_owned())
    );
    for (field, value) in [
        ("attack-method", "apgd"),
        ("attack-loss", "dlr"),
        ("iterations", "10"),
        ("goal", "likely-9"),
        ("restarts", "2"),
        ("attack-images", "64"),
    ] {
        browser.set(field, value).unwrap();
    }
    browser.click("attack").unwrap();
    visit.wait_for_status("attacking");
    visit.wait_for_status("attacked");
    let (clean, robust) = (
        visit.number("clean-accuracy"),
        visit.number("robust-accuracy"),
    );
    assert!(clean > 50.0 && robust < 0.5 * clean, "{clean} {robust}");
    let legend = browser.text("legend").unwrap();
    assert!(legend.contains("brightest change"), "{legend}");
    visit.photograph("l2");
    browser.set("attack-norm", "linf").unwrap();
    assert_eq!(visit.value("epsilon"), "0.3");
    visit.expect_clean_record();
}

/// What index.html says before the page's wasm is there, each with what the page says in its place.
const FIRST_WORDS: &str = "(async () => { \
    const request = new XMLHttpRequest(); request.responseType = 'document'; \
    request.open('GET', location.pathname); request.send(); \
    await new Promise(done => { request.onloadend = done; }); \
    const early = request.responseXML.querySelector('#boot'); \
    return ['.masthead h1', '.masthead-name p', '.rooms li', '.room-head h2', '.room-head p'].flatMap(part => { \
        const late = document.querySelectorAll(part); \
        const words = element => element.textContent.replaceAll(/\\s+/g, ' ').trim(); \
        return [...early.querySelectorAll(part)].map((element, at) => [words(element), words(late[at])]); \
    }); })()";

/// A visitor who trains nothing: a model is there at once, falls, and can be seen falling again; another
/// one stands.
#[test]
fn a_trained_model_is_there_at_once() {
    let _alone = alone();
    let visit = Visit::new(Graphics::None, "?device=cpu");
    let browser = &visit.browser;
    visit.wait_for_model("mnist-natural");
    let words = browser.eval(FIRST_WORDS).unwrap();
    let words = words.as_array().unwrap();
    assert_eq!(words.len(), 9, "{words:?}");
    for pair in words {
        let (early, late) = (pair[0].as_str().unwrap(), pair[1].as_str().unwrap());
        assert!(
            !early.is_empty() && late.starts_with(early),
            "{early:?}, {late:?}"
        );
    }
    for (field, value) in [("iterations", "20"), ("attack-images", "100")] {
        browser.set(field, value).unwrap();
    }
    browser.click("attack").unwrap();
    visit.wait_for_status("attacked");
    let (clean, robust) = (
        visit.number("clean-accuracy"),
        visit.number("robust-accuracy"),
    );
    assert!(clean > 95.0 && robust < 10.0, "{clean} {robust}");

    // Every iteration can be gone back to.
    let frames: f64 = browser
        .eval(&format!("Number({}.max)", element("scrub")))
        .unwrap()
        .as_f64()
        .unwrap();
    assert!(frames >= 20.0, "{frames} iterations can be looked at");
    let title = || browser.text("closeup").unwrap();
    assert!(title().contains("Image 1, in truth 7"), "{}", title());
    browser.set("scrub", "0").unwrap();
    visit.wait_for_text("scrub-at", "start");
    let attacked = format!("{}.toDataURL()", element("closeup-attacked"));
    let start = browser.eval(&attacked).unwrap();
    browser.click("play").unwrap();
    visit.wait_for_text("scrub-at", "iteration 20");
    assert_ne!(browser.eval(&attacked).unwrap(), start);
    browser.click("closer-3").unwrap();
    visit.wait_for_text("closeup", "Image 4, in truth 0");
    browser.click("save-csv").unwrap();
    browser
        .wait_for("the curves", PATIENCE, "window.downloads.length === 1")
        .unwrap_or_else(|error| panic!("{error}"));
    let curves = browser.eval("window.downloads[0].text()").unwrap();
    let curves = curves.as_str().unwrap();
    assert!(curves.starts_with("iteration,class_0,"), "{curves}");
    assert_eq!(curves.lines().count(), 2 + frames as usize);
    browser.click("class-3").unwrap();
    assert_eq!(visit.value("goal"), "class-3");
    browser.click("class-3").unwrap();
    assert_eq!(visit.value("goal"), "untargeted");
    visit.photograph("ready-model");

    browser.click("open-mnist-adversarial").unwrap();
    visit.wait_for_model("mnist-adversarial");
    browser.click("attack").unwrap();
    visit.wait_for_status("attacked");
    let robust = visit.number("robust-accuracy");
    assert!(robust > 70.0, "robust accuracy is {robust}%");
    visit.expect_no_error();
    visit.expect_clean_record();
}

/// Images are chosen by what the model makes of them, what is seen can be saved, and the same image is
/// attacked on another model beside the one at hand.
#[test]
fn images_are_chosen_saved_and_compared() {
    let _alone = alone();
    let visit = Visit::new(Graphics::None, "?device=cpu");
    let browser = &visit.browser;
    visit.wait_for_status("ready");
    let is_pressed = |testid: &str| {
        format!(
            "{}?.getAttribute('aria-pressed') === 'true'",
            element(testid)
        )
    };
    let wait = |what: &str, condition: &str| {
        browser
            .wait_for(what, PATIENCE, condition)
            .unwrap_or_else(|error| panic!("{error}"));
    };
    wait("a model", &is_pressed("open-mnist-natural"));
    visit.wait_for_status("ready");
    let attack = |choice: &str, images: &str| {
        browser.set("attack-choose", choice).unwrap();
        browser.set("attack-images", images).unwrap();
        browser.click("attack").unwrap();
        // An attack may be over before it is looked at: that of another number of images is told by it.
        match choice {
            "misclassified" => visit.wait_for_status("attacking"),
            _ => visit.wait_for_text("attack-progress", &format!("{images} / {images} images")),
        }
        visit.wait_for_status("attacked");
        visit.number("clean-accuracy")
    };
    browser.set("iterations", "12").unwrap();
    // More than there are: the page says so, and takes all.
    assert_eq!(attack("misclassified", "400"), 0.0);
    let shortfall = browser.text("shortfall").unwrap();
    assert!(
        shortfall.contains("wrong about") && shortfall.contains("400"),
        "{shortfall}"
    );
    let gallery = browser.text("attack-grid").unwrap();
    assert_eq!(gallery.matches("wrong before").count(), 12, "{gallery}");
    let title = browser.text("closeup").unwrap();
    assert!(title.contains("test image "), "{title}");
    assert!(!title.contains("test image 0"), "{title}");
    assert_eq!(attack("smallest-margin", "20"), 100.0);
    assert_eq!(visit.number("robust-accuracy"), 0.0);
    assert!(!browser.has("shortfall").unwrap());
    visit.photograph("chosen");

    assert!(attack("first", "24") > 90.0);
    browser.click("closer-1").unwrap();
    visit.wait_for_text("closeup", "Image 2, in truth 2 test image 1");
    // What is saved: the perturbation as NumPy has it, and a movie.
    browser.click("save-npy").unwrap();
    wait("the array", "window.downloads.length === 1");
    let array = browser
        .eval(
            "window.downloads[0].arrayBuffer().then(all => \
             [all.byteLength, String.fromCharCode(...new Uint8Array(all.slice(0, 90))), \
              Math.max(...new Float32Array(all.slice(128)).map(Math.abs))])",
        )
        .unwrap();
    assert_eq!(array[0], 128 + 4 * 784);
    let head = array[1].as_str().unwrap();
    assert!(head.starts_with("\u{93}NUMPY"), "{head:?}");
    assert!(head.contains("'shape': (1, 28, 28)"), "{head:?}");
    let largest = array[2].as_f64().unwrap();
    assert!((0.29..=0.300_001).contains(&largest), "{largest}");
    browser.eval("window.longTasks.length = 0").unwrap();
    browser.click("save-gif").unwrap();
    wait("the movie", "window.downloads.length === 2");
    let movie = browser
        .eval(
            "Promise.all([window.downloads[1].slice(0, 6).text(), \
             createImageBitmap(window.downloads[1])]) \
             .then(([head, still]) => [head, window.downloads[1].type, still.width, still.height])",
        )
        .unwrap();
    assert_eq!(
        movie,
        serde_json::json!(["GIF89a", "image/gif", 57 * 8, 28 * 8])
    );
    let pictures = Path::new(env!("CARGO_MANIFEST_DIR")).join("out");
    std::fs::write(pictures.join("attack.gif"), visit.download(1)).unwrap();
    let long_tasks = pairs(&browser.eval("window.longTasks").unwrap());
    println!("tasks over 50 ms while the movie was made: {long_tasks:?}");
    let longest = long_tasks.iter().map(|(_, ms)| *ms).fold(0.0, f64::max);
    assert!(longest < 150.0, "the page blocked: {long_tasks:?}");

    // Side by side: one falls where the other stands, and one scrubber goes through both.
    browser
        .set("compare-with", "ready/mnist-adversarial")
        .unwrap();
    browser.click("compare").unwrap();
    wait(
        "both sides",
        &format!(
            "{} !== null || document.querySelector('[data-testid=error]') !== null",
            element("side-1")
        ),
    );
    visit.wait_for_status("attacked");
    let side = |side: usize| browser.text(&format!("side-{side}")).unwrap();
    assert!(side(0).contains("fooled"), "{}", side(0));
    assert!(side(1).contains("holds"), "{}", side(1));
    assert_eq!(browser.text("compare-at").unwrap(), "iteration 12");
    let image = "document.querySelector('[data-testid=side-0] canvas').toDataURL()";
    let last = browser.eval(image).unwrap();
    browser.set("compare-scrub", "0").unwrap();
    visit.wait_for_text("compare-at", "start");
    assert_ne!(browser.eval(image).unwrap(), last);
    // The model at hand is still there.
    assert_eq!(
        browser.eval(&is_pressed("open-mnist-natural")).unwrap(),
        true
    );
    visit.photograph("compared");
    browser.set("compare-with", "ready").unwrap();
    browser.click("compare").unwrap();
    wait(
        "all seven sides",
        &format!("{} !== null", element("side-6")),
    );
    visit.wait_for_status("attacked");
    visit.photograph("compared-all");
    visit.expect_no_error();
    visit.expect_clean_record();
}

/// A digit drawn with the mouse, and pictures from a file and a camera, become images of the model's size and are
/// attacked; what is no picture is told by its name.
#[test]
fn an_image_of_ones_own_is_attacked() {
    let _alone = alone();
    let visit = Visit::new(Graphics::None, "?device=cpu");
    let browser = &visit.browser;
    visit.wait_for_status("ready");
    visit.wait_for_model("mnist-natural");
    browser.set("iterations", "30").unwrap();
    visit.open_group("own-image");
    let is_ready = || {
        browser
            .eval(&format!("!{}.disabled", element("own-attack")))
            .unwrap()
            == true
    };
    assert!(!is_ready());
    // A one, somewhat aslant, as a hand would draw it.
    browser
        .drag("pad", &[(0.55, 0.2), (0.52, 0.4), (0.48, 0.6), (0.45, 0.8)])
        .unwrap();
    browser
        .wait_for(
            "the drawing to be taken",
            PATIENCE,
            &format!("!{}.disabled", element("own-attack")),
        )
        .unwrap_or_else(|error| panic!("{error}"));
    // What the model takes it for is told as it is drawn.
    visit.wait_for_text("own-guess", "the model sees: 1");
    browser.click("pad-clear").unwrap();
    visit.wait_for_text("own-guess", "what the model sees");
    browser
        .drag("pad", &[(0.55, 0.2), (0.52, 0.4), (0.48, 0.6), (0.45, 0.8)])
        .unwrap();
    visit.wait_for_text("own-guess", "the model sees: 1");
    browser.click("own-attack").unwrap();
    visit.wait_for_status("attacked");
    assert!(
        browser
            .text("closeup")
            .unwrap()
            .contains("Image 1, in truth 1")
    );
    assert_eq!(visit.number("clean-accuracy"), 100.0);
    assert_eq!(visit.number("robust-accuracy"), 0.0);
    visit.photograph("own-image");

    // A picture of another size and kind: dark writing on light paper.
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("paper.jpg");
    let paper = browser
        .eval(
            "(() => { const c = document.createElement('canvas'); c.width = 300; c.height = 200; \
             const d = c.getContext('2d'); d.fillStyle = '#fff'; d.fillRect(0, 0, 300, 200); \
             d.fillStyle = '#111'; d.fillRect(141, 45, 18, 110); \
             return c.toDataURL('image/jpeg').split(',')[1]; })()",
        )
        .unwrap();
    std::fs::write(
        &path,
        BASE64_STANDARD.decode(paper.as_str().unwrap()).unwrap(),
    )
    .unwrap();
    browser.pick_files("own-file", &[path]).unwrap();
    let dark = format!(
        "(() => {{ const p = {}.getContext('2d').getImageData(0, 0, 28, 28).data; \
         return p[0] < 30 && p[4 * (14 * 28 + 14)] > 200 && p[4 * (14 * 28 + 4)] < 30; }})()",
        element("own-preview")
    );
    browser
        .wait_for("the picture to be taken", PATIENCE, &dark)
        .unwrap_or_else(|error| panic!("{error}"));
    browser.set("own-truth", "1").unwrap();
    browser.click("own-attack").unwrap();
    visit.wait_for_status("attacked");
    assert!(browser.text("closeup").unwrap().contains("in truth 1"));

    // One by the camera, which is off afterwards.
    let seen = format!("{}.toDataURL()", element("own-preview"));
    let before = browser.eval(&seen).unwrap();
    browser.click("camera").unwrap();
    browser
        .wait_for(
            "the camera's picture",
            PATIENCE,
            &format!("{}?.videoWidth > 0", element("camera-view")),
        )
        .unwrap_or_else(|error| panic!("{error}"));
    let stream = format!("window.camera = {}.srcObject, true", element("camera-view"));
    browser.eval(&stream).unwrap();
    browser.click("camera-shoot").unwrap();
    browser
        .wait_for(
            "the photograph to be taken",
            PATIENCE,
            &format!("{seen} !== {before}"),
        )
        .unwrap_or_else(|error| panic!("{error}"));
    assert!(!browser.has("camera-view").unwrap());
    assert_eq!(browser.eval("window.camera.active").unwrap(), false);
    browser.click("own-attack").unwrap();
    visit.wait_for_status("attacked");
    visit.expect_no_error();
    visit.expect_clean_record();

    let path = folder.path().join("words.png");
    std::fs::write(&path, "no picture").unwrap();
    browser.pick_files("own-file", &[path]).unwrap();
    visit.wait_for_text("error", "words.png");
}

/// A model behind a guard that leaves no gradient: the whole ladder, live; the report; the verdict again
/// after a reload; a stop.
#[test]
fn a_model_is_judged_before_the_eyes() {
    let _alone = alone();
    let visit = Visit::new(Graphics::None, "?device=cpu");
    let browser = &visit.browser;
    visit.wait_for_status("ready");
    visit.set_up_a_short_run(120);
    visit.open_group("group-guard");
    browser.set("guard", "quantize").unwrap();
    assert_eq!(visit.value("guard-levels"), "8");
    browser.click("train").unwrap();
    visit.wait_for_status("trained");
    for (field, value) in [("iterations", "10"), ("evaluation-images", "24")] {
        browser.set(field, value).unwrap();
    }
    assert_eq!(visit.value("effort"), "quick");
    let start = Instant::now();
    browser.click("judge").unwrap();
    visit.wait_for_status("judging");
    visit.wait_for_text("ladder", "FGSM");
    assert_eq!(browser.text("verdict").unwrap(), "Not yet known");
    visit.wait_for_text("ladder", "Transfer from a plain model");
    visit.wait_for_status("judged");
    println!("judged after {:.1} s", start.elapsed().as_secs_f64());
    assert_eq!(browser.text("verdict").unwrap(), "Masked");
    let reasons = browser.text("reasons").unwrap();
    assert!(reasons.contains("without its guard"), "{reasons}");
    let what = browser.text("judged-what").unwrap();
    assert!(
        what.contains("120 steps") && what.contains("by at most 0.3"),
        "{what}"
    );
    let [clean, apparent, robust] =
        ["judged-clean", "judged-apparent", "judged-robust"].map(|number| visit.number(number));
    assert!(
        clean >= apparent && apparent > 80.0 && robust < 20.0,
        "{clean} {apparent} {robust}"
    );
    let count = |css: &str| {
        let found = format!("document.querySelectorAll('{css}').length");
        browser.eval(&found).unwrap().as_u64().unwrap()
    };
    assert!(count("[data-testid=ladder] .rung") >= 8);
    assert_eq!(count("[data-testid=signs] .sign-row"), 15);
    assert!(count("[data-testid=signs] > ul > .masking") >= 1);
    assert_eq!(count("[data-testid=no-signs] .masking"), 0);
    visit.look_at_the_plots();
    visit.photograph("verdict");
    browser.set_viewport(2560, 1440).unwrap();
    browser.full_screenshot("verdict-2560x1440-whole").unwrap();
    browser.set_viewport(1440, 900).unwrap();

    browser.click("save-report").unwrap();
    browser
        .wait_for("the report", PATIENCE, "window.downloads.length === 2")
        .unwrap_or_else(|error| panic!("{error}"));
    let report = browser.eval("window.downloads[1].text()").unwrap();
    let report = report.as_str().unwrap();
    assert!(report.starts_with("<!doctype html>") && report.contains("Masked"));
    assert!(report.contains("What masking means"));

    // The verdict lives with its run.
    let runs = browser.text("runs").unwrap();
    assert!(runs.contains("masked"), "{runs}");
    browser
        .open(&format!("{}?device=cpu", visit.server.url()))
        .unwrap();
    visit.wait_for_status("ready");
    visit.wait_for_runs(1);
    browser.click("run-open").unwrap();
    visit.wait_for_status("judged");
    assert_eq!(visit.number("judged-robust"), robust);

    // A new evaluation can be stopped. What was finished outweighs it, if it was for the same budget.
    browser.click("judge").unwrap();
    visit.wait_for_status("judging");
    browser.click("judge-stop").unwrap();
    visit.wait_for_status("judged");
    assert_eq!(browser.text("verdict").unwrap(), "Masked");
    assert_eq!(visit.number("judged-robust"), robust);
    visit.wait_for_text("judge-line", "from before is here again");
    browser.set("epsilon", "0.25").unwrap();
    browser.click("judge").unwrap();
    visit.wait_for_status("judging");
    browser.click("judge-stop").unwrap();
    visit.wait_for_status("judged");
    assert_eq!(browser.text("verdict").unwrap(), "Undecided");
    let reasons = browser.text("reasons").unwrap();
    assert!(reasons.contains("stopped"), "{reasons}");
    // Nothing of the one before is left on show.
    assert!(count("[data-testid=signs] .sign-row") < 15);
    assert_eq!(count("#verdict .pair"), 0);
    visit.expect_no_error();
    visit.expect_clean_record();
}

/// The program that measures the page: it listens to what the engine says.
#[test]
fn the_page_can_be_measured() {
    let _alone = alone();
    let output = Command::new(env!("CARGO_BIN_EXE_squeeze-bench-page"))
        .arg(dist())
        .args(["cpu", "small-cnn"])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let figures: Value = serde_json::from_slice(&output.stdout).unwrap();
    for name in [
        "ms_per_training_step",
        "ms_per_pgd_iteration",
        "ms_from_navigation_to_first_step",
        "bytes_without_data",
    ] {
        assert!(figures[name].as_f64() > Some(0.0), "{name}: {figures}");
    }
}

#[test]
fn browser_without_webgpu_gets_the_cpu_and_a_plain_sentence() {
    let _alone = alone();
    let visit = Visit::new(Graphics::None, "");
    visit.wait_for_status("ready");
    let device = visit.browser.text("device").unwrap();
    assert!(device.contains("CPU"), "{device}");
    assert!(
        device.contains("WebGPU") || device.contains("GPU"),
        "no reason: {device}"
    );
    visit.photograph("ready");
    visit.expect_clean_record();
}

#[test]
fn software_adapter_counts_as_no_gpu_unless_asked_for() {
    let _alone = alone();
    let visit = Visit::new(Graphics::WebGpu, "");
    visit.wait_for_status("ready");
    let device = visit.browser.text("device").unwrap();
    assert!(
        device.contains("CPU") && device.contains("software"),
        "{device}"
    );
    visit.expect_clean_record();
}

#[test]
fn asking_for_a_gpu_where_there_is_none_says_what_to_do() {
    let _alone = alone();
    let visit = Visit::new(Graphics::None, "?device=webgpu");
    visit
        .browser
        .wait_for(
            "the message",
            PATIENCE,
            "!!document.querySelector('[data-testid=error]')",
        )
        .unwrap_or_else(|error| panic!("{error}"));
    let message = visit.browser.text("error").unwrap();
    assert!(
        message.contains("CPU") || message.contains("cpu"),
        "{message}"
    );
    visit.browser.screenshot("no-gpu").unwrap();
    visit.expect_clean_record();
}

#[test]
fn a_keyboard_reaches_every_control() {
    let _alone = alone();
    let visit = Visit::new(Graphics::None, "?device=cpu");
    visit.wait_for_status("ready");
    visit.open_group("group-optimiser");
    let mut reached = Vec::new();
    for _ in 0..100 {
        visit.browser.press("Tab").unwrap();
        let name = visit
            .browser
            .eval("document.activeElement?.closest('[data-testid]')?.dataset.testid ?? ''")
            .unwrap();
        reached.push(name.as_str().unwrap_or_default().to_owned());
    }
    for control in [
        "data-set",
        "preset",
        "network",
        "sigma",
        "group-combine",
        "optimizer",
        "learning-rate",
        "steps",
        "batch-size",
        "seed",
        "train",
        "epsilon",
        "step-size",
        "iterations",
        "attack-images",
        "effort",
        "evaluation-images",
        "run-upload-button",
    ] {
        assert!(
            reached.iter().any(|name| name == control),
            "{control} is out of reach: {reached:?}"
        );
    }
    assert!(
        reached.iter().any(|name| name.starts_with("objective")),
        "the objective is out of reach: {reached:?}"
    );
}

#[test]
fn a_wrong_number_is_named_and_cannot_be_run() {
    let _alone = alone();
    let visit = Visit::new(Graphics::None, "?device=cpu");
    visit.wait_for_status("ready");
    visit.browser.set("steps", "none").unwrap();
    assert_eq!(
        visit
            .browser
            .eval("document.querySelector('[data-testid=train]').disabled")
            .unwrap(),
        true
    );
    visit.browser.set("steps", "10").unwrap();
    assert_eq!(
        visit
            .browser
            .eval("document.querySelector('[data-testid=train]').disabled")
            .unwrap(),
        false
    );
    visit.expect_clean_record();
}

#[test]
fn values_that_do_not_go_together_are_named_at_the_field() {
    let _alone = alone();
    let visit = Visit::new(Graphics::None, "?device=cpu");
    visit.wait_for_status("ready");
    visit.open_group("group-evaluation");
    visit.browser.set("patience", "3").unwrap();
    visit.browser.set("eval-every", "0").unwrap();
    let group = visit.browser.text("group-evaluation").unwrap();
    assert!(group.contains("needs mending"), "{group}");
    assert!(group.contains("“Look every” above 0"), "{group}");
    let disabled = "document.querySelector('[data-testid=train]').disabled";
    assert_eq!(visit.browser.eval(disabled).unwrap(), true);
    visit.browser.set("eval-every", "50").unwrap();
    assert_eq!(visit.browser.eval(disabled).unwrap(), false);
    visit.expect_clean_record();
}

#[test]
fn presets_and_the_critical_squeeze_fill_the_form() {
    let _alone = alone();
    let visit = Visit::new(Graphics::None, "?device=cpu");
    visit.wait_for_status("ready");
    visit.browser.set("preset", "mnist-lite-ls-0.9").unwrap();
    assert_eq!(visit.value("lambda"), "0.9");
    visit.browser.set("preset", "mnist-lsq-batch-11").unwrap();
    assert_eq!(visit.value("beta"), "11");
    assert_eq!(visit.value("network"), "mnist-cnn");
    let critical = visit.browser.text("critical").unwrap();
    assert!(critical.contains("10.73: past it"), "{critical}");
    visit.browser.set("beta", "9.5").unwrap();
    let critical = visit.browser.text("critical").unwrap();
    assert!(!critical.contains("past it"), "{critical}");
    assert_eq!(visit.value("preset"), "", "it is no preset any more");
    visit.expect_clean_record();
}

/// The four files of MNIST, as the repository has them.
/// Files in the format of Fashion-MNIST: the images are digits, the labels are made up, so that the
/// engine does not know MNIST by them.
fn idx_files(folder: &Path) -> Vec<PathBuf> {
    let digits = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/mnist");
    let images = ["train-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte.gz"]
        .map(|name| digits.join(name).canonicalize().unwrap());
    let labels = [
        ("train-labels-idx1-ubyte", 60_000_u32),
        ("t10k-labels-idx1-ubyte", 10_000),
    ]
    .map(|(name, count)| {
        let mut content = vec![0, 0, 8, 1];
        content.extend(count.to_be_bytes());
        content.extend((0..count).map(|index| (index % 10) as u8));
        let file = folder.join(name);
        std::fs::write(&file, content).unwrap();
        file
    });
    images.into_iter().chain(labels).collect()
}

#[test]
fn dropped_idx_files_become_the_data_set() {
    let _alone = alone();
    let visit = Visit::new(Graphics::None, "?device=cpu");
    let browser = &visit.browser;
    visit.wait_for_status("ready");
    assert!(browser.text("data-line").unwrap().starts_with("MNIST"));

    let folder = TempDir::new().unwrap();
    browser.set("data-set", "fashion-mnist").unwrap();
    let needs = browser.text("data-needs").unwrap();
    assert!(needs.contains("never uploaded"), "{needs}");
    browser
        .drop_files("data", &idx_files(folder.path()))
        .unwrap();
    visit.wait_for_text("data-line", "Fashion-MNIST");
    let line = browser.text("data-line").unwrap();
    assert!(line.contains("60,000 training"), "{line}");
    assert!(line.contains("28 × 28"), "{line}");
    assert_eq!(visit.status(), "ready");

    // The settings are those for digits until the visitor takes others.
    assert_eq!(visit.value("epsilon"), "0.3");
    browser.click("offer-take").unwrap();
    assert_eq!(visit.value("epsilon"), "0.1");
    assert!(visit.value("preset").starts_with("fashion-mnist-lite-"));

    // There and back again, with no second drop.
    browser.set("data-set", "mnist").unwrap();
    let mnist = format!("{}?.innerText.startsWith('MNIST')", element("data-line"));
    browser
        .wait_for("MNIST again", PATIENCE, &mnist)
        .unwrap_or_else(|error| panic!("{error}"));
    browser.set("data-set", "fashion-mnist").unwrap();
    visit.wait_for_text("data-line", "Fashion-MNIST");
    // The settings are still those taken for it: nothing is offered.
    assert!(visit.value("preset").starts_with("fashion-mnist-lite-"));
    assert!(!browser.has("offer").unwrap());
    visit.photograph("data");
    visit.expect_clean_record();
}

#[test]
fn a_bad_file_is_named_and_the_data_set_before_it_is_kept() {
    let _alone = alone();
    let visit = Visit::new(Graphics::None, "?device=cpu");
    let browser = &visit.browser;
    visit.wait_for_status("ready");
    let folder = TempDir::new().unwrap();
    let bad = folder.path().join("cifar-10-binary.tar.gz");
    std::fs::write(&bad, "this is no archive").unwrap();
    browser.drop_files("data", &[bad]).unwrap();
    visit.wait_for_text("error", "cifar-10-binary.tar.gz");
    let message = browser.text("error").unwrap();
    assert!(message.contains("cifar-10-binary.tar.gz"), "{message}");
    visit.photograph("bad-file");
    browser.set("data-set", "mnist").unwrap();
    let line = browser.text("data-line").unwrap();
    assert!(line.starts_with("MNIST"), "{line}");
    assert_eq!(visit.status(), "ready");

    // The engine goes on as if nothing had happened.
    visit.set_up_a_short_run(5);
    browser.click("train").unwrap();
    visit.wait_for_status("trained");
    visit.expect_clean_record();
}

#[test]
fn a_run_outlives_a_reload_and_can_be_managed() {
    let _alone = alone();
    let visit = Visit::new(Graphics::None, "?device=cpu");
    let browser = &visit.browser;
    visit.wait_for_status("ready");
    visit.wait_for_text("no-runs", "No runs yet");
    // So many that there is time to pause among them.
    let steps = 600;
    visit.set_up_a_short_run(steps);
    browser.click("train").unwrap();
    visit.wait_for_status("training");
    visit.wait_for_step(5);
    browser.click("pause").unwrap();
    visit.wait_for_status("paused");
    visit.wait_for_text("saved", "at step");
    let paused_at = visit.number("step");
    assert!(paused_at < steps as f64, "it was over before the pause");

    // The page is closed and opened again.
    browser
        .open(&format!("{}?device=cpu", visit.server.url()))
        .unwrap();
    visit.wait_for_status("ready");
    visit.wait_for_runs(1);
    let run = browser.text("run").unwrap();
    assert!(
        run.contains("can go on") && run.contains("natural"),
        "{run}"
    );
    // The page says so at its top.
    visit.wait_for_text("cut-off", "can go on from there");
    browser.click("cut-off-open").unwrap();
    visit.wait_for_status("paused");
    assert!(!browser.has("cut-off").unwrap());
    assert_eq!(visit.number("step"), paused_at);
    assert_eq!(visit.value("steps"), steps.to_string());
    assert_eq!(visit.value("batch-size"), "32");
    visit.number("loss");
    visit.number("train-accuracy");
    visit.photograph("opened");
    browser.click("resume").unwrap();
    visit.wait_for_status("trained");
    assert_eq!(visit.number("step"), steps as f64);
    assert!(visit.number("test-accuracy") > 50.0);
    visit.wait_for_text("run", "finished");
    let run = browser.text("run").unwrap();
    assert!(run.contains('%'), "no test accuracy: {run}");

    browser.click("run-rename").unwrap();
    browser.set("run-name", "The one to keep").unwrap();
    browser.click("run-name-save").unwrap();
    visit.wait_for_text("run", "The one to keep");
    browser.click("run-duplicate").unwrap();
    visit.wait_for_runs(2);

    browser.click("run-download").unwrap();
    browser
        .wait_for("the download", PATIENCE, "window.downloads.length === 1")
        .unwrap_or_else(|error| panic!("{error}"));
    let zip = visit.download(0);
    assert!(zip.starts_with(b"PK"), "a run is downloaded as a zip");

    browser.click("run-delete").unwrap();
    assert!(browser.text("run").unwrap().contains("for good?"));
    browser.click("run-delete-no").unwrap();
    visit.wait_for_runs(2);
    for left in [1, 0] {
        browser.click("run-delete").unwrap();
        browser.click("run-delete-yes").unwrap();
        visit.wait_for_runs(left);
    }
    visit.wait_for_text("no-runs", "No runs yet");

    // What was downloaded comes back, onto the empty room.
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("run.zip");
    std::fs::write(&file, zip).unwrap();
    browser.drop_files("no-runs", &[file]).unwrap();
    visit.wait_for_runs(1);
    visit.photograph("runs");
    browser.click("run-open").unwrap();
    visit.wait_for_status("trained");
    assert_eq!(visit.number("step"), steps as f64);
    visit.expect_clean_record();
}

/// What training does to a model is seen while it trains, beside an earlier run that did otherwise.
#[test]
fn training_is_seen_beside_another_run() {
    let _alone = alone();
    let visit = Visit::new(Graphics::None, "?device=cpu");
    let browser = &visit.browser;
    visit.wait_for_status("ready");
    visit.set_up_a_short_run(150);
    visit.open_group("group-evaluation");
    for (field, value) in [
        ("held-out", "200"),
        ("eval-every", "25"),
        ("robust-images", "40"),
        ("robust-iterations", "5"),
    ] {
        browser.set(field, value).unwrap();
    }
    browser.click("train").unwrap();
    visit.wait_for_status("training");
    visit.wait_for_step(5);
    // While the engine works the page answers at once.
    browser.eval(WATCH_INPUT).unwrap();
    browser
        .eval("document.querySelector('[data-testid=loss-chart] [tabindex]').focus()")
        .unwrap();
    for _ in 0..10 {
        browser.press("ArrowLeft").unwrap();
    }
    assert_eq!(visit.status(), "training");
    visit.wait_for_status("trained");
    let responses = browser.eval("window.responses").unwrap();
    println!("responses of 16 ms and more: {responses}");
    let responses = responses.as_array().unwrap();
    // One may be the system's, which takes the processor away.
    let slow = responses.iter().filter(|ms| ms.as_f64() > Some(100.0));
    assert!(slow.count() <= 1, "{responses:?}");
    let says = |figure: &str| {
        let label = format!(
            "{}.querySelector('[aria-label]').getAttribute('aria-label')",
            element(figure)
        );
        browser.eval(&label).unwrap().as_str().unwrap().to_owned()
    };
    for figure in ["logits-chart", "margins-chart"] {
        let text = browser.text(figure).unwrap();
        assert!(
            text.contains("Step 150") && text.contains("Median"),
            "{text}"
        );
        assert!(says(figure).contains("after step 150"), "{}", says(figure));
    }
    assert!(
        says("accuracy-chart").contains("under a short attack"),
        "{}",
        says("accuracy-chart")
    );
    assert!(
        says("norm-chart").contains("at step 150"),
        "{}",
        says("norm-chart")
    );
    assert!(
        says("rate-chart").contains("0.003"),
        "{}",
        says("rate-chart")
    );
    assert!(
        says("filters").starts_with("16 filters"),
        "{}",
        says("filters")
    );
    let drawn = "[...document.querySelectorAll('[data-testid=filters] canvas')].every(c => \
                 new Set(c.getContext('2d').getImageData(0, 0, 3, 3).data).size > 3)";
    assert_eq!(browser.eval(drawn).unwrap(), true);
    let natural: f64 = visit.number("logit-norm");
    let shown = browser.text("logit-norm").unwrap();

    // Squeezed: all that is measured is seen to shrink, the first run beside it.
    visit.wait_for_runs(1);
    browser.set("objective", "squeeze-batch").unwrap();
    browser.set("beta", "2").unwrap();
    browser.click("train").unwrap();
    visit.wait_for_status("training");
    visit.wait_for_status("trained");
    visit.wait_for_runs(2);
    let squeezed = visit.number("logit-norm");
    assert!(squeezed < 0.7 * natural, "{natural} {squeezed}");
    let others = "document.querySelectorAll('[data-testid=loss-chart] .line-other').length";
    assert_eq!(browser.eval(others).unwrap(), 0);
    browser
        .eval("document.querySelectorAll('[data-testid=run-compare]')[1].click()")
        .unwrap();
    visit.wait_for_text("beside", "MNIST 1");
    assert_eq!(browser.eval(others).unwrap(), 1);
    visit.photograph("trained-beside");
    browser.set("runs-order", "name").unwrap();
    assert!(browser.text("run").unwrap().contains("MNIST 1"));
    browser
        .eval("document.querySelector('[data-testid=beside] button').click()")
        .unwrap();
    browser
        .wait_for("the line to go", PATIENCE, &format!("{others} === 0"))
        .unwrap_or_else(|error| panic!("{error}"));

    // An opened run has its looks again.
    browser.click("run-open").unwrap();
    visit.wait_for_text("logit-norm", &shown);
    visit.wait_for_text("logits-chart", "Step 150");
    visit.expect_no_error();
    visit.expect_clean_record();
}

/// The tour, from the offer to the verdict, as a newcomer takes it.
#[test]
fn the_tour_leads_to_the_verdict() {
    let _alone = alone();
    let visit = Visit::new(Graphics::None, "?device=cpu");
    let browser = &visit.browser;
    visit.wait_for_text("tour-offer", "New here?");
    visit.photograph("tour-offer");
    browser.click("tour-start").unwrap();
    assert!(!browser.has("tour-offer").unwrap());
    // What had the focus is gone: the tour has it now, for keys and for ears.
    let has_focus = |id: &str| {
        let focus = format!("document.activeElement.id === '{id}'");
        browser
            .wait_for(&format!("the focus on {id}"), PATIENCE, &focus)
            .unwrap_or_else(|error| panic!("{error}"));
    };
    has_focus("tour");
    visit.wait_for_text("tour-text", "is open already. Of test digits");
    visit.wait_for_status("ready");
    // Less than a visitor would take.
    for (field, value) in [
        ("iterations", "10"),
        ("attack-images", "50"),
        ("evaluation-images", "50"),
    ] {
        browser.set(field, value).unwrap();
    }
    let attack = || {
        visit.wait_for_text("tour-text", "Press Attack");
        browser.click("attack").unwrap();
        visit.wait_for_text("tour-text", "still are");
        visit.wait_for_status("attacked");
    };
    browser.click("tour-next").unwrap();
    attack();
    browser.click("tour-next").unwrap();
    visit.wait_for_text("tour-text", "Move the slider");
    visit.photograph("tour");
    browser.click("tour-next").unwrap();
    visit.wait_for_text("tour-text", "Open “Squeezed”");
    browser.click("open-mnist-squeezed-per-example").unwrap();
    visit.wait_for_text("tour-text", "It is open.");
    browser.click("tour-next").unwrap();
    attack();
    browser.click("tour-next").unwrap();
    visit.wait_for_text("tour-text", "choose “Natural”");
    browser.set("compare-with", "ready/mnist-natural").unwrap();
    browser.click("compare").unwrap();
    visit.wait_for_text("tour-text", "Is that robust?");
    visit.photograph("tour-compare");
    browser.click("tour-next").unwrap();
    visit.wait_for_text("tour-text", "Masked: ");
    visit.wait_for_text("tour-text", "beforehand");
    browser.click("judge").unwrap();
    visit.wait_for_status("judged");
    visit.wait_for_text("tour-text", "together. The signs");
    let text = browser.text("tour-text").unwrap();
    assert!(!text.contains("beforehand"), "{text}");
    browser.click("tour-next").unwrap();
    visit.wait_for_text("tour-text", "press Train");
    browser.click("tour-next").unwrap();
    assert!(!browser.has("tour").unwrap());
    has_focus("tour-button");

    // It is remembered, and can be taken again.
    browser
        .open(&format!("{}?device=cpu", visit.server.url()))
        .unwrap();
    visit.wait_for_status("ready");
    assert!(!browser.has("tour-offer").unwrap());
    browser.click("tour-button").unwrap();
    visit.wait_for_text("tour-text", "test digits");
    browser.click("tour-end").unwrap();
    assert!(!browser.has("tour").unwrap());
    visit.expect_clean_record();
}

#[test]
fn a_run_of_another_window_is_left_alone_and_a_broken_one_is_shown() {
    let _alone = alone();
    let visit = Visit::new(Graphics::None, "?device=cpu");
    let browser = &visit.browser;
    let reload = || {
        let url = format!("{}?device=cpu", visit.server.url());
        browser.open(&url).unwrap();
        visit.wait_for_status("ready");
    };
    visit.wait_for_status("ready");
    visit.set_up_a_short_run(5);
    browser.click("train").unwrap();
    visit.wait_for_status("trained");
    // The worker holds the run at hand.
    let held = browser
        .eval("navigator.locks.query().then(locks => locks.held.map(lock => lock.name))")
        .unwrap();
    let [Value::String(lock)] = &held.as_array().unwrap()[..] else {
        panic!("{held}");
    };

    // As another window would.
    reload();
    visit.wait_for_runs(1);
    let hold = format!(
        "new Promise(held => navigator.locks.request('{lock}', () => {{ held(true); \
         return new Promise(release => window.release = release); }}))"
    );
    browser.eval(&hold).unwrap();
    browser.click("run-open").unwrap();
    visit.wait_for_text("error", "in use by another");
    visit.photograph("held");
    browser.click("dismiss").unwrap();
    browser.eval("window.release()").unwrap();
    browser.click("run-open").unwrap();
    visit.wait_for_status("trained");

    let id = lock.strip_prefix("squeeze/").unwrap();
    let damage = format!(
        "(async () => {{ const root = await navigator.storage.getDirectory(); \
         const runs = await root.getDirectoryHandle('runs'); \
         const run = await runs.getDirectoryHandle('{id}'); \
         const file = await run.getFileHandle('config.toml'); \
         const stream = await file.createWritable(); \
         await stream.write('seed = '); await stream.close(); \
         await runs.getDirectoryHandle('1', {{ create: true }}); }})()"
    );
    browser.eval(&damage).unwrap();
    reload();
    visit.wait_for_text("broken-run", "It cannot be read");
    let text = browser.text("broken-run").unwrap();
    assert!(
        text.contains("MNIST 1") && text.contains("config.toml"),
        "{text}"
    );
    visit.photograph("broken");
    browser.click("run-delete").unwrap();
    browser.click("run-delete-yes").unwrap();
    // What was never whole is gone too.
    visit.wait_for_text("no-runs", "No runs yet");
    visit.expect_clean_record();
}
