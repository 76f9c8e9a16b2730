//! The command line, end to end, on real MNIST.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use squeeze_engine::config::RunConfig;

/// A folder for one test, removed at its end.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, words: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_squeeze"))
            .args(words)
            .current_dir(self.0.path())
            .output()
            .unwrap()
    }

    fn succeed(&self, words: &[&str]) -> String {
        let output = self.run(words);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn fail(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert!(!output.status.success(), "{words:?} succeeded");
        String::from_utf8(output.stderr).unwrap()
    }
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// A short run that both devices finish in seconds.
const SHORT: [&str; 10] = [
    "--steps",
    "6",
    "--batch-size",
    "16",
    "--eval-every",
    "3",
    "--held-out",
    "50",
    "--seed",
    "7",
];

fn train<'a>(out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    train_on("cpu", out, more)
}

fn train_on<'a>(device: &'a str, out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [
        &["train", "--out", out, "--device", device],
        &SHORT[..],
        more,
    ]
    .concat()
}

/// The main job: a naturally trained model classifies well and falls to PGD.
#[test]
fn a_natural_model_is_right_and_falls_to_pgd() {
    let place = Place::new();
    place.succeed(&[
        "train",
        "--out",
        "run",
        "--device",
        "cpu",
        "--preset",
        "mnist-lite-natural",
        "--steps",
        "300",
        "--eval-every",
        "0",
    ]);
    let summary = json(&place.path("run/summary.json"));
    assert_eq!(summary["finished"], true);
    assert_eq!(summary["evaluation"]["images"], 10_000);
    let accuracy = summary["evaluation"]["accuracy"].as_f64().unwrap();
    assert!(accuracy > 0.95, "{accuracy}");

    let out = place.succeed(&["attack", "run", "--device", "cpu", "--images", "384"]);
    assert!(out.contains("linf 0.3"), "{out}");
    let result = json(
        &place.path("run/attack-pgd-linf-xent-untargeted-step0.01-m0-k40-r1-eps0.3-n384.json"),
    );
    assert_eq!(result["images"], 384);
    assert!(
        result["clean_accuracy"].as_f64().unwrap() > 0.95,
        "{result}"
    );
    assert!(
        result["robust_accuracy"].as_f64().unwrap() < 0.05,
        "{result}"
    );
    let furthest = result["max_perturbation"].as_f64().unwrap();
    assert!((0.29..=0.300_001).contains(&furthest), "{furthest}");
}

/// A run directory, weights and an ONNX file of one natural model, which every attack sees through.
#[test]
fn a_model_is_judged_wherever_it_comes_from() {
    let place = Place::new();
    let known = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models");
    fs::create_dir(place.path("run")).unwrap();
    fs::copy(
        known.join("mnist-natural.toml"),
        place.path("run/config.toml"),
    )
    .unwrap();
    for name in ["run/model.safetensors", "away.safetensors"] {
        fs::copy(known.join("mnist-natural.safetensors"), place.path(name)).unwrap();
    }
    place.succeed(&["export", "run", "--onnx", "away.onnx"]);
    let few = ["--device", "cpu", "--images", "40"];
    let with = |words: &[&'static str]| [words, &few].concat();

    let words = ["evaluate", "run", "--effort", "quick"];
    let out = place.succeed(&with(&words));
    assert!(
        out.contains("Verdict, linf 0.3, 40 images: not robust."),
        "{out}"
    );
    assert!(out.contains("0% to 9% of all images (95% sure)"), "{out}");
    // One for another radius does not take its place.
    place.succeed(&with(&[&words[..], &["--epsilon", "0.2"]].concat()));
    assert_eq!(
        json(&place.path("run/evaluation-linf-0.3.json"))["verdict"],
        "not-robust"
    );
    assert_eq!(
        json(&place.path("run/evaluation.json"))["subject"]["epsilon"],
        0.2
    );
    let report = json(&place.path("run/evaluation.json"));
    assert_eq!(report["verdict"], "not-robust");
    assert_eq!(report["subject"]["training"], "natural training");
    let page = fs::read_to_string(place.path("run/report.html")).unwrap();
    assert!(page.contains("Not robust") && page.contains("data:image/png;base64,"));
    assert!(!page.contains("<script") && !page.contains("NaN"));

    let clean = |path: &str| json(&place.path(path))["clean_accuracy"].as_f64().unwrap();
    let name = "attack-fgsm-linf-xent-untargeted-eps0.3-n40.json";
    let mut seen = Vec::new();
    for (words, folder) in [
        (&["attack", "run"][..], "run"),
        (
            &[
                "attack",
                "--weights",
                "away.safetensors",
                "--network",
                "small-cnn",
            ],
            "away.safetensors-results",
        ),
        (&["attack", "--onnx", "away.onnx"], "away.onnx-results"),
    ] {
        let words = [words, &["--method", "fgsm"]].concat();
        place.succeed(&with(&words));
        let found = json(&place.path(&format!("{folder}/{name}")));
        seen.push((
            clean(&format!("{folder}/{name}")),
            found["robust_accuracy"].clone(),
        ));
    }
    assert!(seen[0].0 > 0.9);
    assert!(seen.iter().all(|found| *found == seen[0]), "{seen:?}");

    // Images that it is wrong about untouched, by their places in the test set.
    let words = ["attack", "run", "--method", "fgsm", "--choose"];
    let out = place.succeed(&with(&[&words[..], &["misclassified"]].concat()));
    assert!(
        out.contains("40 images, 0.00 % right without attack"),
        "{out}"
    );
    let name = "attack-fgsm-linf-xent-untargeted-misclassified-eps0.3-n40.json";
    let found = json(&place.path("run").join(name));
    let places: Vec<u64> = serde_json::from_value(found["places"].clone()).unwrap();
    assert!(places.is_sorted() && places.len() == 40, "{places:?}");

    place.succeed(&with(&["attack", "run", "--suite", "standard"]));
    let suite = json(&place.path("run/autoattack-standard-linf-eps0.3-n40.json"));
    assert_eq!(suite["robust_accuracy"], 0.0);
    assert_eq!(suite["rungs"][0]["name"], "APGD-CE");

    // Images made on either form of it fool both; those made on another network fool it less.
    let other = known.join("mnist-adversarial.safetensors");
    let other = format!("small-cnn={}", other.display());
    let words = ["transfer", "run", "away.onnx", &other];
    place.succeed(&[&words[..], &few].concat());
    let matrix = json(&place.path("transfer.json"));
    let at = |row: usize, column: usize| matrix["rows"][row][column].as_f64().unwrap();
    assert_eq!(matrix["clean"][0], matrix["clean"][1]);
    for (row, column) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        assert!(at(row, column) < 0.05, "{matrix}");
    }
    assert!(at(2, 0) > 0.3 && at(2, 2) > 0.5, "{matrix}");
}

/// The poster's columns for runs on a made-up CIFAR-10 of the published size.
#[test]
fn the_tables_of_the_poster_are_measured_again() {
    let place = Place::new();
    let folder = place.path("cifar");
    fs::create_dir(&folder).unwrap();
    let names = (1..=5).map(|number| format!("data_batch_{number}.bin"));
    for name in names.chain(["test_batch.bin".to_owned()]) {
        let mut bytes = vec![0; 10_000 * 3073];
        for (image, bytes) in bytes.chunks_exact_mut(3073).enumerate() {
            bytes[0] = (image % 10) as u8;
            bytes[1..].fill((image * 31 % 251) as u8);
        }
        fs::write(folder.join(name), bytes).unwrap();
    }
    let data = folder.to_str().unwrap();
    let none = place.fail(&["evaluate", "--table", "cifar10"]);
    assert!(
        none.contains("no finished run on CIFAR-10 in runs"),
        "{none}"
    );
    let at = ["--data", data, "--device", "cpu"];
    let short = ["--steps", "2", "--batch-size", "8", "--held-out", "4"];
    for (preset, out) in [
        ("cifar10-lite-ls-0.9", "runs/ls"),
        ("cifar10-lite-natural", "runs/no"),
    ] {
        let train = ["train", "--preset", preset, "--out", out];
        place.succeed(&[&train[..], &at, &short].concat());
    }
    let table = ["evaluate", "--table", "cifar10"];
    let columns = ["--columns", "test,20-xent,l2", "--images", "8"];
    let out = place.succeed(&[&table[..], &at, &columns].concat());
    let line = |begins: &str| {
        let found = out.lines().position(|line| line.starts_with(begins));
        found.unwrap_or_else(|| panic!("{begins} is not in {out}"))
    };
    let smoothing = line("smoothing, lambda 0.9 ");
    let figures = out.lines().nth(smoothing).unwrap().split_whitespace();
    assert_eq!(figures.skip(3).collect::<Vec<_>>(), ["92.60", "43.30", "–"]);
    assert_eq!(line("  ours: runs/ls"), smoothing + 1);
    let natural = line("natural training (not on the poster)");
    assert_eq!(line("  ours: runs/no"), natural + 1);
    let written = json(&place.path("runs/table-cifar10.json"));
    assert_eq!(written[0]["row"], "smoothing, lambda 0.9");
    assert_eq!(written[0]["accuracy"][0][0], "test");
    assert!(written[0]["accuracy"][2][1].as_f64().unwrap() <= 1.0);
    assert_eq!(written[1]["row"], Value::Null);
    let wrong = place.fail(&[&table[..], &["--columns", "20-foo"]].concat());
    assert!(
        wrong.contains("20-foo") && wrong.contains("200-cw"),
        "{wrong}"
    );
}

#[test]
fn the_same_seed_writes_the_same_metrics_and_model() {
    for device in ["cpu", "gpu"] {
        let place = Place::new();
        for out in ["a", "b"] {
            place.succeed(&train_on(device, out, &[]));
        }
        for file in ["metrics.jsonl", "model.safetensors", "config.toml"] {
            let bytes = |run| fs::read(place.path(run).join(file)).unwrap();
            assert_eq!(bytes("a"), bytes("b"), "{device}: {file}");
        }
        let metrics = fs::read_to_string(place.path("a/metrics.jsonl")).unwrap();
        let lines: Vec<Value> = metrics
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let of = |kind: &str| lines.iter().filter(|line| line["type"] == kind).count();
        assert_eq!((of("step"), of("evaluation")), (6, 3), "{metrics}");
    }
}

#[test]
fn flags_go_over_the_file_and_the_file_over_the_defaults() {
    let place = Place::new();
    fs::write(
        place.path("mine.toml"),
        "seed = 3\n[objective]\nbeta = 2.5\n[training]\nsteps = 2\nbatch_size = 8\n",
    )
    .unwrap();
    place.succeed(&[
        "train",
        "--config",
        "mine.toml",
        "--device",
        "cpu",
        "--out",
        "run",
        "--seed",
        "4",
        "--eval-every",
        "0",
    ]);
    let written = fs::read_to_string(place.path("run/config.toml")).unwrap();
    for line in [
        "seed = 4",
        "beta = 2.5",
        "steps = 2",
        "noise_sigma = 0.5",
        "network = \"small-cnn\"",
    ] {
        assert!(written.contains(line), "{line} is missing:\n{written}");
    }
    // The written config is a config.
    place.succeed(&[
        "train",
        "--config",
        "run/config.toml",
        "--device",
        "cpu",
        "--out",
        "again",
    ]);
    let again = fs::read_to_string(place.path("again/config.toml")).unwrap();
    assert_eq!(written, again);
    // A link of the page says the same.
    let link = RunConfig::from_toml(&written).unwrap().to_link().unwrap();
    let link = format!("https://host/page/?device=cpu&run={link}#train");
    place.succeed(&[
        "train", "--link", &link, "--device", "cpu", "--out", "linked",
    ]);
    let linked = fs::read_to_string(place.path("linked/config.toml")).unwrap();
    assert_eq!(written, linked);
    for (link, says) in [
        ("https://host/?run=1,seed:many,check:0", "`seed` is `many`"),
        ("https://host/", "holds no settings"),
    ] {
        let said = place.fail(&["train", "--link", link]);
        assert!(said.contains("--link") && said.contains(says), "{said}");
    }
}

#[test]
fn json_is_one_event_a_line() {
    let place = Place::new();
    let out = place.succeed(&train("run", &["--json"]));
    let kinds: Vec<String> = out
        .lines()
        .map(|line| {
            let event: Value = serde_json::from_str(line).unwrap();
            event["type"].as_str().unwrap().to_owned()
        })
        .collect();
    for kind in [
        "device",
        "data",
        "training_started",
        "steps",
        "evaluation",
        "saved",
        "training_finished",
    ] {
        assert!(kinds.iter().any(|k| k == kind), "{kind}: {kinds:?}");
    }
}

#[test]
fn mistakes_are_named_and_nothing_is_lost() {
    let place = Place::new();
    place.succeed(&train("run", &[]));
    let model = fs::read(place.path("run/model.safetensors")).unwrap();

    let says = |words: &[&str], parts: &[&str]| {
        let text = place.fail(words);
        for part in parts {
            assert!(text.contains(part), "{words:?}: `{part}` is not in: {text}");
        }
    };
    says(&train("run", &[]), &["run", "not empty", "--out"]);
    assert_eq!(
        fs::read(place.path("run/model.safetensors")).unwrap(),
        model
    );
    says(
        &train("new", &["--beta", "-1"]),
        &["objective.beta", "at least 0"],
    );
    says(&train("new", &["--network", "vgg"]), &["vgg", "small-cnn"]);
    says(&["train", "--device", "tpu"], &["tpu", "cpu"]);
    says(&train("new", &["--config", "none.toml"]), &["none.toml"]);
    fs::write(place.path("bad.toml"), "[training]\nstep = 4\n").unwrap();
    says(
        &train("new", &["--config", "bad.toml"]),
        &["bad.toml", "step"],
    );
    says(&train("new", &["--data", "nowhere"]), &["nowhere"]);
    says(
        &train("new", &["--preset", "mnist-lsq-batch-12"]),
        &["mnist-lsq-batch-12", "squeeze presets"],
    );
    says(
        &train("new", &["-o", "optimizer.clip=1"]),
        &["--option optimizer.clip=1", "unknown field `clip`"],
    );
    says(
        &train("new", &["-o", "training.held_out=60000"]),
        &["training.held_out", "60000"],
    );
    says(
        &["train", "--resume", "nowhere"],
        &["nowhere", "squeeze train"],
    );
    says(&["train", "--resume", "run"], &["run", "finished"]);
    says(
        &["train", "--resume", "run", "--beta", "3"],
        &["--resume", "--beta"],
    );
    says(&["attack", "nowhere"], &["nowhere", "squeeze train"]);
    says(&["evaluate"], &["RUN_DIR"]);
    says(
        &["attack", "run", "--method", "square", "--momentum", "0.5"],
        &["--momentum", "Square"],
    );
    says(
        &["attack", "run", "--suite", "plus", "--loss", "dlr"],
        &["--suite", "--loss"],
    );
    says(
        &["attack", "run", "--choose", "hardest"],
        &["hardest", "smallest-margin", "class-N"],
    );
    says(
        &["attack", "run", "--suite", "plus", "--choose", "random"],
        &["--suite", "--choose"],
    );
    says(&["attack", "--weights", "x.safetensors"], &["--network"]);
    for command in ["attack", "evaluate"] {
        says(
            &[command, "run", "--norm", "l2"],
            &["--norm l2", "0.3 is one in linf", "--epsilon"],
        );
    }
    // A verdict that could not be written is not begun.
    let in_the_way = place.path("run/evaluation.tried.part");
    fs::create_dir(&in_the_way).unwrap();
    let words = ["evaluate", "run", "--effort", "quick", "--device", "cpu"];
    let refused = place.fail(&words);
    assert!(
        refused.contains("evaluation.tried") && !refused.contains("FGSM"),
        "{refused}"
    );
    fs::remove_dir(&in_the_way).unwrap();
    says(
        &["evaluate", "--onnx", "nothing.onnx", "--device", "cpu"],
        &["nothing.onnx", "cannot be read"],
    );
    says(
        &["attack", "run", "--epsilon", "8"],
        &["attack.epsilon", "0 to 1"],
    );
    assert!(
        !place.path("new").exists(),
        "a refused run leaves no directory"
    );

    // A folder of data with one truncated file.
    fs::create_dir(place.path("data")).unwrap();
    for file in squeeze_engine::data::mnist::FILES {
        let from = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../data/mnist")
            .join(file);
        fs::copy(from, place.path("data").join(file)).unwrap();
    }
    place.succeed(&train("whole", &["--data", "data"]));
    let file = place.path("data/t10k-images-idx3-ubyte.gz");
    let bytes = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    says(
        &train("new", &["--data", "data"]),
        &["t10k-images-idx3-ubyte.gz", "fetch the file again"],
    );

    place.succeed(&["export", "run", "--onnx", "model.onnx"]);
    let onnx = fs::read(place.path("model.onnx")).unwrap();
    assert!(onnx.len() > model.len() / 2, "{}", onnx.len());

    fs::write(place.path("run/model.safetensors"), &model[..1000]).unwrap();
    says(
        &["attack", "run", "--device", "cpu"],
        &["model.safetensors", "safetensors file"],
    );
}

#[test]
fn every_preset_is_listed_and_can_be_taken() {
    let place = Place::new();
    let out = place.succeed(&["presets"]);
    for name in [
        "mnist-natural",
        "cifar10-lsq-batch-11",
        "cifar100-lite-adv-2",
    ] {
        assert!(out.contains(name), "{name}: {out}");
    }
    let preset = ["--preset", "mnist-lite-logit-similarity-11"];
    let shown = place.run(&train("run", &preset));
    let shown = String::from_utf8(shown.stderr).unwrap();
    assert!(
        shown.contains("beta 11") && shown.contains("beta_c"),
        "{shown}"
    );
    let written = fs::read_to_string(place.path("run/config.toml")).unwrap();
    for line in ["gamma = 1.0", "beta = 11.0", "steps = 6"] {
        assert!(written.contains(line), "{line} is missing:\n{written}");
    }
}

#[test]
fn a_run_is_estimated_without_its_data() {
    let place = Place::new();
    let words = [
        "estimate",
        "--preset",
        "cifar10-lite-adv-7",
        "--device",
        "cpu",
        "--batch-size",
        "16",
        "--measure",
        "2",
        "--hourly-price",
        "2",
    ];
    let told = place.succeed(&[&words[..], &["--json"]].concat());
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["network"], "resnet-8");
    assert_eq!(told["parameters"], 75_290);
    assert_eq!(told["steps"], 800);
    let number = |field: &str| told[field].as_f64().unwrap_or_else(|| panic!("{told}"));
    let hours = 800.0 / number("steps_per_sec") / 3600.0;
    assert!((number("hours") - hours).abs() < 1e-9 * hours, "{told}");
    assert!(
        (number("cost") - 2.0 * hours).abs() < 1e-9 * hours,
        "{told}"
    );
    if cfg!(target_os = "linux") {
        // The images of the whole data set are in it.
        assert!(number("memory_mib") > 180.0, "{told}");
    }
    let text = place.succeed(&words);
    assert!(text.contains("800 steps take"), "{text}");
    assert!(text.contains("by the hourly price"), "{text}");
    assert_eq!(fs::read_dir(place.0.path()).unwrap().count(), 0);
    let folder = place.fail(&["estimate", "--dataset", "folder", "--device", "cpu"]);
    assert!(folder.contains("data.set"), "{folder}");
}

#[test]
fn devices_are_listed() {
    let out = Place::new().succeed(&["devices"]);
    assert!(out.contains("gpu") && out.contains("cpu"), "{out}");
}

/// Two devices write what one writes that takes the batch in two parts.
#[test]
fn devices_share_a_run() {
    let place = Place::new();
    let shared = [
        &["train", "--out", "two", "--devices", "cpu,cpu"],
        &SHORT[..],
    ]
    .concat();
    place.succeed(&shared);
    place.succeed(&train("one", &["-o", "training.micro_batch=8"]));
    for file in ["metrics.jsonl", "model.safetensors"] {
        let [two, one] = ["two", "one"].map(|run| fs::read(place.path(run).join(file)).unwrap());
        assert!(two == one, "{file}");
    }
    let summary = json(&place.path("two").join("summary.json"));
    let device = summary["device"]["name"].as_str().unwrap();
    assert!(device.starts_with("2 x CPU"), "{device}");

    let out = place.succeed(&[
        "estimate",
        "--devices",
        "cpu,cpu",
        "--measure",
        "1",
        "--batch-size",
        "16",
    ]);
    assert!(out.contains("batches of 16, 8 at once"), "{out}");

    for (words, part) in [
        (&["train", "--devices", "gpu:99"][..], "gpu:99"),
        (&["train", "--devices", "tpu"], "gpu:0"),
        (
            &["train", "--device", "cpu", "--devices", "cpu"],
            "--device",
        ),
        (
            &["train", "--devices", "cpu,cpu", "--batch-size", "1"],
            "training.batch_size",
        ),
    ] {
        let said = place.fail(&[words, &["--out", "none"]].concat());
        assert!(said.contains(part), "{words:?}: {said}");
        assert!(!place.path("none").exists(), "{words:?}");
    }
}
