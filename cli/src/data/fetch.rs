//! `squeeze data fetch`.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};

use super::args::FetchArgs;
use super::check;
use super::download::Client;
use super::place;
use super::progress::Bar;
use super::published::{Check, Published, PublishedFile};
use crate::say::say;

/// The environment variable with another address to take files from.
const MIRROR: &str = "SQUEEZE_MIRROR";

/// Downloads what is not there, and checks all of it.
pub fn fetch(args: &FetchArgs) -> Result<()> {
    let published = Published::of(args.set)
        .with_context(|| format!("no {} is published anywhere", args.set.title()))?;
    let folder = match &args.dir {
        Some(folder) => folder.clone(),
        None => place::folder(args.set)?,
    };
    // Asked where to put files, a person needs a path that means the same everywhere.
    let folder = std::path::absolute(&folder)
        .with_context(|| format!("{} is no folder", folder.display()))?;
    let mirror = std::env::var(MIRROR).ok().filter(|value| !value.is_empty());
    fetch_into(&published, &folder, mirror.as_deref())?;
    let (title, folder) = (args.set.title(), folder.display());
    say!("{title} is in {folder}\nnext: squeeze data info {folder}");
    Ok(())
}

fn fetch_into(published: &Published, folder: &Path, mirror: Option<&str>) -> Result<()> {
    fs::create_dir_all(folder)
        .with_context(|| format!("the folder {} cannot be made", folder.display()))?;
    let client = Client::new();
    for file in &published.files {
        fetch_file(&client, published, file, folder, mirror)?;
    }
    Ok(())
}

fn fetch_file(
    client: &Client,
    published: &Published,
    file: &PublishedFile,
    folder: &Path,
    mirror: Option<&str>,
) -> Result<()> {
    let name = file.name;
    let path = folder.join(name);
    if path.exists() {
        if let Some(wrong) = check::wrong(&path, file.check)? {
            bail!(
                "{} is there, but is not the published file: {wrong}. It was left as it is; move it away and run this again",
                path.display()
            );
        }
        say!("{name} is there already and has the right SHA-256");
        return Ok(());
    }
    let address = address(published, name, mirror);
    let part = folder.join(format!("{name}.part"));
    let mut bar = Bar::new(name);
    let fetched = client.download(&address, &part, file.check.most(), &mut |done, total| {
        bar.at(done, total);
    });
    bar.finish();
    fetched.map_err(|error| {
        anyhow!(
            "{address} cannot be fetched: {error:#}\n{}",
            by_hand(published, folder, mirror)
        )
    })?;
    if let Some(wrong) = check::wrong(&part, file.check)? {
        fs::remove_file(&part).with_context(|| format!("{} cannot be deleted", part.display()))?;
        bail!(
            "what came from {address} is not the published {name}: {wrong}. It was deleted, and nothing else was changed; run this again, or take the file from elsewhere\n{}",
            by_hand(published, folder, mirror)
        );
    }
    fs::rename(&part, &path).with_context(|| format!("{} cannot be written", path.display()))?;
    say!("{name} has the right SHA-256");
    Ok(())
}

/// Where a file is fetched from.
fn address(published: &Published, name: &str, mirror: Option<&str>) -> String {
    match mirror {
        // MNIST and Fashion-MNIST have the same file names, so each set has a folder.
        Some(mirror) => format!(
            "{}/{}/{name}",
            mirror.trim_end_matches('/'),
            published.kind.name()
        ),
        None => format!("{}{name}", published.address),
    }
}

/// What to put where without a network.
fn by_hand(published: &Published, folder: &Path, mirror: Option<&str>) -> String {
    let set = published.kind.name();
    let mut text = format!(
        "Without a network, put these files into {} and run `squeeze data fetch {set}` again, which checks them:",
        folder.display()
    );
    for file in &published.files {
        let size = match file.check {
            Check::File { size, .. } => format!(" ({size} bytes)"),
            Check::Unpacked { size, .. } => format!(" ({size} bytes when unpacked)"),
        };
        // Writing to a string does not fail.
        let _ = write!(text, "\n  {}{}{size}", published.address, file.name);
    }
    let _ = match mirror {
        Some(mirror) => write!(text, "\n{MIRROR} is set to {mirror}."),
        None => write!(
            text,
            "\nWith another address in {MIRROR}, they are taken from ADDRESS/{set}/FILE."
        ),
    };
    text
}
