//! The static server of the built page, on 127.0.0.1 only.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::JoinHandle;

use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::{self, HeaderName};
use axum::response::Response;
use tokio::sync::oneshot;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;

/// How answers are compressed, where the browser takes that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Not at all: the quickest on one machine.
    #[default]
    None,
    /// gzip.
    Gzip,
    /// Brotli.
    Brotli,
}

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The folder is not there.
    #[error("there is no folder {0}: build the page first")]
    NoFolder(PathBuf),
    /// The port cannot be had.
    #[error(
        "cannot listen on 127.0.0.1:{port} ({source}): choose another port, or 0 for any free one"
    )]
    Port {
        /// The port asked for.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// Anything else of the system.
    #[error("the server cannot run: {0}")]
    System(#[from] io::Error),
}

/// A running server; it ends when dropped.
pub struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Server {
    /// Serves `folder` on a thread of its own. Port 0 takes any free one.
    ///
    /// # Errors
    /// [`ServerError`] says what is wrong and what to do.
    pub fn start(folder: &Path, port: u16, compression: Compression) -> Result<Self, ServerError> {
        if !folder.is_dir() {
            return Err(ServerError::NoFolder(folder.to_owned()));
        }
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .map_err(|source| ServerError::Port { port, source })?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_io()
            .build()?;
        let router = router(folder, compression);
        let (stop, stopped) = oneshot::channel::<()>();
        let (ready, is_ready) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener)?;
                ready.send(()).ok();
                tokio::select! {
                    result = axum::serve(listener, router).into_future() => result,
                    _ = stopped => Ok(()),
                }
            })
        });
        is_ready.recv().ok();
        Ok(Self {
            address,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The address of the page, with a trailing slash.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Serves until it fails.
    ///
    /// # Errors
    /// What ended it.
    pub fn wait(mut self) -> Result<(), ServerError> {
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(result)) => Ok(result?),
            _ => Ok(()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            stop.send(()).ok();
        }
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

/// What a worker may do: run its own files, compile WebAssembly, and speak to where it came from.
const WORKER_POLICY: &str =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'";

fn router(folder: &Path, compression: Compression) -> Router {
    let mut router = Router::new().fallback_service(ServeDir::new(folder));
    let headers = [
        // With these three the page may use shared memory and precise clocks.
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-embedder-policy"),
            "require-corp",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        // Ask again each time: a new build must be seen at once.
        (header::CACHE_CONTROL, "no-cache"),
    ];
    for (name, value) in headers {
        router = router.layer(SetResponseHeaderLayer::overriding(
            name,
            HeaderValue::from_static(value),
        ));
    }
    // The page brings its own policy, and a worker has that of its script.
    router = router.layer(SetResponseHeaderLayer::if_not_present(
        header::CONTENT_SECURITY_POLICY,
        |answer: &Response| {
            let kind = answer.headers().get(header::CONTENT_TYPE)?;
            let is_script = kind.to_str().ok()?.contains("javascript");
            is_script.then_some(HeaderValue::from_static(WORKER_POLICY))
        },
    ));
    if compression == Compression::None {
        return router;
    }
    router.layer(
        CompressionLayer::new()
            .gzip(compression == Compression::Gzip)
            .br(compression == Compression::Brotli)
            // Data files are gzip already, and the page unpacks them itself.
            .compress_when(
                DefaultPredicate::new().and(NotForContentType::const_new("application/gzip")),
            ),
    )
}
