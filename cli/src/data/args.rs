//! The words of `squeeze data`.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use squeeze_engine::config::DataKind;

/// What to do with data.
#[derive(clap::Subcommand)]
pub enum DataCommand {
    /// Download a data set from where it is published, and check it.
    ///
    /// A download that was cut off goes on where it stopped; files that are there and right are not
    /// fetched again. The environment variable SQUEEZE_MIRROR gives another address to take the
    /// files from: ADDRESS/NAME/FILE.
    Fetch(FetchArgs),
    /// Show what a data set holds.
    Info(InfoArgs),
}

#[derive(clap::Args)]
pub struct FetchArgs {
    /// Data set.
    #[arg(value_name = "NAME", value_parser = kinds(&DataKind::ALL[..4]))]
    pub set: DataKind,
    /// Folder to put the files into [default: $SQUEEZE_DATA/NAME, else squeeze/data/NAME in the
    /// user's cache folder, where training looks for them].
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

#[derive(clap::Args)]
pub struct InfoArgs {
    /// File or folder: IDX files, a CIFAR archive or its files, class folders or a zip of them.
    pub path: PathBuf,
    /// Data set that it must be [default: what it is].
    #[arg(long, value_parser = kinds(&DataKind::ALL))]
    pub set: Option<DataKind>,
    /// Height and width that the images of a folder are brought to, 4 to 512 pixels.
    #[arg(long, value_name = "PIXELS", default_value_t = 32)]
    pub image_size: usize,
    /// Share of each class of a folder without `train` and `test` that becomes the test set.
    #[arg(long, value_name = "SHARE", default_value_t = 0.2)]
    pub test_share: f64,
    /// Seed of that split.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Also write the first 10 training images of each class (20 classes at most) into this PNG.
    #[arg(long, value_name = "FILE")]
    pub sheet: Option<PathBuf>,
    /// Print one line of JSON.
    #[arg(long)]
    pub json: bool,
}

/// A parser of the names of these data sets.
fn kinds(of: &[DataKind]) -> impl TypedValueParser<Value = DataKind> + use<> {
    PossibleValuesParser::new(of.iter().map(|kind| kind.name())).map(|name| {
        // The name is one of those above.
        let kind = DataKind::ALL.into_iter().find(|kind| kind.name() == name);
        kind.unwrap_or_default()
    })
}
