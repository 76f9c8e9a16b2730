//! Squeeze and PyTorch: the golden files fit the networks, ONNX files compute PyTorch's logits.
//!
//! What needs Python runs where `SQUEEZE_PYTHON` names an interpreter that has torch, safetensors,
//! onnx and onnxruntime, or, without it, `python3` has them. Else those tests say on standard error
//! that they were NOT RUN, and pass.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};
use std::process::Command;

use squeeze_engine::config::NetworkKind;
use squeeze_engine::onnx;

#[path = "golden/files.rs"]
#[allow(dead_code)]
mod files;
#[path = "golden/python.rs"]
mod python;
#[path = "golden/weights.rs"]
#[allow(dead_code)]
mod weights;

use python::{python, succeed};

/// Weights of the golden networks, made here, are those that the files were made with.
#[test]
fn golden_weights_are_made_alike_here_and_in_python() {
    for name in files::NETWORKS {
        let golden: files::Network = files::read(name);
        assert_eq!(golden.network, name);
        let kind: NetworkKind = name.parse().unwrap();
        let tensors = onnx::tensors(kind, golden.image_shape, golden.classes).unwrap();
        let trained: usize = tensors
            .iter()
            .filter(|(name, _)| !name.contains(".running_"))
            .map(|(_, shape)| shape.iter().product::<usize>())
            .sum();
        assert_eq!(trained, golden.parameters, "{name}");
        let parameters = weights::golden_parameters(tensors);
        assert_eq!(parameters.len(), golden.tensors.len());
        for (parameter, expected) in parameters.iter().zip(&golden.tensors) {
            assert_eq!(parameter.name, expected.name);
            assert_eq!(parameter.shape, expected.shape, "{}", expected.name);
            let first = parameter.values[0];
            assert!(
                (first - expected.first).abs() < 1e-7,
                "{name} {}: {first} instead of {}",
                expected.name,
                expected.first
            );
        }
    }
}

/// The files of objectives and optimisers are what their readers expect.
#[test]
fn golden_files_read() {
    let objectives: files::Objectives = files::read("objectives");
    for case in &objectives.cases {
        let logits = &objectives.inputs[case.input].logits;
        assert_eq!(case.gradient.len(), logits.len());
        let sum = case.cross_entropy + case.penalty;
        assert!((sum - case.loss).abs() <= 1e-9 * case.loss.abs());
    }
    assert!(objectives.trades.iter().all(|trades| trades.loss >= -1e-12));
    let optimizers: files::Optimizers = files::read("optimizers");
    assert_eq!(optimizers.shapes.weight, [4, 3]);
    for run in &optimizers.runs {
        assert_eq!(run.steps.len(), optimizers.gradients.len());
    }
    assert!(optimizers.schedules.iter().all(|s| s.rates.len() == 100));
}

#[test]
fn onnx_files_compute_the_logits_of_pytorch() {
    let Some(python) = python("onnx_files_compute_the_logits_of_pytorch") else {
        return;
    };
    let folder = out_folder("onnx");
    let mut files = Vec::new();
    // The golden networks, and others that meet odd sizes, other channels and narrow stages.
    let cifar = [3, 32, 32];
    for (name, shape, classes) in [
        ("small-cnn", [1, 28, 28], 10),
        ("small-cnn", [3, 30, 33], 5),
        ("mnist-cnn", [1, 28, 28], 10),
        ("resnet-8", cifar, 10),
        ("resnet-8", [1, 29, 31], 7),
        ("resnet-20", cifar, 10),
        ("wrn-10-1", cifar, 10),
        ("wrn-10-2", [2, 30, 27], 7),
        ("wrn-16-4", cifar, 10),
        ("wrn-8-1", cifar, 100),
        ("wrn-8-2", [1, 28, 28], 10),
        ("wrn-14-3", cifar, 10),
        ("wrn-32-10", cifar, 10),
    ] {
        let bytes = golden_onnx(name, shape, classes);
        let file = folder.join(format!("{name}-{}x{}.onnx", shape[1], shape[2]));
        std::fs::write(&file, bytes).unwrap();
        files.push(file);
    }
    let mut command = Command::new(python);
    command.arg(scripts().join("check_onnx.py")).args(&files);
    succeed(command);
    // Hundreds of megabytes.
    std::fs::remove_dir_all(folder).unwrap();
}

/// A checkpoint becomes a run directory, which loads again and fits the ONNX file of its weights.
#[test]
fn models_go_to_pytorch_and_back() {
    let Some(python) = python("models_go_to_pytorch_and_back") else {
        return;
    };
    let folder = out_folder("models");
    for (name, set, shape) in [
        ("small-cnn", "mnist", [1, 28, 28]),
        ("resnet-8", "mnist", [1, 28, 28]),
    ] {
        let [checkpoint, onnx] = ["pt", "onnx"].map(|end| folder.join(format!("{name}.{end}")));
        std::fs::write(&onnx, golden_onnx(name, shape, 10)).unwrap();
        let mut command = Command::new(&python);
        command.current_dir(scripts()).args(["-c", MAKE_CHECKPOINT]);
        command.args([name, set]).arg(&checkpoint);
        command.arg(files::folder());
        succeed(command);
        let run = folder.join(name);
        let mut command = Command::new(&python);
        command.arg(scripts().join("save_model.py")).arg(name);
        command.arg(&checkpoint).arg(&run).args(["--set", set]);
        succeed(command);
        let mut command = Command::new(&python);
        command.arg(scripts().join("load_model.py")).arg(&run);
        command.args(["--images", "500", "--onnx"]).arg(&onnx);
        succeed(command);
    }
}

/// Writes a `state_dict` with the golden weights; run in the folder of the scripts.
const MAKE_CHECKPOINT: &str = "
import sys
name, data_set, checkpoint, golden = sys.argv[1:]
sys.path[:0] = ['.', golden]
import torch, data, networks, philox
model = networks.build(name, data.SHAPES[data_set], 10)
shapes = {key: tuple(value.shape) for key, value in networks.weights(model).items()}
weights = philox.golden_weights(shapes)
networks.load(model, {key: torch.from_numpy(value) for key, value in weights.items()})
torch.save(model.state_dict(), checkpoint)
";

#[test]
fn golden_files_are_what_pytorch_computes() {
    let Some(python) = python("golden_files_are_what_pytorch_computes") else {
        return;
    };
    let mut command = Command::new(python);
    command.arg(files::folder().join("make_golden.py"));
    command.arg("--check");
    // Without the largest, for time.
    command.args(files::NETWORKS.iter().filter(|name| **name != "wrn-32-10"));
    command.args(["objectives", "optimizers"]);
    succeed(command);
}

/// An ONNX file of the network with the golden weights.
fn golden_onnx(name: &str, shape: [usize; 3], classes: usize) -> Vec<u8> {
    let kind: NetworkKind = name.parse().unwrap();
    let tensors = onnx::tensors(kind, shape, classes).unwrap();
    onnx::export(kind, shape, classes, &weights::golden_parameters(tensors)).unwrap()
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/pytorch")
}

/// An empty folder for files of one test.
fn out_folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
