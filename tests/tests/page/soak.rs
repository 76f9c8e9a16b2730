//! Long and rude use: random actions, many cycles, many steps. A little of each always; as much as
//! `SQUEEZE_SOAK` says (`cargo xtask soak`).

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use squeeze_tests::browser::Graphics;

use super::{PATIENCE, Visit, alone};

/// How many times as much as usual is done.
fn times() -> usize {
    let wish = std::env::var("SQUEEZE_SOAK").ok();
    wish.and_then(|times| times.parse().ok()).unwrap_or(1)
}

/// Does so many random things, each with whatever control the page offers at that moment: presses, chooses,
/// types sense and nonsense, goes back and forth. It leaves alone what would lead away from the page, open
/// a window of the system's, or hand out a file. Gives back what it did last.
const MONKEY: &str = "(async (seed, actions) => { \
    const next = () => { seed = (seed + 0x6D2B79F5) | 0; let t = Math.imul(seed ^ (seed >>> 15), 1 | seed); \
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t; return ((t ^ (t >>> 14)) >>> 0) / 4294967296; }; \
    const one = list => list[Math.floor(next() * list.length)]; \
    const texts = ['', '0', '1', '-1', '2', '7', '0.5', '1e9', '1e-9', 'nan', '8/255', '1/0', 'x', '99999999999999999999', \
        '0.1, 0.2', '0.9,0.1', ' 3 ', '\\u0663']; \
    const leads_away = e => e.closest('a')?.href && !e.closest('a').getAttribute('href').startsWith('#'); \
    const log = []; window.monkey = log; \
    for (let n = 0; n < actions; n += 1) { \
        const all = [...document.querySelectorAll('button, input, select, textarea, summary, a, [tabindex]')] \
            .filter(e => !e.disabled && e.type !== 'file' && !leads_away(e) && e.getClientRects().length \
                && !/camera|save|download|export/i.test(e.dataset.testid + e.textContent.slice(0, 40))); \
        const e = one(all); if (!e) { await new Promise(d => setTimeout(d, 50)); continue; } \
        const set = value => { Object.getOwnPropertyDescriptor(Object.getPrototypeOf(e), 'value').set.call(e, value); \
            e.dispatchEvent(new Event('input', { bubbles: true })); e.dispatchEvent(new Event('change', { bubbles: true })); }; \
        let did = 'click'; \
        if (e.tagName === 'SELECT') { const o = one([...e.options]); did = o.value; set(o.value); } \
        else if (e.matches('input[type=range]')) { did = String(Math.round(next() * 100)); set(did); } \
        else if (e.matches('input:not([type=radio], [type=checkbox]), textarea')) { did = one(texts); set(did); e.blur(); } \
        else if (next() < 0.1) { const key = one(['ArrowLeft', 'ArrowRight', 'Escape', 'Enter', 'Home', 'End', ' ']); did = key; \
            e.focus(); e.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true })); } \
        else e.click(); \
        log.push([e.tagName, e.dataset.testid ?? e.id ?? '', e.textContent.trim().slice(0, 20), did]); \
        if (log.length > 12) log.shift(); \
        await new Promise(d => setTimeout(d, next() < 0.02 ? 400 : next() * 12)); \
    } \
    return JSON.stringify(log); })";

/// What no action may bring: a worker that broke down, or one that does not understand the page.
const BROKEN: &str = "/broke down|understand|lost/i.test( \
    document.querySelector('[data-testid=error]')?.innerText ?? '')";

#[test]
fn random_actions_break_nothing() {
    let _alone = alone();
    let visit = Visit::new(Graphics::None, "?device=cpu");
    visit.wait_for_model("mnist-natural");
    let browser = &visit.browser;
    let began = Instant::now();
    let (rounds, actions) = (6 * times(), 50);
    for round in 0..rounds {
        let did = browser
            .eval(&format!("{MONKEY}({round}, {actions})"))
            .unwrap_or_else(|error| panic!("round {round}: {error}\n{}", browser.state()));
        let errors = browser.errors();
        assert!(errors.is_empty(), "round {round}: {errors:#?}\nafter {did}");
        let is_broken = browser.eval(BROKEN).unwrap();
        assert_eq!(
            is_broken,
            Value::Bool(false),
            "round {round}, after {did}\n{}",
            browser.state()
        );
    }
    println!(
        "{} actions in {:.0} s",
        rounds * actions,
        began.elapsed().as_secs_f64()
    );
    // Nothing is dead: from a reload on, everything works as ever.
    let address = visit.server.url();
    browser.open(&format!("{address}?device=cpu")).unwrap();
    visit.wait_for_model("mnist-natural");
    visit.set_up_a_short_run(20);
    browser.set("steps", "20").unwrap();
    browser.click("train").unwrap();
    visit.wait_for_status("trained");
    visit.expect_clean_record();
}

#[test]
fn cycles_of_training_attacking_and_stopping_leave_nothing_behind() {
    let _alone = alone();
    let visit = Visit::new(Graphics::None, "?device=cpu");
    visit.wait_for_model("mnist-natural");
    let browser = &visit.browser;
    visit.set_up_a_short_run(100_000);
    browser.set("iterations", "100000").unwrap();
    let cycles = 5 * times();
    let mut memory = Vec::new();
    for cycle in 0..cycles {
        browser.click("train").unwrap();
        visit.wait_for_status("training");
        browser.click("stop").unwrap();
        visit.wait_for_status("stopped");
        browser.click("attack").unwrap();
        visit.wait_for_status("attacking");
        browser.click("attack-stop").unwrap();
        visit.wait_for_status("attacked");
        // Runs are kept, as they should be; here they would only fill the list.
        if cycle % 20 == 19 {
            memory.extend(browser.memory_kib());
        }
    }
    println!("memory after each 20 cycles, in KiB: {memory:?}");
    if let [_, second, .., last] = memory[..] {
        assert!(last < second + 150 * 1024, "{memory:?}");
    }
    visit.expect_clean_record();
}

#[test]
#[ignore = "hours: cargo xtask soak"]
fn thousands_of_steps_and_iterations_hold_memory_and_pace() {
    let _alone = alone();
    for (graphics, query) in [
        (Graphics::None, "?device=cpu"),
        (Graphics::WebGpu, "?device=gpu"),
    ] {
        let visit = Visit::new(graphics, query);
        visit.wait_for_model("mnist-natural");
        visit.set_up_a_short_run(20_000);
        visit.browser.click("train").unwrap();
        visit.watch("steps", "step", 20_000.0, "trained");
        visit.browser.set("iterations", "50000").unwrap();
        visit.browser.set("goal", "least-likely").unwrap();
        visit.browser.click("attack").unwrap();
        visit.watch("iterations", "attack-progress", 50_000.0, "attacked");
        visit.expect_clean_record();
    }
}

impl Visit {
    /// Watches memory and pace until the page's state is `end`.
    fn watch(&self, what: &str, testid: &str, all: f64, end: &str) {
        let mut samples: Vec<(f64, f64, u64)> = Vec::new();
        let began = Instant::now();
        while self.status() != end {
            assert!(began.elapsed() < PATIENCE * 12, "{}", self.browser.state());
            self.expect_no_error();
            if self.browser.has(testid).unwrap() {
                let text = self.browser.text(testid).unwrap().replace(',', "");
                let digits: String = text
                    .chars()
                    .skip_while(|c| !c.is_ascii_digit())
                    .take_while(char::is_ascii_digit)
                    .collect();
                let memory = self.browser.memory_kib().unwrap_or_default();
                samples.push((
                    began.elapsed().as_secs_f64(),
                    digits.parse().unwrap_or_default(),
                    memory,
                ));
            }
            sleep(Duration::from_secs(5));
        }
        assert!(samples.len() > 8, "too few samples: {samples:?}");
        let third = samples.len() / 3;
        let most = |part: &[(f64, f64, u64)]| part.iter().map(|sample| sample.2).max();
        let pace = |part: &[(f64, f64, u64)]| {
            let (first, last) = (part[0], part[part.len() - 1]);
            (last.1 - first.1) / (last.0 - first.0)
        };
        let (early, late) = (&samples[..third], &samples[2 * third..]);
        println!(
            "{all} {what}: at most {:?} KiB in the first third, {:?} KiB in the last; {:.1} and {:.1} a second",
            most(early),
            most(late),
            pace(early),
            pace(late)
        );
        assert!(most(late) < most(early).map(|kib| kib + 64 * 1024));
        assert!(pace(late) > 0.7 * pace(early));
    }
}
