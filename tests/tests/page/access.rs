//! The page by the rules of axe-core (`tests/axe`), in the states that draw something of their own.

use squeeze_tests::browser::{ColorScheme, Graphics};

use super::{Visit, alone};

const AXE: &str = include_str!("../../axe/axe.min.js");

/// Everything that axe finds, a line for each element.
const VIOLATIONS: &str = "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => \
    violations.flatMap(({ id, help, nodes }) => nodes.map(({ target, failureSummary }) => \
    `${id} (${help}) at ${target.join(' ')}: ${failureSummary.replaceAll(/\\s+/g, ' ')}`)))";

/// What axe finds now, light and dark, on a desk and on a telephone.
fn violations(visit: &Visit, state: &str) -> Vec<String> {
    let browser = &visit.browser;
    let mut found = Vec::new();
    for (width, height) in [(1440, 900), (390, 844)] {
        browser.set_viewport(width, height).unwrap();
        for scheme in [ColorScheme::Light, ColorScheme::Dark] {
            // Without motion, so that no colour is on its way.
            browser.set_preferences(scheme, true).unwrap();
            browser
                .eval("new Promise(d => requestAnimationFrame(() => requestAnimationFrame(d)))")
                .unwrap();
            let lines = browser.eval(VIOLATIONS).unwrap();
            let lines = lines.as_array().expect("axe gives a list");
            found.extend(lines.iter().map(|line| {
                let line = line.as_str().unwrap_or_default();
                format!("{state}, {width} px, {scheme:?}: {line}")
            }));
        }
    }
    browser.set_viewport(1440, 900).unwrap();
    found
}

#[test]
fn axe_finds_nothing_in_any_room() {
    let _alone = alone();
    let visit = Visit::new(Graphics::None, "?device=cpu");
    let browser = &visit.browser;
    visit.wait_for_status("ready");
    browser.eval(AXE).unwrap();
    let open_all = "document.querySelectorAll('details').forEach(group => { group.open = true; })";

    // That it finds anything at all.
    browser
        .eval("document.querySelector('main').insertAdjacentHTML('beforeend', '<img id=\"bad\" src=\"data:,\">')")
        .unwrap();
    let planted = violations(&visit, "planted");
    assert!(
        planted.iter().any(|line| line.contains("image-alt")),
        "{planted:#?}"
    );
    browser
        .eval("document.querySelector('#bad').remove()")
        .unwrap();

    browser.eval(open_all).unwrap();
    let mut found = violations(&visit, "ready");
    browser.click("tour-start").unwrap();
    found.extend(violations(&visit, "the tour"));
    browser.click("tour-end").unwrap();
    visit.set_up_a_short_run(60);
    // What is wrong with a setting is said beside it.
    browser.set("patience", "often").unwrap();
    found.extend(violations(&visit, "a wrong number"));
    browser.set("patience", "0").unwrap();

    browser.click("train").unwrap();
    visit.wait_for_status("trained");
    found.extend(violations(&visit, "trained"));

    for (field, value) in [
        ("iterations", "5"),
        ("attack-images", "32"),
        ("evaluation-images", "24"),
    ] {
        browser.set(field, value).unwrap();
    }
    browser.click("attack").unwrap();
    visit.wait_for_status("attacked");
    browser.eval(open_all).unwrap();
    found.extend(violations(&visit, "attacked"));
    browser
        .set("compare-with", "ready/mnist-adversarial")
        .unwrap();
    browser.click("compare").unwrap();
    visit.wait_for_text("side-1", "holds");
    visit.wait_for_status("attacked");
    found.extend(violations(&visit, "compared"));
    for row in ["run-rename", "run-delete"] {
        browser.click(row).unwrap();
        found.extend(violations(&visit, row));
        browser.press("Escape").unwrap();
    }

    browser.click("judge").unwrap();
    visit.wait_for_status("judged");
    browser.eval(open_all).unwrap();
    found.extend(violations(&visit, "judged"));
    browser.click("surface-contours").unwrap();
    found.extend(violations(&visit, "contours"));

    assert!(
        found.is_empty(),
        "{} violations:\n{}",
        found.len(),
        found.join("\n")
    );
    visit.expect_clean_record();
}
