//! Reading packed bytes without trusting what they unpack to.

use std::io::{self, Read};

use flate2::read::GzDecoder;

use super::error::Problem;

/// The first two bytes of a gzip file.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Reads plain or gzipped bytes, whichever they are.
pub(super) enum MaybeGzip<R> {
    /// They are as they are.
    Plain(R),
    /// They are gzipped; the checksum is verified at the end.
    Gzip(Box<GzDecoder<R>>),
}

impl<R: Read> MaybeGzip<R> {
    /// `inner`, which begins with `start`.
    pub fn new(inner: R, start: &[u8]) -> Self {
        if start.starts_with(&GZIP) {
            Self::Gzip(Box::new(GzDecoder::new(inner)))
        } else {
            Self::Plain(inner)
        }
    }
}

impl<R: Read> Read for MaybeGzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(inner) => inner.read(buffer),
            Self::Gzip(decoder) => decoder.read(buffer),
        }
    }
}

/// A reader that fails rather than give more than a number of bytes.
pub(super) struct Bounded<R> {
    inner: R,
    left: u64,
    limit: u64,
    exceeded: bool,
}

impl<R: Read> Bounded<R> {
    /// At most `limit` bytes of `inner`.
    pub fn new(inner: R, limit: u64) -> Self {
        Self {
            inner,
            left: limit,
            limit,
            exceeded: false,
        }
    }

    /// What an error of reading through this means.
    pub fn problem(&self, error: io::Error) -> Problem {
        if self.exceeded {
            Problem::Unpacks { limit: self.limit }
        } else {
            Problem::Read(error)
        }
    }

    /// True after a read that would have gone past the limit.
    pub fn exceeded(&self) -> bool {
        self.exceeded
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if self.left == 0 {
            // Ending exactly at the limit is no offence.
            let mut probe = [0];
            if self.inner.read(&mut probe)? == 0 {
                return Ok(0);
            }
            self.exceeded = true;
            return Err(io::Error::other("more bytes than the limit"));
        }
        let most = usize::try_from(self.left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let read = self.inner.read(&mut buffer[..most])?;
        self.left -= read as u64;
        Ok(read)
    }
}

/// All bytes of `reader`, which must not be more than `limit`.
pub(super) fn read_all(reader: impl Read, limit: u64) -> Result<Vec<u8>, Problem> {
    let mut bounded = Bounded::new(reader, limit);
    let mut bytes = Vec::new();
    match bounded.read_to_end(&mut bytes) {
        Ok(_) => Ok(bytes),
        Err(error) => Err(bounded.problem(error)),
    }
}

/// The contents of a file that may be gzipped.
///
/// # Errors
/// [`Problem::Unpacks`] past `limit` bytes; [`Problem::Read`] if it is a damaged gzip file.
pub fn unpacked(bytes: &[u8], limit: u64) -> Result<Vec<u8>, Problem> {
    read_all(MaybeGzip::new(bytes, bytes), limit)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_exact() {
        assert_eq!(unpacked(&[7; 10], 10).unwrap(), [7; 10]);
        assert!(matches!(
            unpacked(&[7; 11], 10),
            Err(Problem::Unpacks { limit: 10 })
        ));
        assert!(unpacked(&[], 0).unwrap().is_empty());
    }

    #[test]
    fn a_bomb_is_stopped_at_the_limit() {
        let bomb = crate::data::made::gzip(&vec![0; 1 << 20]);
        assert!(bomb.len() < 10_000, "{}", bomb.len());
        assert!(matches!(
            unpacked(&bomb, 1000),
            Err(Problem::Unpacks { limit: 1000 })
        ));
        assert_eq!(unpacked(&bomb, 1 << 20).unwrap().len(), 1 << 20);
        assert!(matches!(
            unpacked(&bomb[..bomb.len() - 3], 1 << 20),
            Err(Problem::Read(_))
        ));
    }
}
