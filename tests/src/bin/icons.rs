//! `squeeze-icons FOLDER`: draws the icons of the installed page from `app/style/mark.svg`, in Chromium. FOLDER
//! is `app/install`, where they lie in the repository: run it when the mark has changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use squeeze_tests::browser::{Browser, Graphics};

/// Name, side in pixels, share of the side that the mark takes. Of a maskable icon only a circle of 80% is
/// sure to be seen.
const ICONS: [(&str, u32, f64); 3] = [
    ("icon-192", 192, 1.0),
    ("icon-512", 512, 1.0),
    ("icon-maskable-512", 512, 0.8),
];

/// The ground of the mark, to the very edge: the system rounds corners as it likes.
const GROUND: &str = "#f8f6f1";

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: squeeze-icons FOLDER (app/install)");
        return ExitCode::FAILURE;
    };
    match draw(&folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn draw(folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let mark = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../app/style/mark.svg"))?;
    let mark = BASE64_STANDARD.encode(mark);
    let browser = Browser::start(Graphics::None)?;
    for (name, side, share) in ICONS {
        // A window this small is a telephone's, with two pixels to one.
        browser.set_viewport(side / 2, side / 2)?;
        let page = format!(
            "<!doctype html><meta name='viewport' content='width=device-width'><body style='margin:0;background:{GROUND};display:grid;place-items:center;\
             height:100vh'><img style='width:{}vw' src='data:image/svg+xml;base64,{mark}'>",
            100.0 * share
        );
        browser.open(&format!(
            "data:text/html;base64,{}",
            BASE64_STANDARD.encode(page)
        ))?;
        browser.eval("new Promise(d => requestAnimationFrame(() => requestAnimationFrame(d)))")?;
        let picture = browser.screenshot(name)?;
        fs::copy(picture, folder.join(format!("{name}.png")))?;
        println!("{name}.png: {side} x {side}");
    }
    Ok(())
}
