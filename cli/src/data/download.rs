//! A download over HTTP that goes on where it was cut off.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Error, Result, anyhow};
use ureq::Agent;
use ureq::http::{Response, StatusCode, header};

/// A connection that was cut off is made again this often without a byte coming, and then no more.
const TRIES: u32 = 3;

/// How long to wait for a connection, an answer, or the next byte.
const PATIENCE: Duration = Duration::from_secs(60);

/// Bytes that came and bytes that there are, if the server tells.
pub type Told<'a> = &'a mut dyn FnMut(u64, Option<u64>);

/// An HTTP client.
pub struct Client(Agent);

/// How one request ended.
enum Failure {
    /// Another one may get further.
    CutOff(Error),
    /// No other one would.
    Final(Error),
}

impl Client {
    /// A client that follows the proxy settings of the environment.
    pub fn new() -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(PATIENCE))
            .timeout_recv_response(Some(PATIENCE))
            .timeout_per_read(Some(PATIENCE))
            // Packed on the way, a file could not be gone on with.
            .accept_encoding("identity")
            .user_agent(concat!("squeeze/", env!("CARGO_PKG_VERSION")))
            .build();
        Self(config.new_agent())
    }

    /// Fetches `address` into the file `part`, going on after what is in it already, of `most`
    /// bytes at most. What came stays in `part` if this fails, for another time, unless it was too
    /// much.
    ///
    /// # Errors
    /// If there is no connection, the server has no such file or sends more than `most`, the
    /// connection is cut off again and again, or the disk takes no more.
    pub fn download(&self, address: &str, part: &Path, most: u64, told: Told) -> Result<()> {
        let mut tries = 0;
        let mut came = false;
        loop {
            let before = length(part)?;
            match self.request(address, part, before, most, told) {
                Ok(()) => return Ok(()),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::CutOff(error)) => {
                    let further = length(part)? > before;
                    came |= further;
                    tries = if further { 0 } else { tries + 1 };
                    // Where no byte ever came there is no network: that is told at once.
                    if (!came && before == 0) || tries == TRIES {
                        return Err(error);
                    }
                    sleep(Duration::from_millis(500) * tries);
                }
            }
        }
    }

    fn request(
        &self,
        address: &str,
        part: &Path,
        before: u64,
        most: u64,
        told: Told,
    ) -> Result<(), Failure> {
        let mut request = self.0.get(address);
        if before > 0 {
            request = request.header(header::RANGE, format!("bytes={before}-"));
        }
        let response = request
            .call()
            .map_err(|error| Failure::CutOff(error.into()))?;
        let (start, total) = match response.status() {
            StatusCode::OK => (0, number(&response, header::CONTENT_LENGTH)),
            StatusCode::PARTIAL_CONTENT => match content_range(&response) {
                Some((start, total)) if start == before => (before, total),
                _ => {
                    // Not what was asked for: begin anew.
                    remove(part).map_err(Failure::Final)?;
                    return Err(Failure::CutOff(anyhow!(
                        "the server sent another part of the file than was asked for"
                    )));
                }
            },
            // There is nothing after what is here: it is whole, or its checksum will tell.
            StatusCode::RANGE_NOT_SATISFIABLE if before > 0 => return Ok(()),
            status => return Err(Failure::Final(anyhow!("the server answers {status}"))),
        };
        let too_much = || {
            Failure::Final(anyhow!(
                "the server sends more than the {most} bytes that the file can have"
            ))
        };
        if total.is_some_and(|total| total > most) {
            return Err(too_much());
        }
        let file = OpenOptions::new()
            .create(true)
            .truncate(start == 0)
            .write(true)
            .append(start > 0)
            .open(part);
        let unwritable = || format!("{} cannot be written", part.display());
        let file = file.with_context(unwritable).map_err(Failure::Final)?;
        let mut body = response.into_body().into_reader();
        let end =
            copy(&mut body, file, start, most, total, told).map_err(|failure| match failure {
                Failure::Final(error) => Failure::Final(error.context(unwritable())),
                cut_off => cut_off,
            })?;
        if end > most {
            remove(part).map_err(Failure::Final)?;
            return Err(too_much());
        }
        match total {
            Some(total) if end < total => Err(Failure::CutOff(anyhow!(
                "the connection was cut off after {end} of {total} bytes"
            ))),
            _ => Ok(()),
        }
    }
}

/// Copies until the body ends or has given more than `most`; where that is.
fn copy(
    body: &mut impl Read,
    mut file: File,
    start: u64,
    most: u64,
    total: Option<u64>,
    told: Told,
) -> Result<u64, Failure> {
    let mut done = start;
    let mut buffer = vec![0; 64 << 10];
    told(done, total);
    while done <= most {
        match body.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => {
                let written = file.write_all(&buffer[..read]);
                written.map_err(|error| Failure::Final(error.into()))?;
                done += read as u64;
                told(done, total);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Failure::CutOff(error.into())),
        }
    }
    let synced = file.sync_all();
    synced.map_err(|error| Failure::Final(error.into()))?;
    Ok(done)
}

/// Where a partial answer starts, and how long the whole is.
fn content_range<T>(response: &Response<T>) -> Option<(u64, Option<u64>)> {
    let value = response
        .headers()
        .get(header::CONTENT_RANGE)?
        .to_str()
        .ok()?;
    let (range, total) = value.strip_prefix("bytes ")?.split_once('/')?;
    let (start, _) = range.split_once('-')?;
    Some((start.trim().parse().ok()?, total.trim().parse().ok()))
}

fn number<T>(response: &Response<T>, name: header::HeaderName) -> Option<u64> {
    response.headers().get(name)?.to_str().ok()?.parse().ok()
}

fn length(part: &Path) -> Result<u64> {
    match fs::metadata(part) {
        Ok(metadata) => Ok(metadata.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", part.display())),
    }
}

fn remove(part: &Path) -> Result<()> {
    match fs::remove_file(part) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} cannot be deleted", part.display()))
        }
        _ => Ok(()),
    }
}
