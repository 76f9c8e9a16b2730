//! The server and the browser themselves, on a page small enough to know everything about.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::{Duration, Instant};

use squeeze_tests::browser::{Browser, ColorScheme, Graphics, Level};
use squeeze_tests::server::{Compression, Server};
use tempfile::TempDir;

const PAGE: &str = r#"<!doctype html><html lang="en"><meta charset="utf-8"><title>t</title>
<link rel="icon" href="data:,">
<style>body { margin: 0; background: white } @media (prefers-color-scheme: dark) { body { background: black } }</style>
<button data-testid="go">Go</button><p data-testid="out">-</p>
<input data-testid="number" type="number" value="5"><input data-testid="slide" type="range" min="0" max="1" step="0.1">
<select data-testid="list"><option value="a">A</option><option value="b">B</option></select>
<fieldset data-testid="radio"><label><input type="radio" name="r" value="x">X</label>
<label><input type="radio" name="r" value="y">Y</label></fieldset>
<script>
const $ = id => document.querySelector(`[data-testid=${id}]`);
$('go').onclick = e => { $('out').textContent = 'clicked ' + e.isTrusted; };
for (const id of ['number', 'slide', 'list', 'radio'])
  $(id).addEventListener('change', e => { $('out').textContent += ` ${id}=${e.target.value}`; });
const worker = new Worker('worker.js');
worker.onmessage = e => { document.body.dataset.worker = e.data; };
</script>"#;

const WORKER: &str = "console.error('worker says', 7);
fetch('data.gz').then(r => r.arrayBuffer()).then(b => postMessage(b.byteLength));
setTimeout(() => { throw new Error('worker throws'); }, 50);";

fn site() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("index.html"), PAGE).unwrap();
    fs::write(folder.path().join("worker.js"), WORKER).unwrap();
    fs::write(
        folder.path().join("data.gz"),
        [31u8, 139, 8, 0, 1, 2, 3].repeat(100),
    )
    .unwrap();
    fs::write(folder.path().join("code.wasm"), vec![0u8; 10_000]).unwrap();
    folder
}

/// Head and body length of an answer.
fn get(server: &Server, path: &str) -> (String, usize) {
    let url = server.url();
    let host = url.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(host).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: gzip, br\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap();
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    (head, answer.len() - end - 4)
}

/// What lies beside the folder stays there, however an address says "up".
#[test]
fn server_serves_its_folder_alone() {
    const SECRET: &str = "not for others";
    let above = TempDir::new().unwrap();
    let folder = above.path().join("site");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("index.html"), PAGE).unwrap();
    let secret = above.path().join("secret.txt");
    fs::write(&secret, SECRET).unwrap();
    let server = Server::start(&folder, 0, Compression::None).unwrap();
    let whole = secret.to_string_lossy();
    for path in [
        "/../secret.txt",
        "/./../secret.txt",
        "/site/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/%2E%2E%2Fsecret.txt",
        "/..%2fsecret.txt",
        "/..%5csecret.txt",
        "/..\\secret.txt",
        "/%252e%252e/secret.txt",
        "/....//secret.txt",
        "/index.html/../../secret.txt",
        "/..%00/secret.txt",
        "//../secret.txt",
        &format!("/{whole}"),
        &*whole,
        &format!("file://{whole}"),
        &format!("http://elsewhere.example{whole}"),
    ] {
        let (head, length) = get(&server, path);
        let refused = ["400", "404", "405"]
            .iter()
            .any(|code| head.starts_with(&format!("http/1.1 {code}")));
        assert!(refused, "{path}: {head}");
        assert_ne!(length, SECRET.len(), "{path}");
    }
    let (head, _) = get(&server, "/");
    assert!(head.starts_with("http/1.1 200"), "{head}");
}

#[test]
fn server_sends_the_right_types_and_isolation_headers() {
    let site = site();
    let server = Server::start(site.path(), 0, Compression::None).unwrap();
    let (head, length) = get(&server, "/code.wasm");
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(head.contains("content-type: application/wasm"), "{head}");
    assert!(
        head.contains("cross-origin-opener-policy: same-origin"),
        "{head}"
    );
    assert!(
        head.contains("cross-origin-embedder-policy: require-corp"),
        "{head}"
    );
    assert!(!head.contains("content-encoding"), "{head}");
    assert_eq!(length, 10_000);
    let (head, _) = get(&server, "/");
    assert!(head.contains("content-type: text/html"), "{head}");
    let (head, _) = get(&server, "/nothing");
    assert!(head.starts_with("http/1.1 404"), "{head}");
    let (head, _) = get(&server, "/../Cargo.toml");
    assert!(head.starts_with("http/1.1 4"), "{head}");
}

#[test]
fn server_compresses_code_but_never_gz_files() {
    let site = site();
    for (compression, name) in [(Compression::Gzip, "gzip"), (Compression::Brotli, "br")] {
        let server = Server::start(site.path(), 0, compression).unwrap();
        let (head, length) = get(&server, "/code.wasm");
        assert!(
            head.contains(&format!("content-encoding: {name}")),
            "{head}"
        );
        assert!(length < 1_000, "{length}");
        let (head, length) = get(&server, "/data.gz");
        assert!(head.contains("content-type: application/gzip"), "{head}");
        assert!(!head.contains("content-encoding"), "{head}");
        assert_eq!(length, 700);
    }
}

#[test]
fn missing_folder_and_taken_port_are_named() {
    let site = site();
    let server = Server::start(site.path(), 0, Compression::None).unwrap();
    let port = server
        .url()
        .trim_end_matches('/')
        .rsplit(':')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let taken = Server::start(site.path(), port, Compression::None)
        .err()
        .unwrap();
    assert!(taken.to_string().contains("another port"), "{taken}");
    let missing = Server::start(&site.path().join("no"), 0, Compression::None)
        .err()
        .unwrap();
    assert!(missing.to_string().contains("build the page"), "{missing}");
}

#[test]
fn browser_acts_as_a_user_and_hears_workers() {
    let site = site();
    let server = Server::start(site.path(), 0, Compression::None).unwrap();
    let browser = Browser::start(Graphics::None).unwrap();
    browser.open(&server.url()).unwrap();
    assert_eq!(browser.eval("crossOriginIsolated").unwrap(), true);

    browser.click("go").unwrap();
    assert_eq!(browser.text("out").unwrap(), "clicked true");
    browser.set("number", "12").unwrap();
    browser.set("slide", "0.3").unwrap();
    browser.set("list", "b").unwrap();
    browser.set("radio", "y").unwrap();
    assert_eq!(
        browser.text("out").unwrap(),
        "clicked true number=12 slide=0.3 list=b radio=y"
    );
    assert!(browser.set("list", "c").is_err());
    assert!(browser.click("nowhere").is_err());
    assert!(browser.eval("nowhere.at.all").is_err());

    browser
        .wait_for(
            "the worker",
            Duration::from_secs(10),
            "document.body.dataset.worker === '700'",
        )
        .unwrap();
    browser
        .wait_for("nothing", Duration::from_millis(300), "false")
        .unwrap_err();
    let errors = browser.errors();
    assert!(
        errors.iter().any(|text| text == "worker says 7"),
        "{errors:?}"
    );
    assert!(
        errors.iter().any(|text| text.contains("worker throws")),
        "{errors:?}"
    );
    let requests = browser.requests();
    assert!(
        requests.iter().any(|url| url.ends_with("data.gz")),
        "{requests:?}"
    );
    assert!(
        requests
            .iter()
            .all(|url| url.starts_with(&server.url()) || url.starts_with("data:")),
        "{requests:?}"
    );
    assert!(browser.bytes_received() > 700.0);
}

#[test]
fn browser_drops_files_and_folders() {
    let site = site();
    let server = Server::start(site.path(), 0, Compression::None).unwrap();
    let browser = Browser::start(Graphics::None).unwrap();
    browser.open(&server.url()).unwrap();
    browser
        .eval(
            "addEventListener('dragover', e => e.preventDefault()), \
             addEventListener('drop', e => { e.preventDefault(); const kinds = \
             [...e.dataTransfer.items].map(i => i.webkitGetAsEntry()) \
             .map(i => `${i.name} ${i.isDirectory}`); \
             document.querySelector('[data-testid=out]').textContent = kinds.join(); })",
        )
        .unwrap();
    let folder = TempDir::new().unwrap();
    let class = folder.path().join("cats");
    fs::create_dir(&class).unwrap();
    let file = folder.path().join("data.gz");
    fs::write(&file, [31u8, 139]).unwrap();
    browser.drop_files("out", &[file, class]).unwrap();
    let dropped = "document.querySelector('[data-testid=out]').textContent \
                   === 'data.gz false,cats true'";
    browser
        .wait_for("the drop", Duration::from_secs(10), dropped)
        .unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn browser_shows_sizes_and_color_schemes() {
    let site = site();
    let server = Server::start(site.path(), 0, Compression::None).unwrap();
    let browser = Browser::start(Graphics::None).unwrap();
    browser.open(&server.url()).unwrap();
    assert_eq!(browser.eval("innerWidth").unwrap(), 1440);
    browser.set_viewport(390, 844).unwrap();
    browser.set_preferences(ColorScheme::Dark, true).unwrap();
    // The page names no viewport: a telephone shows it wide.
    assert_eq!(browser.eval("screen.width").unwrap(), 390);
    assert_eq!(
        browser
            .eval("getComputedStyle(document.body).backgroundColor")
            .unwrap(),
        "rgb(0, 0, 0)"
    );
    assert_eq!(
        browser
            .eval("matchMedia('(prefers-reduced-motion: reduce)').matches")
            .unwrap(),
        true
    );
    let path = browser.screenshot("harness").unwrap();
    assert!(fs::read(path).unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn browser_computes_on_webgpu_and_says_when_there_is_none() {
    let site = site();
    let server = Server::start(site.path(), 0, Compression::None).unwrap();
    let adapter = "navigator.gpu ? navigator.gpu.requestAdapter().then(a => a ? a.info.isFallbackAdapter : null) : null";
    for (graphics, expected) in [
        (Graphics::None, serde_json::Value::Null),
        (Graphics::WebGpu, true.into()),
        (Graphics::WebGpuCanvas, true.into()),
    ] {
        let browser = Browser::start(graphics).unwrap();
        browser.open(&server.url()).unwrap();
        assert_eq!(browser.eval(adapter).unwrap(), expected, "{graphics:?}");
        // The console comes from several processes, each in its own time.
        let heard = || {
            browser
                .console()
                .iter()
                .any(|line| line.level <= Level::Error)
        };
        let limit = Instant::now() + Duration::from_secs(10);
        while !heard() && Instant::now() < limit {
            sleep(Duration::from_millis(50));
        }
        assert!(heard());
    }
}
