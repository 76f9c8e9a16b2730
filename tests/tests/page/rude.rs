//! What browsers and networks do to a page: no storage, a full one, two tabs, broken downloads.

use squeeze_tests::browser::Graphics;

use super::{PATIENCE, Visit, alone};

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
