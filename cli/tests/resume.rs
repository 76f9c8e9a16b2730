//! Runs that are killed: `squeeze train --resume` ends with what an undisturbed run ends with.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use squeeze_engine::checkpoint::Checkpoint;
use squeeze_engine::random::{Purpose, Stream};
use tempfile::TempDir;

/// How often the run is killed: `SQUEEZE_KILLS`, or twenty times.
fn kills() -> u32 {
    let wish = std::env::var("SQUEEZE_KILLS").ok();
    wish.and_then(|kills| kills.parse().ok()).unwrap_or(20)
}

/// A small data set in CIFAR-10's binary form: pictures that are bright in one of ten rows of pixels.
fn photographs(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let mut stream = Stream::new(1, Purpose::Noise, 0);
    let mut write = |name: &str, records: usize| {
        let mut bytes = Vec::with_capacity(records * 3073);
        for record in 0..records {
            let label = (record % 10) as u8;
            bytes.push(label);
            bytes.extend((0..3072).map(|at| {
                let bright = at % 1024 / 32 / 3 == usize::from(label);
                (stream.below(128) + if bright { 127 } else { 0 }) as u8
            }));
        }
        fs::write(folder.join(name), bytes).unwrap();
    };
    for batch in 1..=5 {
        write(&format!("data_batch_{batch}.bin"), 40);
    }
    write("test_batch.bin", 40);
}

fn start(place: &Path, words: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_squeeze"))
        .args(["train", "--device", "cpu", "--save-every", "0.001"])
        .args(words)
        .current_dir(place)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn finish(child: Child) {
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
}

/// All that a run can carry: momentum, average, best model, augmentation, noise, running statistics.
const CONFIG: &str = r#"
network = "resnet-8"
[data]
set = "cifar10"
path = "photographs"
[objective]
noise_sigma = 0.05
[optimizer]
kind = "nesterov"
learning_rate = 0.05
ema_decay = 0.9
clip_norm = 5.0
[optimizer.schedule]
kind = "one-cycle"
warmup = 0.3
[training]
steps = 2400
batch_size = 4
crop_padding = 2
flip = true
held_out = 20
eval_every = 10
robust_images = 4
robust_iterations = 2
keep_best = true
"#;

#[test]
fn kills_change_nothing() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    photographs(&place.join("photographs"));
    fs::write(place.join("run.toml"), CONFIG).unwrap();
    let kills = kills();
    let steps = (120 * kills).to_string();
    let begin = |out| ["--config", "run.toml", "--steps", &steps, "--out", out];
    let began = Instant::now();
    finish(start(place, &begin("whole")));
    // On the average the last kill comes when a quarter of the run is done: other tests may have slowed
    // the first one, so the killed one may be several times as fast.
    let longest = began.elapsed().as_millis() as u32 / 2 / kills;

    let mut moments = Stream::new(2, Purpose::Noise, 0);
    let mut child = start(place, &begin("killed"));
    for kill in 0..kills {
        // Now and then too short for a first saving.
        sleep(Duration::from_millis(u64::from(moments.below(longest))));
        assert_eq!(
            child.try_wait().unwrap(),
            None,
            "the run ended before kill {kill}"
        );
        // SIGKILL, on Unix.
        child.kill().unwrap();
        child.wait().unwrap();
        child = if place.join("killed/config.toml").exists() {
            start(place, &["--resume", "killed"])
        } else {
            start(place, &begin("killed"))
        };
    }
    finish(child);

    for file in ["metrics.jsonl", "model.safetensors", "config.toml"] {
        let bytes = |run: &str| fs::read(place.join(run).join(file)).unwrap();
        assert!(bytes("whole") == bytes("killed"), "{file} differs");
    }
    let state = |run: &str| {
        let bytes = fs::read(place.join(run).join("checkpoint.safetensors")).unwrap();
        let mut state = Checkpoint::from_bytes(&bytes).unwrap();
        assert!(state.progress.finished);
        // The clock alone may differ.
        state.progress.seconds = 0.0;
        state
    };
    assert!(state("whole") == state("killed"));
    let parts: Vec<String> = fs::read_dir(place.join("killed"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".part"))
        .collect();
    assert!(parts.is_empty(), "{parts:?} were left over");
}

/// A short run in `place`, and what `--resume` says of it after `damage`.
fn resumed_after(words: &[&str], damage: impl FnOnce(&Path)) -> (TempDir, Output) {
    let place = tempfile::tempdir().unwrap();
    photographs(&place.path().join("photographs"));
    fs::write(place.path().join("run.toml"), CONFIG).unwrap();
    let begin = ["--config", "run.toml", "--out", "run", "--steps", "20"];
    let first = start(place.path(), &[&begin[..], words].concat());
    first.wait_with_output().unwrap();
    damage(&place.path().join("run"));
    let again = start(place.path(), &["--resume", "run"]);
    (place, again.wait_with_output().unwrap())
}

#[test]
fn a_kill_in_the_last_saving_is_mended() {
    let mut before = Vec::new();
    let files = ["metrics.jsonl", "model.safetensors"];
    let (place, again) = resumed_after(&[], |run| {
        before = files.map(|file| fs::read(run.join(file)).unwrap()).into();
        fs::remove_file(run.join("model.safetensors")).unwrap();
        fs::remove_file(run.join("summary.json")).unwrap();
    });
    let errors = String::from_utf8_lossy(&again.stderr);
    assert!(again.status.success(), "{errors}");
    let run = place.path().join("run");
    let after = files.map(|file| fs::read(run.join(file)).unwrap());
    assert!(before == after);
    assert!(run.join("summary.json").exists());
}

#[test]
fn what_a_run_lacks_is_named_and_nothing_is_begun_anew() {
    let mut metrics = Vec::new();
    let (place, again) = resumed_after(&["-o", "training.patience=1"], |run| {
        metrics = fs::read(run.join("metrics.jsonl")).unwrap();
        fs::remove_file(run.join("checkpoint.safetensors")).unwrap();
        let summary = fs::read_to_string(run.join("summary.json")).unwrap();
        let open = summary.replace("\"finished\": true", "\"finished\": false");
        fs::write(run.join("summary.json"), open).unwrap();
    });
    let errors = String::from_utf8_lossy(&again.stderr);
    assert!(!again.status.success());
    assert!(
        errors.contains("checkpoint.safetensors") && errors.contains("put"),
        "{errors}"
    );
    let run = place.path().join("run");
    assert!(fs::read(run.join("metrics.jsonl")).unwrap() == metrics);

    let (_, again) = resumed_after(&[], |run| {
        let config = fs::read_to_string(run.join("config.toml")).unwrap();
        fs::write(
            run.join("config.toml"),
            config.replace("steps = 20", "steps = 30"),
        )
        .unwrap();
        fs::remove_file(run.join("summary.json")).unwrap();
    });
    let errors = String::from_utf8_lossy(&again.stderr);
    assert!(
        errors.contains("config.toml")
            && errors.contains("`steps = 30`")
            && errors.contains("`steps = 20`"),
        "{errors}"
    );
}

#[test]
fn an_exploded_run_says_what_is_left_of_it() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    photographs(&place.join("photographs"));
    let config = CONFIG
        .replace("learning_rate = 0.05", "learning_rate = 1e38")
        .replace("clip_norm = 5.0", "clip_norm = 0.0")
        .replace("one-cycle", "constant")
        // So soon that the evaluation is the first to find no number.
        .replace("eval_every = 10", "eval_every = 1");
    fs::write(place.join("run.toml"), config).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_squeeze"))
        .args([
            "train", "--device", "cpu", "--config", "run.toml", "--out", "run",
        ])
        .current_dir(place)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(
        errors.contains("diverged") && errors.contains("learning rate"),
        "{errors}"
    );
    assert!(
        errors.contains("nothing of the run in run was saved")
            && errors.contains("run/config.toml"),
        "{errors}"
    );
    let metrics = fs::read_to_string(place.join("run/metrics.jsonl")).unwrap_or_default();
    assert!(!metrics.contains("null"), "{metrics}");
}

/// A disk that is full when a file of the run's state is written, by a name that leads to a device which
/// is: the run ends with an error that names the file, and the state before it is there as it was.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_ends_a_run_and_spoils_nothing() {
    use std::os::unix::fs::symlink;

    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    photographs(&place.join("photographs"));
    fs::write(place.join("run.toml"), CONFIG).unwrap();
    let run = place.join("run");
    let state = run.join("checkpoint.safetensors");
    let steps = ["--steps", "1000000"];
    let begin = [&["--config", "run.toml", "--out", "run"][..], &steps].concat();
    let mut child = start(place, &begin);
    while !run.join("summary.json").exists() {
        assert_eq!(child.try_wait().unwrap(), None);
        sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let saved = fs::read(&state).unwrap();
    let files = [
        "metrics.jsonl",
        "checkpoint.safetensors",
        "model.safetensors",
        "summary.json",
    ];
    for file in files {
        let part = run.join(format!("{file}.part"));
        fs::remove_file(&part).ok();
        symlink("/dev/full", &part).unwrap();
        let output = start(place, &["--resume", "run"])
            .wait_with_output()
            .unwrap();
        let why = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{file}: {why}");
        assert!(
            why.contains(file) && why.contains("No space left"),
            "{file}: {why}"
        );
        fs::remove_file(&part).unwrap();
        if file == "metrics.jsonl" || file == "checkpoint.safetensors" {
            assert!(fs::read(&state).unwrap() == saved, "{file}");
        }
        // Whatever was written is whole.
        Checkpoint::from_bytes(&fs::read(&state).unwrap()).unwrap();
    }
    let mut child = start(place, &["--resume", "run"]);
    let before = fs::read(&state).unwrap();
    while fs::read(&state).unwrap() == before {
        assert_eq!(child.try_wait().unwrap(), None);
        sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

/// A folder that nobody can write to, and one that is a file.
#[cfg(target_os = "linux")]
#[test]
fn a_place_that_takes_no_run_is_named_before_the_work() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    photographs(&place.join("photographs"));
    fs::write(place.join("run.toml"), CONFIG).unwrap();
    for out in ["/proc/squeeze", "run.toml"] {
        let begin = ["--config", "run.toml", "--out", out];
        let output = start(place, &begin).wait_with_output().unwrap();
        let why = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{why}");
        assert!(why.contains(out) && why.contains("cannot be made"), "{why}");
    }
    assert_eq!(fs::read_to_string(place.join("run.toml")).unwrap(), CONFIG);
}

/// Ctrl-C ends a run at its next step, with all of it saved.
#[cfg(unix)]
#[test]
fn an_interrupted_run_is_saved_and_goes_on() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    photographs(&place.join("photographs"));
    fs::write(place.join("run.toml"), CONFIG).unwrap();
    // Never saved by time: what is there afterwards, the interrupt saved.
    let rarely = [
        "--config",
        "run.toml",
        "--out",
        "run",
        "--save-every",
        "1000",
    ];
    let child = Command::new(env!("CARGO_BIN_EXE_squeeze"))
        .args(["train", "--device", "cpu"])
        .args(rarely)
        .current_dir(place)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The first lines of metrics say that it is under way.
    while fs::metadata(place.join("run/metrics.jsonl")).map_or(0, |file| file.len()) == 0 {
        sleep(Duration::from_millis(10));
    }
    // Two programs on one run would spoil each other's files.
    let second = start(place, &["--resume", "run"]);
    let refused = second.wait_with_output().unwrap();
    let why = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{why}");
    assert!(why.contains("run is in use by another program"), "{why}");

    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("squeeze train --resume run"), "{said}");

    let bytes = fs::read(place.join("run/checkpoint.safetensors")).unwrap();
    let state = Checkpoint::from_bytes(&bytes).unwrap();
    let metrics = fs::read_to_string(place.join("run/metrics.jsonl")).unwrap();
    let steps = metrics
        .lines()
        .filter(|line| line.contains("\"type\":\"step\""))
        .count();
    assert!((1..2400).contains(&steps), "{steps}");
    assert_eq!(state.progress.step, steps);
    finish(start(place, &["--resume", "run"]));
}
