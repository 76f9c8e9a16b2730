//! What fuzzing found worth keeping goes through its target again, and so do the seeds; each must come
//! back.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::Read;
use std::path::Path;

use squeeze_fuzz::{TARGETS, seeds};

#[test]
fn every_input_that_was_ever_kept_comes_back() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for target in TARGETS {
        let mut inputs = seeds(target.name).unwrap();
        assert!(!inputs.is_empty(), "{} has no seeds", target.name);
        // Findings, by their names, and what reaches most.
        let found = fs::read_dir(corpus.join(target.name)).unwrap();
        for entry in found {
            inputs.push(fs::read(entry.unwrap().path()).unwrap());
        }
        let zip = corpus.join(format!("{}.zip", target.name));
        let zip = fs::File::open(&zip).unwrap_or_else(|error| panic!("{}: {error}", zip.display()));
        let mut zip = zip::ZipArchive::new(zip).unwrap();
        assert!(zip.len() > 10, "{}: {}", target.name, zip.len());
        for place in 0..zip.len() {
            let mut input = Vec::new();
            zip.by_index(place)
                .unwrap()
                .read_to_end(&mut input)
                .unwrap();
            inputs.push(input);
        }
        println!("{}: {} inputs", target.name, inputs.len());
        for input in &inputs {
            (target.run)(input);
        }
    }
}
