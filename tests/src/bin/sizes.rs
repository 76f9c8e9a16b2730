//! `squeeze-sizes [--write] DIST`: the bytes of every file of the built page, raw, by `gzip -9` and by
//! Brotli at its best; prints a line of JSON a file. `--write` puts what gets smaller beside it, as `.gz` and
//! `.br`. `cargo xtask bench` and `dist` run it: an unoptimised Brotli takes minutes.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::{Value, json};

/// A copy that is not smaller by a tenth is not worth its place.
const WORTH_IT: f64 = 0.9;

fn main() -> ExitCode {
    let (options, folders): (Vec<_>, Vec<_>) = std::env::args_os()
        .skip(1)
        .partition(|word| word == "--write");
    let [dist] = &folders[..] else {
        eprintln!("usage: squeeze-sizes [--write] DIST (the built page)");
        return ExitCode::FAILURE;
    };
    let dist = Path::new(dist);
    match sizes(dist, !options.is_empty()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: cannot measure {}: {error}", dist.display());
            ExitCode::FAILURE
        }
    }
}

fn sizes(dist: &Path, write: bool) -> io::Result<()> {
    let mut files = Vec::new();
    collect(dist, &mut files)?;
    files.sort();
    // Copies of an earlier time are not part of the page.
    let is_copy = |path: &PathBuf| {
        let packed = path
            .extension()
            .is_some_and(|end| end == "br" || end == "gz");
        packed && files.contains(&path.with_extension(""))
    };
    for path in files.iter().filter(|path| !is_copy(path)) {
        println!("{}", size(dist, path, write)?);
    }
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn size(dist: &Path, path: &Path, write: bool) -> io::Result<Value> {
    let bytes = fs::read(path)?;
    let name = path.strip_prefix(dist).unwrap_or(path);
    let name = name.to_string_lossy().replace('\\', "/");
    // What is gzipped already goes as it is.
    let [gzip, brotli] = if name.ends_with(".gz") {
        [bytes.len(); 2]
    } else {
        let (gzip, brotli) = (gzip(&bytes)?, brotli(&bytes)?);
        if write {
            for (packed, end) in [(&gzip, "gz"), (&brotli, "br")] {
                let mut copy = path.as_os_str().to_owned();
                copy.push(format!(".{end}"));
                if (packed.len() as f64) < WORTH_IT * bytes.len() as f64 {
                    fs::write(copy, packed)?;
                }
            }
        }
        [gzip.len(), brotli.len()]
    };
    Ok(json!({ "file": name, "raw": bytes.len(), "gzip": gzip, "brotli": brotli }))
}

fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn brotli(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let best = brotli::enc::BrotliEncoderParams {
        quality: 11,
        ..Default::default()
    };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut &bytes[..], &mut packed, &best)?;
    Ok(packed)
}
