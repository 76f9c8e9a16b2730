//! One style sheet of the many: each would be a request of its own before anything is seen.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// How a link to a sheet of the page begins.
const LINK: &str = "<link rel=\"stylesheet\" href=\"./";

/// Joins the sheets of the page in `dist`, in their order. Can be done again.
pub fn join(dist: &Path) -> Result<()> {
    let index = dist.join("index.html");
    let page =
        fs::read_to_string(&index).with_context(|| format!("cannot read {}", index.display()))?;
    let (kept, names) = split(&page);
    if names.len() < 2 {
        return Ok(());
    }
    let mut sheet = String::new();
    for name in &names {
        let path = dist.join(name);
        sheet += &fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
    }
    let hash = format!("{:x}", Sha256::digest(sheet.as_bytes()));
    let name = format!("page-{}.css", &hash[..16]);
    let path = dist.join(&name);
    fs::write(&path, &sheet).with_context(|| format!("cannot write {}", path.display()))?;
    let (head, rest) = kept
        .split_once("</title>")
        .with_context(|| format!("{} has no title", index.display()))?;
    let text = format!("{head}</title>\n    {LINK}{name}\"/>{rest}");
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
    fn sheets_are_one_in_their_order() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let dist = folder.path();
        let link = |name: &str| format!("    {LINK}{name}\" integrity=\"sha384-x\"/>\n");
        let page = format!(
            "<head>\n<title>a</title>\n{}{}<link rel=\"icon\" href=\"./a.svg\"/>\n</head>\n",
            link("b-1.css"),
            link("a-2.css")
        );
        fs::write(dist.join("index.html"), page)?;
        fs::write(dist.join("b-1.css"), "b{}\n")?;
        fs::write(dist.join("a-2.css"), "a{}\n")?;
        join(dist)?;
        let page = fs::read_to_string(dist.join("index.html"))?;
        join(dist)?;
        assert_eq!(page, fs::read_to_string(dist.join("index.html"))?);
        let (_, names) = split(&page);
        let [name] = names[..] else {
            panic!("{page}");
        };
        assert!(name.starts_with("page-"), "{name}");
        assert_eq!(fs::read_to_string(dist.join(name))?, "b{}\na{}\n");
        assert!(
            page.contains("a.svg") && !page.contains("b-1.css"),
            "{page}"
        );
        assert!(!dist.join("b-1.css").exists() && !dist.join("a-2.css").exists());
        Ok(())
    }
}
