//! The page's Content-Security-Policy: it runs its own files and what it was built with, and speaks to
//! where it came from alone, whatever finds its way into it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

/// What the policy begins with, in the page.
const META: &str = "<meta http-equiv=\"Content-Security-Policy\" content=\"";

/// Writes the policy into the page in `dist`, at the beginning of its head. What stands in the page itself
/// is named by its hash. Can be done again, and is done last.
pub fn write(dist: &Path) -> Result<()> {
    let index = dist.join("index.html");
    let page =
        fs::read_to_string(&index).with_context(|| format!("cannot read {}", index.display()))?;
    let page = without(&page);
    // Browsers look for the encoding in the first kilobyte.
    let encoding = page.split_inclusive("<meta charset=\"utf-8\" />").next();
    let head = match encoding {
        Some(head) if head.len() < page.len() => head.len(),
        _ => {
            let tag = page.find("<head>");
            tag.with_context(|| format!("{} has no head", index.display()))? + "<head>".len()
        }
    };
    let (head, rest) = page.split_at(head);
    let text = format!("{head}{META}{}\" />{rest}", policy(&page));
    fs::write(&index, text).with_context(|| format!("cannot write {}", index.display()))
}

/// The page without the policy of an earlier build.
fn without(page: &str) -> String {
    let policy = page.split_once(META).and_then(|(before, rest)| {
        let (_, after) = rest.split_once("/>")?;
        Some(format!("{before}{after}"))
    });
    policy.unwrap_or_else(|| page.to_owned())
}

fn policy(page: &str) -> String {
    let scripts = hashes(page, "script");
    let styles = hashes(page, "style");
    [
        "default-src 'none'".to_owned(),
        // Compiling WebAssembly, and no text.
        format!("script-src 'self' 'wasm-unsafe-eval'{scripts}"),
        "worker-src 'self'".to_owned(),
        "connect-src 'self'".to_owned(),
        format!("style-src 'self'{styles}"),
        // Pictures that were dropped on the page or come of an attack.
        "img-src 'self' blob: data:".to_owned(),
        "media-src 'self' blob:".to_owned(),
        "manifest-src 'self'".to_owned(),
        "base-uri 'none'".to_owned(),
        "form-action 'none'".to_owned(),
        // The one policy is in `index.html`.
        "require-trusted-types-for 'script'".to_owned(),
        "trusted-types default".to_owned(),
    ]
    .join("; ")
}

/// The hashes of all that stands in elements of this name, each behind a space.
fn hashes(page: &str, element: &str) -> String {
    let (begin, end) = (format!("<{element}"), format!("</{element}>"));
    let mut rest = page;
    let mut found = String::new();
    while let Some((_, after)) = rest.split_once(&begin) {
        let Some((inside, next)) = after.split_once(&end) else {
            break;
        };
        rest = next;
        let Some((attributes, text)) = inside.split_once('>') else {
            continue;
        };
        if !text.is_empty() && !attributes.contains(" src=") {
            let hash = BASE64_STANDARD.encode(Sha256::digest(text));
            found += &format!(" 'sha256-{hash}'");
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_the_page_is_named_by_its_hash() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let index = folder.path().join("index.html");
        let page = "<html><head><title>t</title><style>abc</style>\
                    <script type=\"module\">abc</script><script src=\"x.js\"></script></head></html>";
        fs::write(&index, page)?;
        write(folder.path())?;
        let once = fs::read_to_string(&index)?;
        // SHA-256 of "abc", in base 64.
        let hash = "'sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0='";
        assert_eq!(once.matches(hash).count(), 2, "{once}");
        assert!(once.contains(&format!("script-src 'self' 'wasm-unsafe-eval' {hash};")));
        assert!(once.contains(&format!("style-src 'self' {hash};")));
        assert!(!once.contains("unsafe-inline"));
        assert!(once.find(META) < once.find("<title>"));
        write(folder.path())?;
        assert_eq!(fs::read_to_string(&index)?, once);
        Ok(())
    }
}
