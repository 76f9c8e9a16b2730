//! Images of an attack that come from the GPU's memory, and never through the CPU's.

use serde_json::Value;
use squeeze_tests::browser::{Graphics, element};

use super::{PATIENCE, Visit, alone};

/// Counts what is drawn from bitmaps, and what from bytes.
const COUNT: &str = "(() => { \
    const canvas = CanvasRenderingContext2D.prototype; \
    const { drawImage, putImageData } = canvas; \
    window.drawn = { sheets: 0, bytes: 0 }; \
    canvas.drawImage = function (image, ...rest) { \
        if (image instanceof ImageBitmap) window.drawn.sheets += 1; \
        return drawImage.call(this, image, ...rest); \
    }; \
    canvas.putImageData = function (...rest) { \
        window.drawn.bytes += 1; \
        return putImageData.call(this, ...rest); \
    }; })()";

/// The red of every pixel of a canvas.
fn pixels(visit: &Visit, testid: &str) -> Vec<f32> {
    let read = format!(
        "(c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].filter((_, at) => at % 4 === 0))({})",
        element(testid)
    );
    let read = visit.browser.eval(&read).unwrap();
    let read = read.as_array().unwrap().iter();
    read.map(|level| level.as_f64().unwrap() as f32).collect()
}

#[test]
fn images_are_drawn_from_the_memory_of_the_gpu() {
    let _alone = alone();
    let visit = Visit::new(Graphics::WebGpuCanvas, "?device=webgpu&draw=canvas");
    let browser = &visit.browser;
    visit.wait_for_model("mnist-natural");
    browser.eval(COUNT).unwrap();
    for (field, value) in [("iterations", "8"), ("attack-images", "24")] {
        browser.set(field, value).unwrap();
    }
    browser.click("attack").unwrap();
    visit.wait_for_status("attacking");
    visit.wait_for_status("attacked");
    browser.click("closer-2").unwrap();
    visit.wait_for_text("closeup", "Image 3");
    let drawn = browser.eval("window.drawn").unwrap();
    println!("drawn: {drawn}");
    let count = |of: &str| drawn[of].as_u64().unwrap();
    // Clean images come as bytes, once each.
    assert!(
        count("sheets") > 20 && count("sheets") > count("bytes"),
        "{drawn}"
    );

    // What is shown is what was found: the clean image and the change that is saved with it, to a level.
    browser.click("save-npy").unwrap();
    browser
        .wait_for("the array", PATIENCE, "window.downloads.length === 1")
        .unwrap_or_else(|error| panic!("{error}"));
    let array = visit.download(0);
    let changes = array[128..].chunks_exact(4);
    let changes: Vec<f32> = changes
        .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()))
        .collect();
    let (clean, attacked, shown) = (
        pixels(&visit, "closeup-clean"),
        pixels(&visit, "closeup-attacked"),
        pixels(&visit, "closeup-change"),
    );
    assert_eq!((clean.len(), changes.len()), (784, 784));
    let mut most = 0.0_f32;
    for place in 0..784 {
        let change = changes[place];
        let level = clean[place] + 255.0 * change;
        assert!((attacked[place] - level).abs() <= 1.0, "{place}: {level}");
        let level = 128.0 + 127.0 * change / 0.3;
        assert!((shown[place] - level).abs() <= 1.0, "{place}: {level}");
        most = most.max(change.abs());
    }
    assert!(most > 0.2, "{most}");

    // An earlier iteration is another picture, and each of them goes into the movie.
    browser.set("scrub", "0").unwrap();
    visit.wait_for_text("scrub-at", "start");
    assert_ne!(pixels(&visit, "closeup-attacked"), attacked);
    browser.click("save-gif").unwrap();
    browser
        .wait_for("the movie", PATIENCE, "window.downloads.length === 2")
        .unwrap_or_else(|error| panic!("{error}"));
    let movie = "createImageBitmap(window.downloads[1]).then(still => [still.width, still.height])";
    assert_eq!(
        browser.eval(movie).unwrap(),
        Value::from(vec![57 * 8, 28 * 8])
    );
    visit.photograph("drawn-on-the-gpu");

    // A second attack shows its own images.
    browser.set("attack-choose", "random").unwrap();
    browser.click("attack").unwrap();
    visit.wait_for_status("attacking");
    visit.wait_for_status("attacked");
    assert_ne!(pixels(&visit, "closeup-attacked"), attacked);
    visit.expect_clean_record();
}
