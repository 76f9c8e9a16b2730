//! `squeeze data`, end to end, with a server on this machine.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use serde_json::Value;

/// The repository's copy of MNIST.
fn mnist() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/mnist")
}

const FILES: [&str; 4] = [
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
];

/// Runs `squeeze data`, with the mirror and nothing else of the environment that would matter.
fn squeeze(words: &[&str], mirror: Option<&str>, home: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_squeeze"));
    for variable in [
        "SQUEEZE_DATA",
        "SQUEEZE_MIRROR",
        "XDG_CACHE_HOME",
        "http_proxy",
        "HTTP_PROXY",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ] {
        command.env_remove(variable);
    }
    if let Some(mirror) = mirror {
        command.env("SQUEEZE_MIRROR", mirror);
    }
    command
        .arg("data")
        .args(words)
        .env("HOME", home)
        .env("LOCALAPPDATA", home.join(".cache"))
        .current_dir(home)
        .output()
        .unwrap()
}

fn succeed(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn fail(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// What the server does with one request.
#[derive(Clone, Copy)]
enum Answer {
    /// The file, or the rest of it that is asked for.
    Whole,
    /// The same, but the connection is cut off after this many bytes.
    CutOff(usize),
    /// The whole file, whatever is asked for.
    WithoutRanges,
    /// The beginning, as the answer to any range.
    Misplaced,
    /// Other bytes of the same length.
    Changed,
}

/// A server of the files of `folder` under any path; gives its address, and each request's file and
/// range as it comes. Requests past the list of answers get the whole file.
fn serve(folder: PathBuf, answers: Vec<Answer>) -> (String, Receiver<(String, Option<usize>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (told, requests) = channel();
    thread::spawn(move || {
        let mut answers = answers.into_iter();
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            let (path, start) = request(&stream);
            let answer = answers.next().unwrap_or(Answer::Whole);
            let name = path.rsplit('/').next().unwrap().to_owned();
            respond(stream, fs::read(folder.join(name)).ok(), start, answer);
            if told.send((path, start)).is_err() {
                return;
            }
        }
    });
    (address, requests)
}

/// The path that is asked for, and the start of the range.
fn request(stream: &TcpStream) -> (String, Option<usize>) {
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    let first = lines.next().unwrap();
    let path = first.split(' ').nth(1).unwrap().to_owned();
    let mut start = None;
    for line in lines.take_while(|line| !line.is_empty()) {
        let line = line.to_ascii_lowercase();
        if let Some(range) = line.strip_prefix("range: bytes=") {
            start = Some(range.trim_end_matches('-').parse().unwrap());
        }
    }
    (path, start)
}

fn respond(mut stream: TcpStream, file: Option<Vec<u8>>, start: Option<usize>, answer: Answer) {
    let Some(mut bytes) = file else {
        let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
        return;
    };
    let length = bytes.len();
    let start = start.filter(|_| !matches!(answer, Answer::WithoutRanges));
    let head = match start {
        Some(start) if start >= length => format!(
            "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */{length}\r\nContent-Length: 0\r\n\r\n"
        ),
        Some(_) if matches!(answer, Answer::Misplaced) => {
            "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-0/1\r\nContent-Length: 0\r\n\r\n"
                .to_owned()
        }
        Some(start) => format!(
            "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {start}-{}/{length}\r\nContent-Length: {}\r\n\r\n",
            length - 1,
            length - start
        ),
        None => format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n"),
    };
    bytes.drain(..start.unwrap_or(0).min(length));
    match answer {
        Answer::CutOff(after) => bytes.truncate(after),
        Answer::Misplaced => bytes.clear(),
        Answer::Changed => bytes.iter_mut().for_each(|byte| *byte ^= 1),
        Answer::Whole | Answer::WithoutRanges => {}
    }
    // The client may have seen enough before all is written.
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(&bytes);
    let _ = stream.shutdown(Shutdown::Both);
}

#[test]
fn a_fetch_goes_on_where_it_was_cut_off_and_fetches_nothing_twice() {
    let home = tempfile::tempdir().unwrap();
    let answers = vec![
        Answer::CutOff(1_000_000),
        Answer::CutOff(2_000_000),
        Answer::Whole,
    ];
    let (mirror, requests) = serve(mnist(), answers);
    let out = succeed(&squeeze(&["fetch", "mnist"], Some(&mirror), home.path()));
    let folder = home.path().join(".cache/squeeze/data/mnist");
    let last = format!(
        "MNIST is in {0}\nnext: squeeze data info {0}\n",
        folder.display()
    );
    assert!(out.ends_with(&last), "{out}");
    for name in FILES {
        assert!(
            out.contains(&format!("{name} has the right SHA-256")),
            "{out}"
        );
        assert_eq!(
            fs::read(folder.join(name)).unwrap(),
            fs::read(mnist().join(name)).unwrap()
        );
    }
    assert_eq!(
        fs::read_dir(&folder).unwrap().count(),
        4,
        "no .part is left"
    );
    let seen: Vec<(String, Option<usize>)> = requests.try_iter().collect();
    let of = |place: usize| format!("/mnist/{}", FILES[place]);
    // The server may have written more than arrived before it cut off.
    let starts: Vec<usize> = seen[..3]
        .iter()
        .map(|(_, start)| start.unwrap_or(0))
        .collect();
    assert!(starts.is_sorted_by(|a, b| a < b), "{starts:?}");
    assert!(
        starts[1] <= 1_000_000 && starts[2] <= 3_000_000,
        "{starts:?}"
    );
    assert_eq!(seen[3..], [(of(1), None), (of(2), None), (of(3), None)]);

    let out = succeed(&squeeze(&["fetch", "mnist"], Some(&mirror), home.path()));
    assert_eq!(out.matches("is there already").count(), 4, "{out}");
    assert_eq!(requests.try_iter().count(), 0);
}

#[test]
fn what_is_left_of_an_earlier_fetch_is_gone_on_with() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("set");
    fs::create_dir(&folder).unwrap();
    for name in FILES {
        fs::copy(mnist().join(name), folder.join(name)).unwrap();
    }
    let file = folder.join(FILES[2]);
    let part = folder.join(format!("{}.part", FILES[2]));
    let bytes = fs::read(&file).unwrap();
    let fetch = |answer, left: &[u8]| {
        let _ = fs::remove_file(&file);
        fs::write(&part, left).unwrap();
        let (mirror, requests) = serve(mnist(), vec![answer]);
        let words = ["fetch", "mnist", "--dir", "set"];
        let output = squeeze(&words, Some(&mirror), home.path());
        let seen: Vec<Option<usize>> = requests.try_iter().map(|(_, start)| start).collect();
        (output, seen)
    };
    // The rest, nothing, or all anew: whatever the server offers.
    for (answer, left, again) in [
        (Answer::Whole, 12_345, &[][..]),
        (Answer::Whole, bytes.len(), &[]),
        (Answer::WithoutRanges, 12_345, &[]),
        (Answer::Misplaced, 12_345, &[None]),
    ] {
        let (output, seen) = fetch(answer, &bytes[..left]);
        succeed(&output);
        assert_eq!(seen, [&[Some(left)], again].concat());
        assert_eq!(fs::read(&file).unwrap(), bytes);
        assert!(!part.exists());
    }
    // What is left is of another file.
    let (output, _) = fetch(Answer::Whole, &[7; 12_345]);
    let text = fail(&output);
    assert!(
        text.contains("is not the published") && text.contains("run this again"),
        "{text}"
    );
    assert!(!part.exists() && !file.exists());
}

#[test]
fn other_bytes_than_the_published_ones_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("set");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("mine.txt"), "mine").unwrap();
    let (mirror, _requests) = serve(mnist(), vec![Answer::Changed]);
    let words = ["fetch", "mnist", "--dir", "set"];
    let text = fail(&squeeze(&words, Some(&mirror), home.path()));
    for word in [
        FILES[0],
        &format!("{mirror}/mnist/"),
        "is not the published",
        "It was deleted, and nothing else was changed",
        "ossci-datasets",
    ] {
        assert!(text.contains(word), "`{word}` is not in: {text}");
    }
    let left: Vec<_> = fs::read_dir(&folder).unwrap().collect();
    assert_eq!(
        left.len(),
        1,
        "only the file that was there before: {left:?}"
    );

    // A file that somebody put there is not touched either.
    fs::write(folder.join(FILES[0]), "not it").unwrap();
    let text = fail(&squeeze(&words, Some(&mirror), home.path()));
    assert!(text.contains("left as it is; move it away"), "{text}");
    assert_eq!(fs::read(folder.join(FILES[0])).unwrap(), b"not it");

    // Far more bytes than the archive has are cut short.
    let big = home.path().join("big");
    fs::create_dir(&big).unwrap();
    fs::write(big.join("t10k-labels-idx1-ubyte.gz"), vec![0; 1 << 20]).unwrap();
    for name in &FILES[..3] {
        fs::copy(mnist().join(name), folder.join(name)).unwrap();
    }
    let (mirror, _requests) = serve(big, Vec::new());
    let text = fail(&squeeze(&words, Some(&mirror), home.path()));
    assert!(
        text.contains("sends more than the") && text.contains(FILES[3]),
        "{text}"
    );
    assert!(!folder.join("t10k-labels-idx1-ubyte.gz.part").exists());
}

#[test]
fn without_a_network_it_says_what_to_put_where() {
    let home = tempfile::tempdir().unwrap();
    // A port that was free a moment ago refuses connections.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let mirror = format!("http://127.0.0.1:{port}");
    for (set, names) in [
        (
            "cifar10",
            &[
                "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
                "170052171 bytes",
            ][..],
        ),
        ("cifar100", &["cifar-100-binary.tar.gz", "168513733 bytes"]),
        ("mnist", &FILES),
        ("fashion-mnist", &FILES),
    ] {
        let text = fail(&squeeze(&["fetch", set], Some(&mirror), home.path()));
        let folder = home.path().join(".cache/squeeze/data").join(set);
        let folder = folder.display().to_string();
        let again = format!("squeeze data fetch {set}");
        for word in [
            &folder,
            &again,
            "Without a network, put these files into",
            "SQUEEZE_MIRROR",
        ] {
            assert!(text.contains(word), "`{word}` is not in: {text}");
        }
        for name in names {
            assert!(text.contains(name), "`{name}` is not in: {text}");
        }
    }
    // A server without the file.
    let (mirror, _requests) = serve(home.path().to_owned(), Vec::new());
    let text = fail(&squeeze(&["fetch", "cifar10"], Some(&mirror), home.path()));
    assert!(
        text.contains("answers 404") && text.contains("put these files into"),
        "{text}"
    );
}

#[test]
fn info_tells_what_is_in_mnist_and_draws_it() {
    let home = tempfile::tempdir().unwrap();
    let path = mnist();
    let path = path.to_str().unwrap();
    let sheet = home.path().join("sheet.png");
    let out = succeed(&squeeze(
        &["info", path, "--sheet", sheet.to_str().unwrap()],
        None,
        home.path(),
    ));
    for word in [
        "MNIST (mnist)",
        "60000 to train on, 10000 to test on",
        "1 x 28 x 28",
        "0.1307",
        "0.3081",
        "5923    980  0",
    ] {
        assert!(out.contains(word), "`{word}` is not in: {out}");
    }
    // 10 columns and 10 rows of three times 28 pixels and their gaps.
    let png = fs::read(sheet).unwrap();
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
    let side = (2 + 10 * 86_u32).to_be_bytes();
    assert_eq!(png[16..24], [side, side].concat());

    let out = succeed(&squeeze(&["info", path, "--json"], None, home.path()));
    let info: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(info["set"], "mnist");
    assert_eq!(info["train_images"], 60_000);
    assert_eq!(info["classes"][9]["test_images"], 1009);
    assert!((info["mean"][0].as_f64().unwrap() - 0.1307).abs() < 5e-5);
}

#[test]
fn info_names_what_is_wrong() {
    let home = tempfile::tempdir().unwrap();
    let place = |name: &str| home.path().join(name);
    let says = |words: &[&str], wanted: &[&str]| {
        let text = fail(&squeeze(words, None, home.path()));
        for word in wanted {
            assert!(text.contains(word), "`{word}` is not in: {text}");
        }
    };
    says(
        &["info", "nowhere"],
        &["nowhere", "cannot be opened", "check that it is there"],
    );
    fs::create_dir_all(place("set/cat")).unwrap();
    says(
        &["info", "set"],
        &["there is no file in it", "four IDX files"],
    );
    fs::write(place("set/cat/1.png"), "no picture").unwrap();
    fs::create_dir_all(place("set/dog")).unwrap();
    says(&["info", "set"], &["dog", "holds no images", "remove it"]);
    fs::write(place("set/dog/1.png"), "no picture").unwrap();
    says(
        &["info", "set"],
        &["cat: this class holds 1 image", "add images"],
    );
    fs::create_dir_all(place("split/train")).unwrap();
    fs::rename(place("set"), place("split/train/x")).unwrap();
    fs::rename(place("split/train/x"), place("split/test")).unwrap();
    says(
        &["info", "split"],
        &["train", "this folder is missing", "split by seed"],
    );
    let path = mnist();
    let path = path.to_str().unwrap();
    says(
        &["info", path, "--set", "cifar10"],
        &["is MNIST or Fashion-MNIST, but CIFAR-10 was asked for"],
    );
    says(
        &["info", path, "--image-size", "3"],
        &["image_size", "4 to 512"],
    );
    let one = mnist().join(FILES[0]);
    says(
        &["info", one.to_str().unwrap()],
        &[FILES[1], FILES[2], FILES[3], "put it beside the others"],
    );
}

/// CIFAR-10's photographs are not in the repository. `SQUEEZE_CIFAR10` names the archive as it is
/// published, or the folder that it is in, loose or not.
#[test]
fn info_tells_what_is_in_cifar10() {
    let Some(path) = std::env::var_os("SQUEEZE_CIFAR10") else {
        // Not through `eprintln!`, which the test harness would hide.
        let _ = writeln!(
            std::io::stderr(),
            "NOT RUN: info_tells_what_is_in_cifar10: set SQUEEZE_CIFAR10 to cifar-10-binary.tar.gz \
             or its folder"
        );
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let words = ["info", path.to_str().unwrap(), "--json"];
    let out = succeed(&squeeze(&words, None, home.path()));
    let info: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(info["set"], "cifar10");
    assert_eq!(info["image_shape"], serde_json::json!([3, 32, 32]));
    assert_eq!(info["train_images"], 50_000);
    let classes = info["classes"].as_array().unwrap();
    assert_eq!(classes.len(), 10);
    assert_eq!(classes[0]["name"], "airplane");
    assert_eq!(classes[9]["name"], "truck");
    for class in classes {
        assert_eq!(class["train_images"], 5000);
        assert_eq!(class["test_images"], 1000);
    }
    // Of the published photographs; a copy that went through JPEG is a little off.
    for (what, published) in [
        ("mean", [0.4914, 0.4822, 0.4465]),
        ("deviation", [0.2470, 0.2435, 0.2616]),
    ] {
        for (channel, value) in published.into_iter().enumerate() {
            let measured = info[what][channel].as_f64().unwrap();
            assert!(
                (measured - value).abs() < 0.003,
                "{what} {channel}: {measured}"
            );
        }
    }
}
