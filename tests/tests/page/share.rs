//! The settings as a link.

use serde_json::Value;
use squeeze_tests::browser::{Graphics, element};

use super::{PATIENCE, Visit, alone};

/// Default settings but for two fields: a link of the first form, which must go on being read.
const TWO_STEPS: &str = "1,seed:5,training.steps:2,check:14d9e558";
/// The same for other images, whose files no link can hold.
const CIFAR: &str = "1,seed:5,data.set:cifar10,check:fa6f3a7d";

/// Every setting that the page shows, by name.
const FORM: &str = "JSON.stringify([...document.querySelectorAll('.settings input, .settings select')] \
    .map(e => [e.dataset.testid ?? e.id, e.type === 'checkbox' || e.type === 'radio' ? e.checked : e.value]))";

/// What is copied, and what goes into the address, as the browser still does both.
const WATCH: &str = "(() => { const { clipboard } = navigator; const write = clipboard.writeText.bind(clipboard); \
    clipboard.writeText = text => { window.copied = text; return write(text); }; \
    window.replaced = 0; const replace = history.replaceState.bind(history); \
    history.replaceState = (...all) => { window.replaced += 1; return replace(...all); }; })()";

/// The config of the only stored run.
const STORED: &str = "(async () => { const root = await navigator.storage.getDirectory(); \
    const runs = await root.getDirectoryHandle('runs'); \
    for await (const run of runs.values()) { \
        const file = await (await run.getFileHandle('config.toml')).getFile(); return file.text(); } })()";

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_link_gives_the_form_and_the_run_of_another_visit() {
    let _alone = alone();
    let visit = Visit::new(Graphics::None, "?device=cpu");
    let browser = &visit.browser;
    visit.wait_for_status("ready");
    let search = || text(&browser.eval("location.search").unwrap());
    assert_eq!(search(), "?device=cpu", "nothing was changed yet");
    browser.eval(WATCH).unwrap();
    browser.set("preset", "mnist-lite-ls-0.9").unwrap();
    visit.open_group("group-optimiser");
    for (field, value) in [
        ("steps", "2"),
        ("batch-size", "16"),
        ("seed", "9007199254740991"),
        ("optimizer", "sgd"),
        ("learning-rate", "0.07"),
        ("network", "mnist-cnn"),
        ("attack-norm", "l2"),
        ("epsilon", "1.25"),
        ("attack-images", "17"),
        ("effort", "standard"),
        ("evaluation-images", "33"),
    ] {
        browser.set(field, value).unwrap();
    }
    browser
        .wait_for(
            "the settings in the address",
            PATIENCE,
            "location.search.includes('evaluation.images:33')",
        )
        .unwrap_or_else(|error| panic!("{error}"));
    let form = browser.eval(FORM).unwrap();

    // Browsers refuse many changes in a short time.
    browser
        .eval(&format!(
            "(async () => {{ window.replaced = 0; const e = {}; \
             for (let n = 1; n <= 50; n += 1) {{ e.value = n; \
                 e.dispatchEvent(new Event('input', {{ bubbles: true }})); \
                 await new Promise(d => setTimeout(d, 20)); }} }})()",
            element("seed")
        ))
        .unwrap();
    browser
        .wait_for(
            "the last seed",
            PATIENCE,
            "location.search.includes('seed:50,')",
        )
        .unwrap_or_else(|error| panic!("{error}"));
    let replaced = browser.eval("window.replaced").unwrap();
    assert!(
        replaced.as_u64().unwrap() <= 8,
        "{replaced} changes in a second"
    );
    browser.set("seed", "9007199254740991").unwrap();

    browser.click("copy-link").unwrap();
    visit.wait_for_text("share-line", "Copied");
    let link = text(&browser.eval("window.copied").unwrap());
    assert!(
        link.starts_with(&format!("{}?run=1,mnist-ls-0.9,", visit.server.url())),
        "{link}"
    );
    // The other rooms have the button too.
    for room in ["attack", "judge"] {
        let button = format!("{room}-link");
        assert_eq!(browser.text(&button).unwrap(), "Link copied");
        browser.eval("window.copied = ''").unwrap();
        browser.click(&button).unwrap();
        browser
            .wait_for("the link", PATIENCE, "window.copied !== ''")
            .unwrap_or_else(|error| panic!("{error}"));
        let anchor = if room == "attack" {
            "#attack"
        } else {
            "#verdict"
        };
        let copied = text(&browser.eval("window.copied").unwrap());
        assert_eq!(copied, format!("{link}{anchor}"));
    }
    visit.photograph("copied");

    browser.open(&format!("{link}&device=cpu")).unwrap();
    visit.wait_for_status("ready");
    visit.open_group("group-optimiser");
    assert_eq!(browser.eval(FORM).unwrap(), form);
    let line = browser.text("share-line").unwrap();
    assert!(line.contains("of the link that you opened"), "{line}");
    assert!(browser.has("link-note").unwrap());
    // Here again, the settings are the visitor's own.
    browser
        .eval("window.before = true, setTimeout(() => location.reload(), 0), 0")
        .unwrap();
    let again = "!window.before && document.querySelector('main')?.dataset.status === 'ready'";
    browser
        .wait_for("the page to be here again", PATIENCE, again)
        .unwrap_or_else(|error| panic!("{error}"));
    assert!(!browser.has("link-note").unwrap());
    visit.open_group("group-optimiser");
    assert_eq!(browser.eval(FORM).unwrap(), form);
    // No model of other settings stands beside them.
    assert_eq!(
        browser
            .eval("document.querySelectorAll('.model-card[aria-pressed=true]').length")
            .unwrap(),
        0
    );
    visit.photograph("linked");
    browser.click("train").unwrap();
    visit.wait_for_status("trained");
    let config = text(&browser.eval(STORED).unwrap());
    for line in [
        "seed = 9007199254740991",
        "network = \"mnist-cnn\"",
        "label_smoothing = 0.9",
        "kind = \"sgd\"",
        "learning_rate = 0.07",
        "steps = 2",
        "batch_size = 16",
        "norm = \"l2\"",
        "epsilon = 1.25",
        "images = 17",
        "effort = \"standard\"",
        "images = 33",
    ] {
        assert!(config.contains(line), "{line} is missing:\n{config}");
    }
    visit.expect_clean_record();
}

#[test]
fn a_damaged_link_is_named_and_nothing_of_it_is_taken() {
    let _alone = alone();
    let visit = Visit::new(Graphics::None, "?device=cpu");
    let browser = &visit.browser;
    let model_is_open = "document.querySelector('.model-card[aria-pressed=true]') !== null && \
        document.querySelector('[data-status=ready]') !== null";
    let wait = || {
        browser
            .wait_for("a model", PATIENCE, model_is_open)
            .unwrap_or_else(|error| panic!("{error}"));
    };
    wait();
    let form = browser.eval(FORM).unwrap();
    for (link, says) in [
        (
            "1,seed:8,training.steps:0,check:00000000",
            "`training.steps` is 0",
        ),
        (
            "1,seed:8,attack.norm:l3,check:00000000",
            "`attack.norm` is `l3`",
        ),
        (
            "1,seed:8,training.stops:5,check:00000000",
            "`training.stops`",
        ),
        ("1,seed:8,training.st", "`training.st`"),
        ("1,seed:8", "cut behind `seed`"),
        ("7,seed:8", "another version"),
    ] {
        browser
            .open(&format!("{}?device=cpu&run={link}", visit.server.url()))
            .unwrap();
        // The message outlives the opening of a model, which nobody asked for.
        wait();
        let message = browser.text("error").unwrap();
        assert!(message.contains(says), "{link}: {message}");
        assert!(message.contains("ask for the link again"), "{message}");
        assert_eq!(browser.eval(FORM).unwrap(), form, "{link}");
    }
    visit.photograph("damaged-link");
    browser.click("dismiss").unwrap();
    visit.expect_clean_record();
}

#[test]
fn a_link_waits_for_images_that_it_cannot_hold() {
    let _alone = alone();
    let visit = Visit::new(Graphics::None, &format!("?device=cpu&run={CIFAR}"));
    let browser = &visit.browser;
    visit.wait_for_status("ready");
    visit.wait_for_text("data-needs", "cifar-10-binary");
    let line = browser.text("share-line").unwrap();
    assert!(line.contains("none of its files"), "{line}");
    let disabled = format!("{}.disabled", element("train"));
    assert_eq!(browser.eval(&disabled).unwrap(), true);
    let why = text(
        &browser
            .eval("document.querySelector('#run-line').innerText")
            .unwrap(),
    );
    assert!(why.contains("CIFAR-10") && why.contains("MNIST"), "{why}");
    visit.photograph("link-without-images");

    // The way out that it names.
    browser.set("data-set", "mnist").unwrap();
    assert_eq!(browser.eval(&disabled).unwrap(), false);
    assert_eq!(visit.value("seed"), "5");
    visit.expect_clean_record();
}

#[test]
fn links_of_the_first_form_are_read() {
    let _alone = alone();
    let visit = Visit::new(Graphics::None, &format!("?device=cpu&run={TWO_STEPS}"));
    visit.wait_for_status("ready");
    assert_eq!(
        (visit.value("steps"), visit.value("seed")),
        ("2".into(), "5".into())
    );
    assert_eq!(visit.value("beta"), "5");
    visit.expect_clean_record();
}
