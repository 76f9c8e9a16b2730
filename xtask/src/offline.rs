//! The built page's service worker: the list of files that it keeps, made when their names are known.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::{policy, project};

/// The service worker's file beside `index.html`.
pub const WORKER: &str = "service-worker.js";

/// How the names of files begin that are kept when they are first used: no visitor uses all of them.
const LATER: [&str; 3] = ["worker_", "data/", "models/"];

/// Writes the service worker of the page in `dist`, has the page register it, and writes the page's policy,
/// which knows what stands in it, in between. Can be done again.
pub fn equip(dist: &Path) -> Result<()> {
    let sources = project::root()?.join("app").join("install");
    let read = |path: &Path| {
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
    };
    let index = dist.join("index.html");
    let page = read(&index)?;
    let equipped = registering(&page, &read(&sources.join("register.html"))?)
        .with_context(|| format!("{} has no </head>", index.display()))?;
    write(&index, &equipped)?;
    policy::write(dist)?;
    let mut files = Vec::new();
    for name in names(dist)? {
        let path = dist.join(&name);
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        files.push((name, format!("{:x}", Sha256::digest(&bytes))));
    }
    write(
        &dist.join(WORKER),
        &(listed(&files)? + &read(&sources.join(WORKER))?),
    )
}

/// The names of all files of the page below its folder, in order, without the service worker and without
/// compressed copies.
pub fn names(dist: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    collect(dist, "", &mut names)
        .with_context(|| format!("cannot look through {}", dist.display()))?;
    names.sort();
    let all = names.clone();
    let is_copy = |name: &str| {
        let plain = [".br", ".gz"].iter().find_map(|end| name.strip_suffix(end));
        plain.is_some_and(|plain| all.iter().any(|other| other == plain))
    };
    names.retain(|name| name != WORKER && !is_copy(name));
    Ok(names)
}

fn collect(folder: &Path, prefix: &str, names: &mut Vec<String>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{name}/"), names)?;
        } else {
            names.push(name);
        }
    }
    Ok(())
}

/// The page with the script that registers the worker at the end of its head.
fn registering(page: &str, script: &str) -> Option<String> {
    if page.contains(script) {
        return Some(page.to_owned());
    }
    let end = page.find("</head>")?;
    Some(format!("{}{script}{}", &page[..end], &page[end..]))
}

/// The lists that the worker's text begins with.
fn listed(files: &[(String, String)]) -> Result<String> {
    let is_later = |name: &str| LATER.iter().any(|start| name.starts_with(start));
    let list = |later: bool| {
        let chosen = files.iter().filter(|(name, _)| is_later(name) == later);
        let chosen: serde_json::Map<_, _> = chosen
            .map(|(name, hash)| (name.clone(), hash.clone().into()))
            .collect();
        serde_json::to_string_pretty(&chosen)
    };
    Ok(format!(
        "const PAGE = {};\nconst LATER = {};\n\n",
        list(false)?,
        list(true)?
    ))
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_registers_once_and_all_its_files_are_listed() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let dist = folder.path();
        fs::create_dir_all(dist.join("data/mnist"))?;
        for (name, text) in [
            ("index.html", "<html><head></head><body></body></html>"),
            ("page-0123456789abcdef.js", "a"),
            ("page-0123456789abcdef.js.br", "a"),
            ("worker_cpu.js", "abc"),
            ("worker_cpu.js.gz", "a"),
            ("data/mnist/images.gz", "a"),
        ] {
            fs::write(dist.join(name), text)?;
        }
        equip(dist)?;
        let worker = fs::read_to_string(dist.join(WORKER))?;
        equip(dist)?;
        assert_eq!(worker, fs::read_to_string(dist.join(WORKER))?);
        let index = fs::read_to_string(dist.join("index.html"))?;
        assert_eq!(index.matches("register(").count(), 1, "{index}");
        assert!(index.find("register(") < index.find("</head>"));
        let (page, later) = worker.split_once("const LATER").context("no LATER")?;
        let (later, program) = later.split_once("};").context("no end")?;
        assert!(page.contains("index.html") && page.contains("page-0123456789abcdef.js\""));
        assert!(later.contains("data/mnist/images.gz") && later.contains("worker_cpu.js\""));
        // SHA-256 of "abc".
        assert!(later.contains("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
        for copy in [".js.br", ".js.gz", WORKER] {
            assert!(!page.contains(copy) && !later.contains(copy), "{copy}");
        }
        assert!(program.contains("addEventListener(\"fetch\""));
        // Another content is another version.
        fs::write(dist.join("worker_cpu.js"), "abd")?;
        equip(dist)?;
        assert_ne!(worker, fs::read_to_string(dist.join(WORKER))?);
        Ok(())
    }
}
