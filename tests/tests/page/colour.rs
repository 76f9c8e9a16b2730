//! Colour images, from the files of CIFAR-10 to the verdict. The variable `SQUEEZE_CIFAR10` names a folder
//! with the real files; without it small ones of the same form are made.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use squeeze_tests::browser::{Graphics, element};
use tempfile::TempDir;

use super::{PATIENCE, Visit, alone};

const BATCHES: [&str; 6] = [
    "data_batch_1.bin",
    "data_batch_2.bin",
    "data_batch_3.bin",
    "data_batch_4.bin",
    "data_batch_5.bin",
    "test_batch.bin",
];

/// Six files of CIFAR-10's form, 200 images each: a class is a colour, under noise.
fn made(folder: &Path) -> Vec<PathBuf> {
    let mut state = 1_u32;
    let mut noise = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 26) as u8
    };
    let files = BATCHES.map(|name| {
        let mut content = Vec::new();
        for image in 0..200_usize {
            let class = image % 10;
            content.push(class as u8);
            for channel in 0..3 {
                let colour = (class * [17, 71, 113][channel] % 190) as u8;
                content.extend((0..32 * 32).map(|_| colour + noise()));
            }
        }
        let file = folder.join(name);
        std::fs::write(&file, content).unwrap();
        file
    });
    files.into()
}

/// Some pixel of the canvas is no grey.
fn is_coloured(canvas: &str) -> String {
    format!(
        "(c => {{ const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; \
         for (let i = 0; i < d.length; i += 4) \
         if (Math.abs(d[i] - d[i + 1]) > 8 || Math.abs(d[i] - d[i + 2]) > 8) return true; \
         return false; }})({canvas})"
    )
}

#[test]
fn colour_images_go_from_files_to_a_verdict() {
    let _alone = alone();
    let visit = Visit::new(Graphics::None, "?device=cpu");
    let browser = &visit.browser;
    visit.wait_for_status("ready");
    let folder = TempDir::new().unwrap();
    let (files, steps) = match std::env::var_os("SQUEEZE_CIFAR10") {
        Some(real) => (BATCHES.map(|name| Path::new(&real).join(name)).into(), 150),
        None => (made(folder.path()), 30),
    };
    browser.set("data-set", "cifar10").unwrap();
    browser.drop_files("data", &files).unwrap();
    visit.wait_for_text("data-line", "32 × 32");
    let line = browser.text("data-line").unwrap();
    assert!(line.starts_with("CIFAR-10"), "{line}");
    browser.click("offer-take").unwrap();
    assert_eq!(visit.value("network"), "resnet-8");
    assert_eq!(visit.value("epsilon"), "8/255");

    visit.set_up_a_short_run(steps);
    visit.open_group("group-evaluation");
    for (field, value) in [
        ("held-out", "100"),
        ("eval-every", &(steps / 2).to_string()),
        ("robust-images", "20"),
        ("robust-iterations", "2"),
    ] {
        browser.set(field, value).unwrap();
    }
    browser.click("train").unwrap();
    visit.wait_for_status("trained");
    let accuracy = visit.number("test-accuracy");
    assert!(accuracy > 25.0, "{accuracy}");
    let says = format!(
        "{}.querySelector('[aria-label]').getAttribute('aria-label')",
        element("filters")
    );
    let says = browser.eval(&says).unwrap();
    assert!(says.as_str().unwrap().starts_with("16 filters"), "{says}");
    let filter = format!("{}.querySelector('canvas')", element("filters"));
    assert_eq!(browser.eval(&is_coloured(&filter)).unwrap(), true);

    for (field, value) in [("iterations", "10"), ("attack-images", "48")] {
        browser.set(field, value).unwrap();
    }
    browser.click("attack").unwrap();
    visit.wait_for_status("attacked");
    let (clean, robust) = (
        visit.number("clean-accuracy"),
        visit.number("robust-accuracy"),
    );
    assert!(clean > 25.0 && robust <= clean, "{clean} {robust}");
    browser.click("closer-1").unwrap();
    visit.wait_for_text("closeup", "Image 2");
    for picture in ["closeup-clean", "closeup-change", "closeup-attacked"] {
        let canvas = element(picture);
        assert_eq!(
            browser.eval(&is_coloured(&canvas)).unwrap(),
            true,
            "{picture}"
        );
    }
    browser.click("save-npy").unwrap();
    browser
        .wait_for("the array", PATIENCE, "window.downloads.length === 1")
        .unwrap_or_else(|error| panic!("{error}"));
    let array = visit.download(0);
    assert_eq!(array.len(), 128 + 4 * 3 * 32 * 32);
    let head = String::from_utf8_lossy(&array[..128]);
    assert!(head.contains("'shape': (3, 32, 32)"), "{head}");
    let values = array[128..].chunks_exact(4);
    let largest = values
        .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()).abs())
        .fold(0.0, f32::max);
    assert!(
        (7.5 / 255.0..=8.001 / 255.0).contains(&largest),
        "{largest}"
    );

    browser.set("evaluation-images", "16").unwrap();
    browser.click("judge").unwrap();
    visit.wait_for_status("judging");
    visit.wait_for_status("judged");
    let [clean, apparent, robust] =
        ["judged-clean", "judged-apparent", "judged-robust"].map(|number| visit.number(number));
    assert!(
        clean >= apparent && apparent >= robust,
        "{clean} {apparent} {robust}"
    );
    assert_ne!(browser.text("verdict").unwrap(), "Not yet known");
    let what = browser.text("judged-what").unwrap();
    assert!(what.contains("8/255"), "{what}");
    visit.photograph("colour");
    visit.expect_no_error();
    visit.expect_clean_record();
}

/// A model for photographs opens though none of its data set's images are there: any picture will do. With
/// the digits' model the digits come back.
#[test]
fn a_photograph_is_attacked_on_a_model_without_its_images() {
    let _alone = alone();
    let visit = Visit::new(Graphics::None, "?device=cpu");
    let browser = &visit.browser;
    let is_disabled = |testid: &str| {
        let disabled = browser.eval(&format!("{}.disabled", element(testid)));
        disabled.unwrap() == true
    };
    visit.wait_for_model("mnist-natural");
    browser.click("models-for-cifar10").unwrap();
    browser.click("open-cifar10-natural").unwrap();
    visit.wait_for_model("cifar10-natural");
    assert_eq!(visit.value("data-set"), "cifar10");
    assert_eq!(visit.value("epsilon"), "8/255");
    visit.wait_for_text("data-needs", "cifar-10-binary");
    visit.wait_for_text("attack-line", "a picture of your own");
    visit.wait_for_text("judge-line", "came with the model");
    for button in ["attack", "judge", "train"] {
        assert!(is_disabled(button), "{button}");
    }
    assert!(browser.text("judged-what").unwrap().contains("8/255"));

    // Blue above, green below, and something white in the middle.
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("picture.jpg");
    let picture = browser
        .eval(
            "(() => { const c = document.createElement('canvas'); c.width = 320; c.height = 240; \
             const d = c.getContext('2d'); d.fillStyle = '#58f'; d.fillRect(0, 0, 320, 140); \
             d.fillStyle = '#383'; d.fillRect(0, 140, 320, 100); \
             d.fillStyle = '#fff'; d.fillRect(110, 110, 100, 40); \
             return c.toDataURL('image/jpeg').split(',')[1]; })()",
        )
        .unwrap();
    let picture = BASE64_STANDARD.decode(picture.as_str().unwrap()).unwrap();
    std::fs::write(&path, picture).unwrap();
    browser.pick_files("own-file", &[path]).unwrap();
    visit.wait_for_text("own-guess", "the model sees:");
    assert!(!is_disabled("own-attack"));
    browser.click("own-attack").unwrap();
    visit.wait_for_status("attacked");
    assert_eq!(visit.number("clean-accuracy"), 100.0);
    assert_eq!(visit.number("robust-accuracy"), 0.0);
    for picture in ["closeup-clean", "closeup-attacked"] {
        let coloured = browser.eval(&is_coloured(&element(picture))).unwrap();
        assert_eq!(coloured, true, "{picture}");
    }
    visit.photograph("photograph");

    browser.click("models-for-mnist").unwrap();
    browser.click("open-mnist-adversarial").unwrap();
    visit.wait_for_model("mnist-adversarial");
    assert_eq!(visit.value("data-set"), "mnist");
    assert_eq!(visit.value("epsilon"), "0.3");
    assert!(!is_disabled("attack"));
    visit.expect_no_error();
    visit.expect_clean_record();
}
