//! What browsers and networks do to a page: no storage, a full one, two tabs, broken downloads.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread::sleep;
use std::time::Duration;

use squeeze_tests::browser::{Browser, Graphics};
use squeeze_tests::server::{Compression, Server};

use super::{PATIENCE, Visit, alone, dist};

const SAID: &str = "(document.querySelector('[data-testid=error]')?.innerText ?? '')";

/// As in a private window of some browsers.
const NO_STORAGE: &str = "(() => { const storage = self.StorageManager?.prototype; \
    if (!storage) return false; storage.getDirectory = () => \
        Promise.reject(new DOMException('The operation is insecure.', 'SecurityError')); \
    return true; })()";

#[test]
fn without_storage_the_page_says_so_and_trains() {
    let _alone = alone();
    let visit = Visit::new(Graphics::None, "?device=cpu");
    visit.prepare_worker(1, NO_STORAGE);
    let said = format!("{SAID}.includes('cannot be stored')");
    let wait = |what: &str, condition: &str| {
        visit
            .browser
            .wait_for(what, PATIENCE, condition)
            .unwrap_or_else(|error| panic!("{error}"));
    };
    wait("the page to say it", &said);
    wait(
        "the page to be ready",
        "document.querySelector('[data-status=ready]') !== null",
    );
    visit.browser.click("dismiss").unwrap();
    visit.set_up_a_short_run(20);
    visit.browser.click("train").unwrap();
    visit.wait_for_status("trained");
}

#[test]
fn on_a_full_disk_the_run_trains_and_the_page_says_what_to_do() {
    let _alone = alone();
    let visit = Visit::new(Graphics::None, "?device=cpu");
    visit.wait_for_model("mnist-natural");
    visit.browser.set_quota(&visit.server.url(), 1000).unwrap();
    visit.set_up_a_short_run(30);
    visit.browser.click("train").unwrap();
    let trained = "document.querySelector('[data-status=trained]') !== null";
    visit
        .browser
        .wait_for("the run to end", PATIENCE, trained)
        .unwrap_or_else(|error| panic!("{error}"));
    let said = visit.browser.text("error").unwrap();
    assert!(
        said.contains("not stored") && said.contains("delete runs"),
        "{said}"
    );
    visit.photograph("full-disk");
}

/// A connection to the page's server that is slow, and that breaks in the middle of some file, as often as it
/// is told to.
struct BadConnection {
    address: SocketAddr,
}

impl BadConnection {
    /// So many bytes a second; a file whose address holds `breaks` ends half-way, `times` times.
    fn start(server: &Server, pace: usize, breaks: &'static str, mut times: usize) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let url = server.url();
        let upstream = url
            .trim_start_matches("http://")
            .trim_end_matches('/')
            .to_owned();
        // It ends with the test's process.
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let upstream = upstream.clone();
                let Some(head) = head(&client) else { continue };
                let line = head.lines().next().unwrap_or_default();
                let is_broken = !breaks.is_empty() && times > 0 && line.contains(breaks);
                times -= usize::from(is_broken);
                std::thread::spawn(move || {
                    // Whoever hangs up first ends it.
                    let _ = pass_on(client, &upstream, &head, pace, is_broken);
                });
            }
        });
        Self { address }
    }

    fn url(&self) -> String {
        format!("http://{}/", self.address)
    }
}

/// The head of a request.
fn head(mut client: &TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    // One request a connection.
    let head = String::from_utf8(head).ok()?;
    let kept = head
        .lines()
        .filter(|line| !line.to_lowercase().starts_with("connection:"));
    let kept: Vec<&str> = kept.filter(|line| !line.is_empty()).collect();
    Some(kept.join("\r\n") + "\r\nConnection: close\r\n\r\n")
}

fn pass_on(
    mut client: TcpStream,
    upstream: &str,
    head: &str,
    pace: usize,
    is_broken: bool,
) -> std::io::Result<()> {
    let mut server = TcpStream::connect(upstream)?;
    server.write_all(head.as_bytes())?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    let end = if is_broken {
        answer.len() / 2
    } else {
        answer.len()
    };
    for piece in answer[..end].chunks((pace / 50).max(1)) {
        client.write_all(piece)?;
        sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// The page through a bad connection.
fn through(connection: &BadConnection) -> Browser {
    let browser = Browser::start(Graphics::None).unwrap();
    browser
        .open(&format!("{}?device=cpu", connection.url()))
        .unwrap();
    browser
}

fn wait(browser: &Browser, what: &str, condition: &str) {
    browser
        .wait_for(what, Duration::from_secs(120), condition)
        .unwrap_or_else(|error| panic!("{error}\n{}", browser.state()));
}

const READY: &str = "document.querySelector('[data-status=ready]') !== null";

/// 2 MB a second: what is waited for is shown, and in the end all is there.
#[test]
fn a_slow_connection_is_waited_for() {
    let _alone = alone();
    let server = Server::start(&dist(), 0, Compression::None).unwrap();
    let connection = BadConnection::start(&server, 2_000_000, "", 0);
    let browser = through(&connection);
    let loading = "/load|MB|%/i.test(document.querySelector('header, main')?.innerText ?? '')";
    wait(&browser, "the page to say that it loads", loading);
    wait(&browser, "the page to be ready", READY);
    assert!(browser.errors().is_empty(), "{:#?}", browser.errors());
}

/// A file that breaks off is named, and starting again brings the rest.
#[test]
fn a_download_that_breaks_off_is_told_and_tried_again() {
    let _alone = alone();
    let server = Server::start(&dist(), 0, Compression::None).unwrap();
    for (file, said) in [
        ("worker_cpu_bg.wasm", "connection"),
        ("worker_cpu.js", "connection"),
        ("train-images", "train-images"),
    ] {
        let connection = BadConnection::start(&server, 50_000_000, file, 1);
        let browser = through(&connection);
        let told = format!("{SAID}.includes('{said}')");
        wait(
            &browser,
            &format!("{file}: the page to say what is wrong"),
            &told,
        );
        browser.screenshot(&format!("broken-{file}")).unwrap();
        browser.click("start-again").unwrap();
        wait(&browser, &format!("{file}: the page to be ready"), READY);
        let left = browser.eval(SAID).unwrap();
        assert_eq!(left, "", "{file}");
    }
}

/// In the background a run goes on, and what it came to is there when the visitor comes back.
#[test]
fn a_hidden_tab_trains_on() {
    let _alone = alone();
    let mut visit = Visit::new(Graphics::None, "?device=cpu");
    visit.wait_for_model("mnist-natural");
    visit.set_up_a_short_run(300);
    visit.browser.click("train").unwrap();
    visit.wait_for_step(5);
    visit.browser.open_tab().unwrap();
    visit.browser.turn_to_tab(0);
    let hidden = visit.browser.eval("document.visibilityState").unwrap();
    assert_eq!(hidden, "hidden");
    visit.wait_for_status("trained");
    let hidden = visit.browser.eval("document.visibilityState").unwrap();
    assert_eq!(hidden, "hidden");
    visit.browser.bring_to_front().unwrap();
    visit.wait_for_step(300);
}

/// Two tabs see the same runs. What one trains the other can neither delete nor open; once the first is
/// gone, it can.
#[test]
fn two_tabs_do_not_write_into_one_run() {
    let _alone = alone();
    let mut visit = Visit::new(Graphics::None, "?device=cpu");
    visit.wait_for_model("mnist-natural");
    visit.set_up_a_short_run(100_000);
    visit.browser.click("train").unwrap();
    visit.wait_for_step(20);
    // Stored every ten seconds.
    sleep(Duration::from_secs(12));
    let url = format!("{}?device=cpu", visit.server.url());
    visit.browser.open_tab().unwrap();
    visit.browser.open(&url).unwrap();
    visit.wait_for_status("ready");
    visit.wait_for_runs(1);
    let refused = |visit: &Visit| {
        let said = format!("{SAID}.includes('in use')");
        wait(&visit.browser, "the page to say that it is in use", &said);
        visit.browser.screenshot("two-tabs").unwrap();
        visit.browser.click("dismiss").unwrap();
    };
    visit.browser.click("run-delete").unwrap();
    visit.browser.click("run-delete-yes").unwrap();
    refused(&visit);
    visit.wait_for_runs(1);
    visit.browser.click("run-open").unwrap();
    refused(&visit);

    visit.browser.turn_to_tab(0);
    visit.browser.bring_to_front().unwrap();
    visit.browser.click("stop").unwrap();
    visit.wait_for_status("stopped");
    // A reload lets go of what a tab has in hand.
    visit.browser.open(&url).unwrap();
    visit.wait_for_status("ready");
    visit.browser.turn_to_tab(1);
    visit.browser.bring_to_front().unwrap();
    visit.browser.click("run-delete").unwrap();
    visit.browser.click("run-delete-yes").unwrap();
    visit.wait_for_runs(0);
}

/// What becomes markup or a script goes through one policy, which lets nothing through that runs by itself.
#[test]
fn markup_that_runs_and_scripts_from_elsewhere_are_refused() {
    let _alone = alone();
    let visit = Visit::new(Graphics::None, "?device=cpu");
    visit.wait_for_model("mnist-natural");
    let says = |script: &str| {
        let tried = format!(
            "(() => {{ try {{ {script}; return 'done'; }} catch (e) {{ return String(e); }} }})()"
        );
        visit.browser.eval(&tried).unwrap()
    };
    assert_eq!(
        says("document.createElement('p').innerHTML = '<b>only</b> text'"),
        "done"
    );
    for markup in [
        "<img src=x onerror=alert(1)>",
        "<svg><script>alert(1)</script></svg>",
        "<a href=\"JavaScript:alert(1)\">x</a>",
        "<iframe srcdoc=x></iframe>",
    ] {
        let said = says(&format!(
            "document.createElement('div').innerHTML = {markup:?}"
        ));
        assert!(said.to_string().contains("would run"), "{markup}: {said}");
    }
    let said = says("new Worker('https://example.org/x.js')");
    assert!(said.to_string().contains("elsewhere"), "{said}");
    // A page's own way to another policy is closed too.
    let said = says("trustedTypes.createPolicy('other', {})");
    assert!(said.to_string().contains("TypeError"), "{said}");
}
