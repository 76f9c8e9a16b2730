//! Names of files inside a folder or an archive, with forward slashes.

/// The last part of a path.
pub(super) fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// True for a path that could name something outside the place it is in. Nothing is ever written
/// under such a name here; an archive that has one was not made in good faith.
pub(super) fn leads_out(path: &str) -> bool {
    let drive = path.as_bytes().get(1) == Some(&b':');
    drive || path.starts_with('/') || path.split('/').any(|part| part == "..")
}

/// True for what systems leave behind in folders and archives, for hidden files, and for downloads
/// that are not finished.
pub(super) fn is_junk(path: &str) -> bool {
    path.split('/').any(|part| {
        part.starts_with('.')
            || part.ends_with(".part")
            || part == "__MACOSX"
            || part.eq_ignore_ascii_case("thumbs.db")
            || part.eq_ignore_ascii_case("desktop.ini")
    })
}

/// True for a document that people put beside data: a readme, a licence, a table.
pub(super) fn is_document(path: &str) -> bool {
    const ENDINGS: [&str; 11] = [
        "csv", "htm", "html", "json", "md", "pdf", "rst", "toml", "txt", "xml", "yaml",
    ];
    let name = base(path);
    match name.rsplit_once('.') {
        Some((_, ending)) => ENDINGS
            .iter()
            .any(|known| ending.eq_ignore_ascii_case(known)),
        None => ["readme", "license", "licence", "copyright", "notice"]
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_judged() {
        assert_eq!(base("a/b.png"), "b.png");
        assert_eq!(base("b.png"), "b.png");
        for path in ["../a", "a/../../b", "/etc/passwd", "C:/a", "a/.."] {
            assert!(leads_out(path), "{path}");
        }
        for path in ["a/b..c", "...", "a/b", ""] {
            assert!(!leads_out(path), "{path}");
        }
        for path in [
            ".git/a.png",
            "__MACOSX/a/._1.png",
            "a/Thumbs.db",
            "a/.DS_Store",
            "a.tar.gz.part",
        ] {
            assert!(is_junk(path), "{path}");
        }
        assert!(!is_junk("a/b.png"));
        assert!(
            is_document("a/README.md") && is_document("LICENSE") && is_document("x/labels.CSV")
        );
        assert!(!is_document("a/b.gif") && !is_document("a/b"));
    }
}
