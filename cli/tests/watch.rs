//! `squeeze train --metrics --tensorboard`: what other programs see of a run.
#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
#[path = "../src/watch/record.rs"]
mod record;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use prost::Message;
use record::{TensorBoardEvent, What};

fn train(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_squeeze"));
    command
        .args([
            "train",
            "--device",
            "cpu",
            "--steps",
            "120",
            "--held-out",
            "200",
        ])
        .args(["--eval-every", "40", "--beta", "5"])
        .args(words);
    command
}

/// An answer's status and body.
fn get(address: &str, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

/// The number of a metric; none while there is none.
fn number(text: &str, name: &str) -> Option<f64> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name}: {text}"))
        .parse()
        .ok()
        .filter(|x: &f64| !x.is_nan())
}

/// The events of the files in a folder, in order, each file's first one left out.
fn events(folder: &Path) -> Vec<TensorBoardEvent> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().contains("tfevents"))
        .collect();
    files.sort();
    let mut events = Vec::new();
    for file in files {
        let bytes = fs::read(file).unwrap();
        let mut rest = &bytes[..];
        let mut first = true;
        while !rest.is_empty() {
            let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
            let event = TensorBoardEvent::decode(&rest[12..12 + length]).unwrap();
            // Equal bytes: checksums are right, and nothing is there that is not read.
            assert_eq!(record::record(&event), &rest[..16 + length]);
            rest = &rest[16 + length..];
            match first {
                true => assert_eq!(
                    event.what,
                    Some(What::FileVersion("brain.Event:2".to_owned()))
                ),
                false => events.push(event),
            }
            first = false;
        }
    }
    events
}

#[test]
fn a_run_can_be_watched_by_prometheus_and_tensorboard() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("run");
    let mut child = train(&["--metrics", "127.0.0.1:0", "--tensorboard", "--out"])
        .arg(&out)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let address = lines.find_map(|line| {
        let line = line.unwrap();
        let rest = line.strip_prefix("metrics: http://")?;
        Some(rest.strip_suffix("/metrics").unwrap().to_owned())
    });
    let address = address.unwrap();
    let reading = std::thread::spawn(move || lines.count());
    let began = Instant::now();
    let seen = loop {
        let (head, body) = get(&address, "/metrics");
        assert!(
            head.starts_with("HTTP/1.1 200") && head.contains("openmetrics-text"),
            "{head}"
        );
        assert!(body.ends_with("# EOF\n"), "{body}");
        if number(&body, "squeeze_held_out_robust_accuracy").is_some() {
            break body;
        }
        assert!(began.elapsed() < Duration::from_secs(120), "{body}");
        sleep(Duration::from_millis(20));
    };
    for (name, least, most) in [
        ("squeeze_step", 40.0, 120.0),
        ("squeeze_steps", 120.0, 120.0),
        ("squeeze_steps_per_second", 0.01, 1e6),
        ("squeeze_loss", 0.0, 1e3),
        ("squeeze_logit_norm", 0.0, 1e3),
        ("squeeze_held_out_accuracy", 0.0, 1.0),
    ] {
        let value = number(&seen, name).unwrap();
        assert!((least..=most).contains(&value), "{name} {value}");
    }
    assert!(get(&address, "/").0.starts_with("HTTP/1.1 404"));
    assert!(child.wait().unwrap().success());
    reading.join().unwrap();

    let events = events(&out);
    let Some(What::Session(session)) = &events[0].what else {
        panic!("{:?}", events[0]);
    };
    assert_eq!((session.status, events[0].step), (1, 1));
    let values: Vec<(i64, &record::Value)> = events
        .iter()
        .filter_map(|event| match &event.what {
            Some(What::Summary(summary)) => {
                Some(summary.values.iter().map(|value| (event.step, value)))
            }
            _ => None,
        })
        .flatten()
        .collect();
    let tagged = |tag: &str| {
        values
            .iter()
            .filter(|(_, value)| value.tag == tag)
            .collect::<Vec<_>>()
    };
    let steps: Vec<i64> = tagged("train/loss").iter().map(|(step, _)| *step).collect();
    assert_eq!(steps, (1..=120).collect::<Vec<i64>>());
    assert_eq!(tagged("test/accuracy").len(), 1);
    let margins = tagged("held_out/margins");
    assert_eq!(margins.len(), 3);
    let histogram = margins[2].1.histogram.as_ref().unwrap();
    assert_eq!(histogram.counts.iter().sum::<f64>(), 200.0);
    assert!((histogram.ends.last().unwrap() - histogram.high).abs() < 1e-5);
}

#[test]
fn metrics_are_for_this_machine_alone() {
    let place = tempfile::tempdir().unwrap();
    let output = train(&["--metrics", "0.0.0.0:0", "--out"])
        .arg(place.path().join("run"))
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(
        said.contains("take 127.0.0.1:0") && said.contains("tunnel"),
        "{said}"
    );
}
