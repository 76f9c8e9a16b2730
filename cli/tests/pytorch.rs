//! Models go from the command line to PyTorch and onnxruntime, and back. Needs a Python with torch, as
//! the engine's test `interop`; says on standard error where that is NOT RUN.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};
use std::process::Command;

#[path = "../../engine/tests/golden/python.rs"]
mod python;

use python::{python, succeed};

const IMAGES: usize = 500;

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/pytorch")
}

fn squeeze(place: &Path, words: &[&str]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_squeeze"));
    command.args(words).current_dir(place);
    succeed(command);
}

/// Images that the model of `run` gets right, by Squeeze.
fn right_here(place: &Path, run: &str) -> usize {
    let images = IMAGES.to_string();
    let words = ["--epsilon", "0", "--iterations", "1", "--images", &images];
    squeeze(
        place,
        &[&["attack", run, "--device", "cpu"], &words[..]].concat(),
    );
    let name = format!("attack-pgd-linf-xent-untargeted-step0.01-m0-k1-r1-eps0-n{IMAGES}.json");
    let text = std::fs::read_to_string(place.join(run).join(name)).unwrap();
    let result: serde_json::Value = serde_json::from_str(&text).unwrap();
    (result["clean_accuracy"].as_f64().unwrap() * IMAGES as f64).round() as usize
}

#[test]
fn trained_models_are_right_as_often_in_pytorch_and_onnxruntime() {
    let Some(python) = python("trained_models_are_right_as_often_in_pytorch_and_onnxruntime")
    else {
        return;
    };
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    for network in ["small-cnn", "resnet-8"] {
        let train = ["train", "--device", "cpu", "--out", network, "--network"];
        let short = [
            "--preset",
            "mnist-lite-natural",
            "--batch-size",
            "32",
            "--schedule",
            "constant",
            "--steps",
            "40",
        ];
        squeeze(place, &[&train[..], &[network], &short].concat());
        let onnx = format!("{network}.onnx");
        squeeze(place, &["export", network, "--onnx", &onnx]);

        let load = |run: &str| {
            let mut command = Command::new(&python);
            command.arg(scripts().join("load_model.py"));
            command
                .arg(place.join(run))
                .arg("--onnx")
                .arg(place.join(&onnx));
            command.args(["--images", &IMAGES.to_string()]);
            succeed(command)
        };
        let right = right_here(place, network);
        assert!((100..IMAGES).contains(&right), "{right}");
        let there = load(network);
        let wanted = format!("({right} of {IMAGES})");
        assert!(
            there.contains(&wanted) && there.contains("ok"),
            "{wanted}: {there}"
        );

        // Through a state_dict of PyTorch, and back.
        let mut command = Command::new(&python);
        command.current_dir(scripts()).args(["-c", MAKE_CHECKPOINT]);
        command.arg(place.join(network)).arg(place.join("model.pt"));
        succeed(command);
        let back = format!("{network}-back");
        let mut command = Command::new(&python);
        command.arg(scripts().join("save_model.py")).arg(network);
        command.arg(place.join("model.pt")).arg(place.join(&back));
        succeed(command);
        assert_eq!(right_here(place, &back), right);
    }
}

/// Writes the `state_dict` of a run's model; run in the folder of the scripts.
const MAKE_CHECKPOINT: &str = "
import pathlib, sys
sys.path.insert(0, '.')
import load_model, torch
model, *_ = load_model.load(pathlib.Path(sys.argv[1]))
torch.save(model.state_dict(), sys.argv[2])
";
