//! Packages by apt: installing them, and reading single ones of other suites without installing.
//!
//! Hosts and keys always come from the machine's own apt configuration.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::process::{capture, on_path, run, run_within};

/// Whether this machine has apt.
pub fn is_here() -> bool {
    on_path("apt-get").is_some() && on_path("dpkg-deb").is_some()
}

/// Installs packages, as root or through a `sudo` that asks nothing.
pub fn install(packages: &[&str]) -> Result<()> {
    let apt_get = |arguments: &[&str]| -> Result<()> {
        let mut command = as_root()?;
        command
            .args(["apt-get", "-q", "-y", "-o", "Acquire::Retries=2"])
            .args(arguments);
        run(&mut command)
    };
    let mut arguments = vec!["install", "--no-install-recommends"];
    arguments.extend(packages);
    // The lists of a fresh machine are often empty or old.
    if apt_get(&arguments).is_err() {
        apt_get(&["update"])?;
        apt_get(&arguments)?;
    }
    Ok(())
}

/// Whether this program runs as root.
pub fn is_root() -> Result<bool> {
    Ok(capture(Command::new("id").arg("-u"))?.trim() == "0")
}

/// `env` (so that apt asks nothing), as root.
fn as_root() -> Result<Command> {
    let mut command = if is_root()? {
        Command::new("env")
    } else if capture(Command::new("sudo").args(["-n", "true"])).is_ok() {
        let mut sudo = Command::new("sudo");
        sudo.args(["-n", "env"]);
        sudo
    } else {
        bail!("installing packages needs root (or a sudo that asks for no password)");
    };
    command.arg("DEBIAN_FRONTEND=noninteractive");
    Ok(command)
}

/// Suites to look into after the machine's own, nearest first.
const OTHER_SUITES: [&str; 4] = ["stable-backports", "testing", "unstable", "devel"];

/// Finds one of `packages` in exactly the upstream version, in the machine's own suites or in others
/// of the same mirror, and unpacks it under `folder`.
pub fn unpack_version(packages: &[&str], version: &str, folder: &Path) -> Result<PathBuf> {
    let sources = machine_sources()?;
    let codename = codename()?;
    let own: Vec<&Source> = sources
        .iter()
        .filter(|source| source.has_suite(&codename))
        .collect();
    if own.is_empty() {
        bail!("no apt source of this machine is for its release `{codename}`");
    }
    let mut candidates = vec![(
        "its own suites",
        own.iter()
            .map(|source| source.text())
            .collect::<Vec<_>>()
            .join("\n"),
    )];
    for suite in OTHER_SUITES {
        let text: Vec<String> = own.iter().map(|source| source.with_suite(suite)).collect();
        candidates.push((suite, text.join("\n")));
    }
    for (name, text) in candidates {
        println!("  looking for version {version} in {name}");
        let private = PrivateApt::new(&folder.join("apt"), &text)?;
        // A suite that this mirror does not have is no error, only no find.
        if private.update().is_err() {
            continue;
        }
        if let Some((package, full)) = private.find(packages, version)? {
            println!("  taking {package} {full}");
            return private.unpack(&package, &full, &folder.join("unpacked"));
        }
    }
    bail!(
        "none of {} has version {version} there",
        packages.join(", ")
    )
}

/// An apt of its own: the machine's mirrors and keys, other suites, nothing written outside `folder`.
struct PrivateApt {
    folder: PathBuf,
}

impl PrivateApt {
    fn new(folder: &Path, sources: &str) -> Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        for part in ["lists/partial", "cache/archives/partial", "parts"] {
            fs::create_dir_all(folder.join(part))?;
        }
        let folder = folder.to_owned();
        // apt tells the two formats apart by the file's name.
        let name = if sources.contains("URIs:") {
            "list.sources"
        } else {
            "list.list"
        };
        fs::write(folder.join("parts").join(name), sources)?;
        Ok(Self { folder })
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let folder = self.folder.display();
        command.args([
            "-o".to_owned(),
            "Dir::Etc::SourceList=/dev/null".to_owned(),
            "-o".to_owned(),
            format!("Dir::Etc::SourceParts={folder}/parts"),
            "-o".to_owned(),
            format!("Dir::State::Lists={folder}/lists"),
            "-o".to_owned(),
            format!("Dir::Cache={folder}/cache"),
        ]);
        for option in [
            "Acquire::Languages=none",
            "Acquire::Retries=1",
            "Acquire::http::Timeout=20",
            "Acquire::https::Timeout=20",
            "APT::Sandbox::User=",
            // A suite that is missing must be an error, not a warning.
            "APT::Update::Error-Mode=any",
        ] {
            command.args(["-o", option]);
        }
        command.args(["-q"]);
        command
    }

    fn update(&self) -> Result<()> {
        let mut command = self.command("apt-get");
        command.arg("update").stdout(std::process::Stdio::null());
        run_within(&mut command, Duration::from_secs(180))
    }

    fn find(&self, packages: &[&str], version: &str) -> Result<Option<(String, String)>> {
        let table = capture(self.command("apt-cache").arg("madison").args(packages))?;
        Ok(pick(&table, version))
    }

    fn unpack(&self, package: &str, version: &str, folder: &Path) -> Result<PathBuf> {
        let mut download = self.command("apt-get");
        download
            .arg("download")
            .arg(format!("{package}={version}"))
            .current_dir(&self.folder);
        run_within(&mut download, Duration::from_secs(600))?;
        let file = fs::read_dir(&self.folder)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
            .context("apt downloaded no package")?;
        run(Command::new("dpkg-deb").arg("-x").arg(file).arg(folder))?;
        Ok(folder.to_owned())
    }
}

/// The package and full version of the first line of `apt-cache madison` with that upstream version.
fn pick(table: &str, version: &str) -> Option<(String, String)> {
    table.lines().find_map(|line| {
        let mut columns = line.split('|').map(str::trim);
        let (package, full) = (columns.next()?, columns.next()?);
        let upstream = full.split_once(':').map_or(full, |(_epoch, rest)| rest);
        let upstream = upstream.split(['+', '-', '~']).next()?;
        (upstream == version).then(|| (package.to_owned(), full.to_owned()))
    })
}

/// One entry of the machine's source lists.
enum Source {
    /// A paragraph of a `.sources` file.
    Paragraph(String),
    /// A `deb` line of a `.list` file.
    Line(String),
}

impl Source {
    fn text(&self) -> String {
        match self {
            Self::Paragraph(text) => format!("{text}\n"),
            Self::Line(text) => text.clone(),
        }
    }

    fn has_suite(&self, suite: &str) -> bool {
        match self {
            Self::Paragraph(text) => text
                .lines()
                .filter_map(|line| field(line, "suites"))
                .any(|suites| suites.split_whitespace().any(|one| one == suite)),
            Self::Line(text) => line_parts(text).is_some_and(|(_, one, _)| one == suite),
        }
    }

    /// The same mirror and keys with another suite.
    fn with_suite(&self, suite: &str) -> String {
        match self {
            Self::Paragraph(text) => {
                let lines: Vec<String> = text
                    .lines()
                    .map(|line| match field(line, "suites") {
                        Some(_) => format!("Suites: {suite}"),
                        None => line.to_owned(),
                    })
                    .collect();
                lines.join("\n") + "\n"
            }
            Self::Line(text) => line_parts(text).map_or_else(String::new, |(before, _, after)| {
                format!("{before} {suite} {after}")
            }),
        }
    }
}

/// A deb822 field's value, if the line is that field's.
fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (key, value) = line.split_once(':')?;
    key.eq_ignore_ascii_case(name).then(|| value.trim())
}

/// A `deb` line as: type, options and address; suite; components.
fn line_parts(line: &str) -> Option<(&str, &str, &str)> {
    let options_end = line.find(']').map_or(3, |end| end + 1);
    let address = options_end + line[options_end..].find(|c: char| !c.is_whitespace())?;
    let address_end = address + line[address..].find(char::is_whitespace)?;
    let rest = line[address_end..].trim_start();
    let (suite, components) = rest.split_once(char::is_whitespace)?;
    Some((&line[..address_end], suite, components))
}

fn parse_paragraphs(text: &str) -> Vec<Source> {
    let no_comments: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    no_comments
        .split(|line| line.trim().is_empty())
        .filter(|lines| {
            let has = |name, value: &str| {
                lines
                    .iter()
                    .filter_map(|line| field(line, name))
                    .any(|found| found.split_whitespace().any(|one| one == value))
            };
            has("types", "deb") && !has("enabled", "no")
        })
        .map(|lines| Source::Paragraph(lines.join("\n")))
        .collect()
}

fn parse_lines(text: &str) -> Vec<Source> {
    text.lines()
        .map(str::trim)
        .filter(|line| line.starts_with("deb ") || line.starts_with("deb\t"))
        .map(|line| Source::Line(line.split(" #").next().unwrap_or(line).to_owned()))
        .collect()
}

/// The machine's sources. One format only, if both are there: apt wants one file's text of one format.
fn machine_sources() -> Result<Vec<Source>> {
    let shell = |name: &str| capture(Command::new("apt-config").args(["shell", "VALUE", name]));
    let value = |text: String| {
        text.trim()
            .trim_start_matches("VALUE=")
            .trim_matches('\'')
            .to_owned()
    };
    let mut paragraphs = Vec::new();
    let mut lines = Vec::new();
    let list = PathBuf::from(value(shell("Dir::Etc::sourcelist/f")?));
    let parts = PathBuf::from(value(shell("Dir::Etc::sourceparts/d")?));
    let mut files: Vec<PathBuf> = fs::read_dir(parts)
        .map(|entries| {
            entries
                .filter_map(|entry| Some(entry.ok()?.path()))
                .collect()
        })
        .unwrap_or_default();
    files.push(list);
    files.sort();
    for file in files {
        let extension = file.extension().and_then(|extension| extension.to_str());
        let Ok(text) = fs::read_to_string(&file) else {
            continue;
        };
        match extension {
            Some("sources") => paragraphs.extend(parse_paragraphs(&text)),
            Some("list") => lines.extend(parse_lines(&text)),
            _ => {}
        }
    }
    let codename = codename()?;
    let chosen = if paragraphs.iter().any(|source| source.has_suite(&codename)) {
        paragraphs
    } else {
        lines
    };
    Ok(chosen)
}

/// The release of this machine's distribution.
fn codename() -> Result<String> {
    let path = env::var("OS_RELEASE").unwrap_or_else(|_| "/etc/os-release".to_owned());
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    text.lines()
        .find_map(|line| line.strip_prefix("VERSION_CODENAME="))
        .map(|name| name.trim_matches('"').to_owned())
        .context("/etc/os-release names no VERSION_CODENAME")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn version_is_matched_exactly() {
        let table = " rust-src | 1.96.1+dfsg1-2~bpo13+1 | m s/main amd64 Packages\n \
                     rust-src | 1.95.0+dfsg1-2~bpo13+1 | m s/main amd64 Packages\n";
        let (package, full) = pick(table, "1.95.0").unwrap();
        assert_eq!(
            (package.as_str(), full.as_str()),
            ("rust-src", "1.95.0+dfsg1-2~bpo13+1")
        );
        assert_eq!(pick(table, "1.96.0"), None);
        assert_eq!(pick(table, "1.9"), None);
    }

    #[test]
    fn suite_is_replaced_and_the_rest_is_kept() {
        let sources = parse_paragraphs(
            "# comment\nTypes: deb\nURIs: http://mirror/debian\nSuites: a a-updates\nSigned-By: /k\n\n\
             Types: deb-src\nURIs: http://mirror/debian\nSuites: a\n\n\
             Types: deb\nEnabled: no\nURIs: http://other\nSuites: a\n",
        );
        assert_eq!(sources.len(), 1);
        assert!(sources[0].has_suite("a") && !sources[0].has_suite("a-security"));
        assert_eq!(
            sources[0].with_suite("b"),
            "Types: deb\nURIs: http://mirror/debian\nSuites: b\nSigned-By: /k\n"
        );
        let lines = parse_lines(
            "#deb x y z\ndeb [signed-by=/k arch=q] http://mirror/u  a main other # c\n",
        );
        assert!(lines[0].has_suite("a"));
        assert_eq!(
            lines[0].with_suite("b"),
            "deb [signed-by=/k arch=q] http://mirror/u b main other"
        );
        assert_eq!(
            parse_lines("deb http://m a main")[0].with_suite("b"),
            "deb http://m b main"
        );
    }
}
