//! The style sheets go into the page: each would be a request of its own before anything is seen.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// How a link to a sheet of the page begins.
const LINK: &str = "<link rel=\"stylesheet\" href=\"./";

/// Puts the sheets of the page in `dist` into it, in their order. Can be done again.
pub fn join(dist: &Path) -> Result<()> {
    let index = dist.join("index.html");
    let page =
        fs::read_to_string(&index).with_context(|| format!("cannot read {}", index.display()))?;
    let (kept, names) = split(&page);
    if names.is_empty() {
        return Ok(());
    }
    let mut sheet = String::new();
    for name in &names {
        let path = dist.join(name);
        sheet += &fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
    }
    let (head, rest) = kept
        .split_once("</title>")
        .with_context(|| format!("{} has no title", index.display()))?;
    let sheet = small(&sheet);
    let text = format!("{head}</title>\n<style>\n{sheet}</style>{rest}");
    fs::write(&index, text).with_context(|| format!("cannot write {}", index.display()))?;
    for name in &names {
        let path = dist.join(name);
        fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        for end in ["br", "gz"] {
            // Copies of it that an earlier call made go with it.
            let copy = dist.join(format!("{name}.{end}"));
            if copy.is_file() {
                fs::remove_file(&copy)
                    .with_context(|| format!("cannot remove {}", copy.display()))?;
            }
        }
    }
    Ok(())
}

/// A sheet without its comments and indentation. None of ours has a comment's mark in a string.
fn small(sheet: &str) -> String {
    let mut plain = String::with_capacity(sheet.len());
    let mut rest = sheet;
    while let Some((before, after)) = rest.split_once("/*") {
        plain += before;
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    plain += rest;
    let lines = plain.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(|line| format!("{line}\n")).collect()
}

/// The page without its links to sheets, and the sheets' names.
fn split(page: &str) -> (String, Vec<&str>) {
    let mut names = Vec::new();
    let lines = page.lines().filter(|line| {
        let name = line
            .trim_start()
            .strip_prefix(LINK)
            .and_then(|rest| rest.split_once('"'));
        names.extend(name.map(|(name, _)| name));
        name.is_none()
    });
    let kept: String = lines.map(|line| format!("{line}\n")).collect();
    (kept, names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sheets_are_in_the_page_in_their_order() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let dist = folder.path();
        let link = |name: &str| format!("    {LINK}{name}\" integrity=\"sha384-x\"/>\n");
        let page = format!(
            "<head>\n<title>a</title>\n{}{}<link rel=\"icon\" href=\"./a.svg\"/>\n</head>\n",
            link("b-1.css"),
            link("a-2.css")
        );
        fs::write(dist.join("index.html"), page)?;
        fs::write(
            dist.join("b-1.css"),
            "/* of b,\n and more */\nb {\n  top: 0;\n}\n\n",
        )?;
        fs::write(dist.join("a-2.css"), "a{}\n")?;
        join(dist)?;
        let page = fs::read_to_string(dist.join("index.html"))?;
        join(dist)?;
        assert_eq!(page, fs::read_to_string(dist.join("index.html"))?);
        assert!(
            page.contains("<style>\nb {\ntop: 0;\n}\na{}\n</style>"),
            "{page}"
        );
        assert!(
            page.contains("a.svg") && !page.contains("b-1.css"),
            "{page}"
        );
        assert!(!dist.join("b-1.css").exists() && !dist.join("a-2.css").exists());
        Ok(())
    }
}
