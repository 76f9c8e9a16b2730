//! What the readers refuse to exceed, so that no file, however it was made, can fill the memory or
//! keep the program busy for hours.

/// True where addresses have 32 bits (the page), so that all data must fit into less than 4 GiB.
const SMALL: bool = usize::BITS < 64;

/// Bytes of one file as it lies on the disk or is dropped on the page; only zips come near.
pub const MAX_FILE: u64 = if SMALL { 1 << 30 } else { 1 << 32 };

/// Bytes of pixels of a whole data set, both splits together.
pub const MAX_PIXELS: u64 = if SMALL { 1 << 30 } else { 1 << 32 };

/// Bytes of an IDX file as it lies on the disk. The longest published one unpacks to 47 MB.
pub const MAX_IDX_FILE: u64 = 64 << 20;

/// Bytes that a CIFAR archive unpacks to. The published ones hold 185 MB.
pub const MAX_CIFAR_UNPACKED: u64 = 256 << 20;

/// Bytes of a file of class names.
pub const MAX_NAMES_FILE: u64 = 64 << 10;

/// Bytes of one encoded picture, unpacked from its zip.
pub const MAX_PICTURE_FILE: u64 = 128 << 20;

/// Pixels along one side of a picture.
pub const MAX_PICTURE_SIDE: u32 = 16_384;

/// Pixels of a picture.
pub const MAX_PICTURE_PIXELS: u64 = 64_000_000;

/// Bytes that decoding one picture may take: [`MAX_PICTURE_PIXELS`] of four 16-bit channels, twice.
pub const MAX_PICTURE_MEMORY: u64 = 16 * MAX_PICTURE_PIXELS;

/// Files of one folder or archive.
pub const MAX_FILES: usize = 2_000_000;

/// Classes of a data set: labels are bytes.
pub const MAX_CLASSES: usize = 256;
