//! The page below another path, and without a connection.

use std::fs;
use std::path::Path;

use squeeze_tests::browser::{Browser, Graphics};
use squeeze_tests::server::{Compression, Server};
use tempfile::TempDir;

use super::{PATIENCE, Visit, alone, dist};

/// A model is open and the page waits.
const IS_READY: &str = "document.querySelector('.model-card[aria-pressed=true]') !== null && \
    document.querySelector('[data-status=ready]') !== null";

/// The names and hashes of what is kept, as `name?hash`.
const KEPT: &str = "(async () => { const base = new URL('.', location).href; \
    const store = await caches.open(`squeeze ${base}`); \
    return (await store.keys()).map(({ url }) => url.slice(base.length)); })()";

fn kept(browser: &Browser) -> Vec<String> {
    let names = browser.eval(KEPT).unwrap();
    let names = names.as_array().map(Vec::as_slice).unwrap_or_default();
    names
        .iter()
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect()
}

fn wait(browser: &Browser, what: &str, condition: &str) {
    browser
        .wait_for(what, PATIENCE, condition)
        .unwrap_or_else(|error| panic!("{error}"));
}

/// Waits until files are kept whose names begin so.
fn wait_until_kept(browser: &Browser, starts: &[&str]) {
    for start in starts {
        let condition =
            format!("{KEPT}.then(names => names.some(name => name.startsWith('{start}')))");
        wait(browser, &format!("{start} to be kept"), &condition);
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// A host with the page below a path of its own, its folder, and that path.
fn host() -> (TempDir, &'static str) {
    let path = "some/where/";
    let folder = TempDir::new().unwrap();
    copy(&dist(), &folder.path().join(path));
    assert!(
        folder.path().join(path).join("service-worker.js").is_file(),
        "the page in {} has no service worker: build it with `cargo xtask`",
        dist().display()
    );
    (folder, path)
}

#[test]
fn below_a_path_and_without_a_connection_a_model_can_be_attacked() {
    let _alone = alone();
    let (folder, path) = host();
    let server = Server::start(folder.path(), 0, Compression::Gzip).unwrap();
    let address = format!("{}{path}?device=cpu", server.url());
    let browser = Browser::start(Graphics::None).unwrap();
    browser.open(&address).unwrap();
    wait(&browser, "a model", IS_READY);
    wait_until_kept(
        &browser,
        &[
            "index.html",
            "squeeze-page-",
            "worker_cpu.js",
            "worker_cpu_bg.wasm",
            "data/mnist/train-images",
            "models/mnist-natural.safetensors",
        ],
    );
    let names = kept(&browser);
    // No visitor needs both engines, or all models.
    for other in ["worker_gpu", "models/mnist-adversarial"] {
        assert!(
            !names.iter().any(|name| name.starts_with(other)),
            "{names:#?}"
        );
    }
    assert_eq!(browser.install_errors().unwrap(), [""; 0]);
    let visit = Visit { server, browser };
    visit.expect_clean_record();
    let home = format!("{}{path}", visit.server.url());
    let requests = visit.browser.requests();
    let outside: Vec<&String> = requests
        .iter()
        .filter(|url| {
            !url.starts_with(&home) && !url.starts_with("data:") && !url.starts_with("blob:")
        })
        .collect();
    assert!(outside.is_empty(), "asked for beside the page: {outside:?}");

    // What is kept from now on comes from there: the host is gone.
    let Visit { server, browser } = visit;
    drop(server);
    let elsewhere = Server::start(folder.path(), 0, Compression::None).unwrap();
    browser.open(&address).unwrap();
    wait(&browser, "a model without a connection", IS_READY);
    let visit = Visit {
        server: elsewhere,
        browser,
    };
    for (field, value) in [("iterations", "20"), ("attack-images", "50")] {
        visit.browser.set(field, value).unwrap();
    }
    visit.browser.click("attack").unwrap();
    visit.wait_for_status("attacked");
    let (clean, robust) = (
        visit.number("clean-accuracy"),
        visit.number("robust-accuracy"),
    );
    assert!(clean > 90.0 && robust < 20.0, "{clean} {robust}");
    visit.browser.screenshot("offline").unwrap();
}

#[test]
fn a_new_version_is_used_when_the_page_is_opened_again_and_nothing_false_is_kept() {
    let _alone = alone();
    let (folder, path) = host();
    let page = folder.path().join(path);
    // Not the file that the page was built with: what somebody else's network puts in its place.
    let model = page.join("models/mnist-natural.toml");
    let config = fs::read_to_string(&model).unwrap();
    fs::write(&model, format!("{config}# of another\n")).unwrap();
    let server = Server::start(folder.path(), 0, Compression::None).unwrap();
    let address = format!("{}{path}?device=cpu", server.url());
    let browser = Browser::start(Graphics::None).unwrap();
    browser.open(&address).unwrap();
    wait(&browser, "a model", IS_READY);
    wait_until_kept(
        &browser,
        &[
            "index.html",
            "models/mnist-natural.safetensors",
            "worker_cpu_bg.wasm",
        ],
    );
    let names = kept(&browser);
    let of = |names: &[String], start: &str| {
        let found: Vec<String> = names
            .iter()
            .filter(|name| name.starts_with(start))
            .cloned()
            .collect();
        found
    };
    assert!(
        of(&names, "models/mnist-natural.toml").is_empty(),
        "{names:#?}"
    );
    let [old] = &of(&names, "index.html")[..] else {
        panic!("{names:#?}");
    };

    // The next version: another page, the old hash replaced by the new one.
    let index = page.join("index.html");
    let html = fs::read_to_string(&index).unwrap();
    let html = html.replace("<title>", "<title>Next ");
    fs::write(&index, &html).unwrap();
    let digest = format!(
        "crypto.subtle.digest('SHA-256', new TextEncoder().encode({})).then(digest => \
         [...new Uint8Array(digest)].map(byte => byte.toString(16).padStart(2, '0')).join(''))",
        serde_json::Value::from(html)
    );
    let hash = browser.eval(&digest).unwrap();
    let hash = hash.as_str().unwrap();
    let worker = page.join("service-worker.js");
    let text = fs::read_to_string(&worker).unwrap();
    let (_, old_hash) = old.split_once('?').unwrap();
    assert!(text.contains(old_hash));
    fs::write(&worker, text.replace(old_hash, hash)).unwrap();

    let title = "document.title.startsWith('Next ')";
    browser.open(&address).unwrap();
    assert_eq!(browser.eval(title).unwrap(), true, "an old page was shown");
    let new = format!("index.html?{hash}");
    let replaced =
        format!("{KEPT}.then(names => names.includes('{new}') && !names.includes('{old}'))");
    wait(
        &browser,
        "the new version to take the old one's place",
        &replaced,
    );
    // What is the same in both stayed.
    assert_eq!(
        of(&kept(&browser), "worker_cpu_bg.wasm"),
        of(&names, "worker_cpu_bg.wasm")
    );
    drop(server);
    browser.open(&address).unwrap();
    assert_eq!(browser.eval(title).unwrap(), true);
    wait(
        &browser,
        "the page without a connection",
        // All of it but the model's config, of which nothing false was kept.
        "document.querySelector('[data-testid=error]')?.innerText.includes('mnist-natural.toml') && \
         document.querySelector('[data-status=ready]') !== null",
    );
}
