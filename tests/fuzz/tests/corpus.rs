//! What fuzzing found worth keeping goes through its target again, and so do the seeds; each must come
//! back.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use squeeze_fuzz::{TARGETS, seeds};

#[test]
fn every_input_that_was_ever_kept_comes_back() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for target in TARGETS {
        let mut inputs = seeds(target.name).unwrap();
        assert!(!inputs.is_empty(), "{} has no seeds", target.name);
        let folder = corpus.join(target.name);
        let kept =
            fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut kept: Vec<_> = kept.map(|entry| entry.unwrap().path()).collect();
        kept.sort();
        assert!(
            kept.len() > 10,
            "{} inputs in {}",
            kept.len(),
            folder.display()
        );
        for path in &kept {
            println!("{}", path.display());
            inputs.push(fs::read(path).unwrap());
        }
        for input in &inputs {
            (target.run)(input);
        }
    }
}
