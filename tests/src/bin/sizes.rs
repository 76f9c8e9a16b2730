//! `squeeze-sizes DIST`: the bytes of every file of the built page, raw, by `gzip -9` and by Brotli at
//! its best; prints a line of JSON a file. `cargo xtask bench` runs it: an unoptimised Brotli takes
//! minutes.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::{Value, json};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(dist), None) = (arguments.next().map(PathBuf::from), arguments.next()) else {
        eprintln!("usage: squeeze-sizes DIST (the built page)");
        return ExitCode::FAILURE;
    };
    match sizes(&dist) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: cannot measure {}: {error}", dist.display());
            ExitCode::FAILURE
        }
    }
}

fn sizes(dist: &Path) -> io::Result<()> {
    let mut files = Vec::new();
    collect(dist, &mut files)?;
    files.sort();
    for path in files {
        println!("{}", size(dist, &path)?);
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

fn size(dist: &Path, path: &Path) -> io::Result<Value> {
    let bytes = fs::read(path)?;
    let name = path.strip_prefix(dist).unwrap_or(path);
    let name = name.to_string_lossy().replace('\\', "/");
    // What is gzipped already goes as it is.
    let [gzip, brotli] = if name.ends_with(".gz") {
        [bytes.len(); 2]
    } else {
        [gzip(&bytes)?, brotli(&bytes)?]
    };
    Ok(json!({ "file": name, "raw": bytes.len(), "gzip": gzip, "brotli": brotli }))
}

fn gzip(bytes: &[u8]) -> io::Result<usize> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}

fn brotli(bytes: &[u8]) -> io::Result<usize> {
    let best = brotli::enc::BrotliEncoderParams {
        quality: 11,
        ..Default::default()
    };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut &bytes[..], &mut packed, &best)?;
    Ok(packed.len())
}
