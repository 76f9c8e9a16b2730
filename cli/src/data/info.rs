//! `squeeze data info`.

use std::fs;
use std::io::{ErrorKind, Write};

use anyhow::{Context, Result};
use squeeze_engine::data::sheet::contact_sheet;
use squeeze_engine::data::{DataInfo, ReadOptions};

use super::args::InfoArgs;
use super::read_path;

/// Prints what a data set holds, and writes its contact sheet if that is asked for.
pub fn info(args: &InfoArgs) -> Result<()> {
    let options = ReadOptions {
        kind: args.set,
        image_size: args.image_size,
        test_share: args.test_share,
        seed: args.seed,
    };
    let data = read_path(&args.path, &options)?;
    let info = data.info();
    if let Some(path) = &args.sheet {
        let png = contact_sheet(&data).context("the contact sheet cannot be made")?;
        fs::write(path, png).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    let mut text = if args.json {
        serde_json::to_string(&info)? + "\n"
    } else {
        for_people(&info)
    };
    if let Some(path) = args.sheet.as_ref().filter(|_| !args.json) {
        text += &format!("contact sheet: {}\n", path.display());
    }
    match std::io::stdout().write_all(text.as_bytes()) {
        // A reader such as `head` has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

fn for_people(info: &DataInfo) -> String {
    let [channels, height, width] = info.image_shape;
    let numbers = |values: &[f64]| {
        let texts: Vec<String> = values.iter().map(|value| format!("{value:.4}")).collect();
        texts.join(" ")
    };
    let mut text = format!(
        "{name} ({set})\n\
         images     {train} to train on, {test} to test on\n\
         shape      {channels} x {height} x {width} (channels, height, width)\n\
         mean       {mean} (training pixels in [0, 1], by channel)\n\
         deviation  {deviation}\n\
         label  train   test  class\n",
        name = info.name,
        set = info.set.name(),
        train = info.train_images,
        test = info.test_images,
        mean = numbers(&info.mean),
        deviation = numbers(&info.deviation),
    );
    for (label, class) in info.classes.iter().enumerate() {
        text += &format!(
            "{label:>5} {:>6} {:>6}  {}\n",
            class.train_images, class.test_images, class.name
        );
    }
    text
}
