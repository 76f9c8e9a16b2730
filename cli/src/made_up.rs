//! Data sets of the right form that show nothing, to measure with.

use anyhow::{Context, Result};
use squeeze_engine::config::DataKind;
use squeeze_engine::data::{Dataset, Split};
use squeeze_engine::random::{Purpose, Stream};

/// Training and test images of a published data set.
pub fn counts(kind: DataKind) -> [usize; 2] {
    match kind {
        DataKind::Mnist | DataKind::FashionMnist => [60_000, 10_000],
        DataKind::Cifar10 | DataKind::Cifar100 | DataKind::Folder => [50_000, 10_000],
    }
}

/// So many random training and test images of a published data set's form.
///
/// # Errors
/// A folder's form is not known before it is read.
pub fn images(kind: DataKind, counts: [usize; 2]) -> Result<Dataset> {
    let mut data = Dataset::without_images(kind)
        .context("data.set: the form of a folder's images is in the folder; take mnist, fashion-mnist, cifar10 or cifar100")?;
    let (length, classes) = (data.image_len(), data.classes.len());
    let split = |count: usize| {
        let mut stream = Stream::new(0, Purpose::Noise, count);
        let words = (0..(count * length).div_ceil(4)).flat_map(|_| stream.next_u32().to_le_bytes());
        Split {
            pixels: words.take(count * length).collect(),
            labels: (0..count).map(|place| (place % classes) as u8).collect(),
        }
    };
    let [train, test] = counts;
    data.train = split(train);
    data.test = split(test);
    "random images".clone_into(&mut data.name);
    Ok(data)
}
