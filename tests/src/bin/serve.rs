//! `squeeze-serve FOLDER`: serves the built page on 127.0.0.1.

use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use clap::{Parser, ValueEnum};
use squeeze_tests::server::{Compression, Server, ServerError};

/// Serves a built page on 127.0.0.1.
#[derive(Parser)]
struct Options {
    /// The folder to serve.
    folder: PathBuf,
    /// The port; 0 takes any free one.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Compress answers.
    #[arg(long, value_enum, default_value_t = Encoding::None)]
    compress: Encoding,
    /// Open the page in the browser.
    #[arg(long)]
    open: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Encoding {
    None,
    Gzip,
    Br,
}

fn main() -> ExitCode {
    match serve(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(options: &Options) -> Result<(), ServerError> {
    let compression = match options.compress {
        Encoding::None => Compression::None,
        Encoding::Gzip => Compression::Gzip,
        Encoding::Br => Compression::Brotli,
    };
    let server = Server::start(&options.folder, options.port, compression)?;
    println!("Squeeze is at {}  (Ctrl-C ends it)", server.url());
    if options.open && !open(&server.url()) {
        println!("No browser could be opened from here: open the address yourself.");
    }
    server.wait()
}

/// Opens the address in the user's browser; false if that cannot be done.
fn open(url: &str) -> bool {
    let (program, arguments): (&str, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(windows) {
        ("cmd", &["/C", "start", ""])
    } else {
        ("xdg-open", &[])
    };
    Command::new(program)
        .args(arguments)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .is_ok()
}
