//! A headless Chromium with one page, as a user has it: a real window size, real clicks and keys.
//!
//! It keeps what the page and its workers write to the console, what they throw and what they load.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::chromium;
use crate::devtools::{DevTools, DevToolsError, Event, lock};

/// Why the browser did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    /// There is no Chromium.
    #[error("no Chromium was found: `cargo xtask setup` brings it, or set CHROME to its program")]
    NotFound,
    /// Files or processes.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: String,
        /// What the system said.
        source: io::Error,
    },
    /// The connection.
    #[error(transparent)]
    DevTools(#[from] DevToolsError),
    /// A script threw.
    #[error("`{script}` threw {error}")]
    Script {
        /// The script.
        script: String,
        /// What it threw.
        error: String,
    },
    /// The page did not get where it was expected.
    #[error("waited {} s in vain for {what}\n{state}", limit.as_secs())]
    Timeout {
        /// What was waited for.
        what: String,
        /// How long.
        limit: Duration,
        /// What the console held and the page showed.
        state: String,
    },
    /// There is no such element.
    #[error("the page has no element {0}")]
    NoElement(String),
}

/// Result of a browser operation.
pub type Result<T> = std::result::Result<T, BrowserError>;

/// What the browser can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Graphics {
    /// No WebGPU.
    #[default]
    None,
    /// WebGPU on SwiftShader, for computing.
    WebGpu,
    /// WebGPU on SwiftShader, for computing and drawing to a canvas.
    WebGpuCanvas,
}

impl Graphics {
    fn flags(self) -> &'static [&'static str] {
        match self {
            Self::None => &["--disable-features=WebGPU", "--disable-gpu"],
            Self::WebGpu => &["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"],
            Self::WebGpuCanvas => &[
                "--enable-unsafe-webgpu",
                "--use-webgpu-adapter=swiftshader",
                // Without these a WebGPU canvas loses its device.
                "--enable-features=Vulkan",
                "--use-vulkan=swiftshader",
                "--use-angle=vulkan",
            ],
        }
    }
}

const FLAGS: [&str; 15] = [
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-sandbox",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--mute-audio",
    // A camera that shows a moving disc, and that no one is asked about.
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--hide-scrollbars",
    "--password-store=basic",
];

/// How bad a console message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// `console.log` and milder.
    Info,
    /// `console.warn`.
    Warning,
    /// `console.error`, an exception that nobody caught, something that did not load.
    Error,
}

/// A line of the console, from the page or one of its workers.
#[derive(Clone, Debug)]
pub struct ConsoleLine {
    /// How bad.
    pub level: Level,
    /// What it says.
    pub text: String,
}

/// A light or a dark desktop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColorScheme {
    /// `prefers-color-scheme: light`
    Light,
    /// `prefers-color-scheme: dark`
    Dark,
}

/// What the page and its workers did.
#[derive(Default)]
struct Record {
    console: Vec<ConsoleLine>,
    requests: Vec<String>,
    bytes_received: f64,
    /// Sessions of the workers, in the order that they began.
    workers: Vec<String>,
}

/// A browser with one page, or several in tabs. It ends when dropped.
pub struct Browser {
    child: Child,
    devtools: DevTools,
    /// The tab that all calls go to.
    session: String,
    /// Sessions of the tabs, in the order that they were opened.
    tabs: Vec<String>,
    record: Arc<Mutex<Record>>,
    // Dropped last: the browser writes there.
    _profile: TempDir,
}

impl Browser {
    /// Starts a browser with an empty page of 1440 x 900.
    ///
    /// # Errors
    /// [`BrowserError::NotFound`] or what went wrong.
    pub fn start(graphics: Graphics) -> Result<Self> {
        let program = chromium::find().ok_or(BrowserError::NotFound)?;
        let system = |what: &str| {
            let what = what.to_owned();
            move |source| BrowserError::System { what, source }
        };
        let profile =
            TempDir::new().map_err(system("cannot make a folder for the browser's profile"))?;
        // Chromium talks on descriptors 3 and 4; the shell makes them of its own 0 and 1.
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null"])
            .arg(&program)
            .args(FLAGS)
            .args(graphics.flags())
            .arg("--window-size=1440,900")
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            // SwiftShader comes with Chromium: drivers chosen for others are none of its business.
            .env_remove("VK_DRIVER_FILES")
            .env_remove("VK_ICD_FILENAMES")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(system("cannot start the browser"))?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let Some((writer, reader)) = pipes else {
            return Err(system("cannot talk to the browser")(
                io::ErrorKind::BrokenPipe.into(),
            ));
        };
        let record = Arc::new(Mutex::new(Record::default()));
        let for_events = Arc::clone(&record);
        let devtools = DevTools::new(writer, reader, move |devtools, event| {
            receive(devtools, &event, &mut lock(&for_events));
        });
        let mut browser = Self {
            child,
            devtools,
            session: String::new(),
            tabs: Vec::new(),
            record,
            _profile: profile,
        };
        browser.open_tab()?;
        Ok(browser)
    }

    /// Opens an empty tab in front of the others; all calls go there from now on.
    ///
    /// # Errors
    /// [`BrowserError`].
    pub fn open_tab(&mut self) -> Result<()> {
        let target =
            self.devtools
                .call("", "Target.createTarget", json!({ "url": "about:blank" }))?;
        let attached = self.devtools.call(
            "",
            "Target.attachToTarget",
            json!({ "targetId": target["targetId"], "flatten": true }),
        )?;
        self.session = attached["sessionId"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        self.tabs.push(self.session.clone());
        for method in [
            "Page.enable",
            "Runtime.enable",
            "Log.enable",
            "Network.enable",
        ] {
            self.call(method, json!({}))?;
        }
        self.call("Target.setAutoAttach", auto_attach())?;
        self.set_viewport(1440, 900)?;
        self.bring_to_front()
    }

    /// Has all calls go to the tab that was opened at this place, from 0; it may stay behind others.
    ///
    /// # Panics
    /// If so many were not opened.
    pub fn turn_to_tab(&mut self, place: usize) {
        self.session.clone_from(&self.tabs[place]);
    }

    /// Shows the tab that calls go to, and hides the others.
    ///
    /// # Errors
    /// [`BrowserError`].
    pub fn bring_to_front(&self) -> Result<()> {
        self.call("Page.bringToFront", json!({}))?;
        Ok(())
    }

    fn call(&self, method: &str, params: Value) -> Result<Value> {
        Ok(self.devtools.call(&self.session, method, params)?)
    }

    /// Runs a script before anything else in every document opened from now on.
    ///
    /// # Errors
    /// [`BrowserError`].
    pub fn on_new_document(&self, script: &str) -> Result<()> {
        self.call(
            "Page.addScriptToEvaluateOnNewDocument",
            json!({ "source": script }),
        )?;
        Ok(())
    }

    /// How many dedicated workers have begun so far.
    #[must_use]
    pub fn workers(&self) -> usize {
        lock(&self.record).workers.len()
    }

    /// The value of a JavaScript expression in the worker that began last.
    ///
    /// # Errors
    /// [`BrowserError::NoElement`] if there is none, or what the browser says.
    pub fn eval_in_worker(&self, script: &str) -> Result<Value> {
        let session = lock(&self.record).workers.last().cloned();
        let session = session.ok_or_else(|| BrowserError::NoElement("worker".to_owned()))?;
        let parameters = json!({ "expression": script, "returnByValue": true });
        let mut answer = self
            .devtools
            .call(&session, "Runtime.evaluate", parameters)?;
        Ok(answer["result"]["value"].take())
    }

    /// Lets the pages of an address store so many bytes and no more.
    ///
    /// # Errors
    /// [`BrowserError`].
    pub fn set_quota(&self, origin: &str, bytes: u64) -> Result<()> {
        let origin = origin.trim_end_matches('/');
        self.call(
            "Storage.overrideQuotaForOrigin",
            json!({ "origin": origin, "quotaSize": bytes }),
        )?;
        Ok(())
    }

    /// Ends the browser's process for graphics, as a fault in a driver does.
    pub fn crash_gpu(&self) {
        self.devtools.cast("", "Browser.crashGpuProcess", json!({}));
    }

    /// What the browser's processes have in memory, each with its share of what is shared, in KiB. Linux alone
    /// tells it.
    #[must_use]
    pub fn memory_kib(&self) -> Option<u64> {
        let processes = std::fs::read_dir("/proc").ok()?;
        let processes: Vec<(u32, u32)> = processes
            .filter_map(|entry| {
                let id: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
                let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
                // The name before it is in brackets and may hold anything.
                let (_, after) = stat.rsplit_once(')')?;
                Some((id, after.split_whitespace().nth(1)?.parse().ok()?))
            })
            .collect();
        let mut ours = vec![self.child.id()];
        let mut at = 0;
        while let Some(&parent) = ours.get(at) {
            ours.extend(
                processes
                    .iter()
                    .filter(|(_, of)| *of == parent)
                    .map(|(id, _)| id),
            );
            at += 1;
        }
        let share = |id: &u32| {
            let text = std::fs::read_to_string(format!("/proc/{id}/smaps_rollup")).ok()?;
            let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
            line.split_whitespace().next()?.parse::<u64>().ok()
        };
        let shares: Vec<u64> = ours.iter().filter_map(share).collect();
        (!shares.is_empty()).then(|| shares.iter().sum())
    }

    /// Opens an address and waits until it is loaded.
    ///
    /// # Errors
    /// [`BrowserError`], also when nothing answers there.
    pub fn open(&self, url: &str) -> Result<()> {
        let answer = self.call("Page.navigate", json!({ "url": url }))?;
        if let Some(error) = answer["errorText"].as_str() {
            return Err(BrowserError::Script {
                script: format!("open {url}"),
                error: error.to_owned(),
            });
        }
        self.wait_for(
            "the page to load",
            Duration::from_secs(60),
            "document.readyState === 'complete' && location.href !== 'about:blank'",
        )
    }

    /// The value of a JavaScript expression; a promise is awaited.
    ///
    /// # Errors
    /// [`BrowserError::Script`] if it throws.
    pub fn eval(&self, script: &str) -> Result<Value> {
        let mut answer = self.call(
            "Runtime.evaluate",
            json!({
                "expression": script,
                "awaitPromise": true,
                "returnByValue": true,
                "userGesture": true,
            }),
        )?;
        if answer["exceptionDetails"].is_object() {
            return Err(BrowserError::Script {
                script: script.to_owned(),
                error: exception_text(&answer["exceptionDetails"]),
            });
        }
        Ok(answer["result"]["value"].take())
    }

    /// Waits until a JavaScript expression is true.
    ///
    /// # Errors
    /// [`BrowserError::Timeout`].
    pub fn wait_for(&self, what: &str, limit: Duration, condition: &str) -> Result<()> {
        let start = Instant::now();
        loop {
            // While a page is being replaced a script may fail; that is not yet the end.
            let value = self.eval(condition);
            match value {
                Ok(Value::Bool(true)) => return Ok(()),
                Err(error @ BrowserError::DevTools(DevToolsError::Gone { .. })) => {
                    return Err(error);
                }
                _ if start.elapsed() > limit => {
                    let state = match value {
                        Err(error) => format!("{error}\n{}", self.state()),
                        Ok(_) => self.state(),
                    };
                    return Err(BrowserError::Timeout {
                        what: what.to_owned(),
                        limit,
                        state,
                    });
                }
                _ => sleep(Duration::from_millis(100)),
            }
        }
    }

    /// What the console holds and the page shows, for error messages.
    #[must_use]
    pub fn state(&self) -> String {
        let console: Vec<String> = self
            .console()
            .iter()
            .map(|line| format!("  {:?}: {}", line.level, line.text))
            .collect();
        let text = self
            .eval("document.body ? document.body.innerText.slice(0, 2000) : ''")
            .map_or_else(|error| error.to_string(), |value| string(&value));
        format!("--- console\n{}\n--- page\n{text}\n---", console.join("\n"))
    }

    /// Whether the element with this `data-testid` is there.
    ///
    /// # Errors
    /// [`BrowserError`].
    pub fn has(&self, testid: &str) -> Result<bool> {
        Ok(self.eval(&format!("!!{}", element(testid)))? == Value::Bool(true))
    }

    /// The visible text of the element with this `data-testid`.
    ///
    /// # Errors
    /// [`BrowserError::NoElement`].
    pub fn text(&self, testid: &str) -> Result<String> {
        match self.eval(&format!("{}?.innerText ?? null", element(testid)))? {
            Value::String(text) => Ok(text.trim().to_owned()),
            _ => Err(BrowserError::NoElement(testid.to_owned())),
        }
    }

    /// Clicks the middle of the element with this `data-testid`, with the mouse, once it stands still and
    /// can be used; after three seconds as it is.
    ///
    /// # Errors
    /// [`BrowserError::NoElement`].
    pub fn click(&self, testid: &str) -> Result<()> {
        self.click_on(&element(testid), testid)
    }

    fn click_on(&self, expression: &str, name: &str) -> Result<()> {
        let (x, y) = self.middle_of(expression, name)?;
        for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
            let button = if kind == "mouseMoved" { "none" } else { "left" };
            self.call(
                "Input.dispatchMouseEvent",
                json!({ "type": kind, "x": x, "y": y, "button": button, "clickCount": 1 }),
            )?;
        }
        Ok(())
    }

    /// Drags the mouse over the element with this `data-testid`, from point to point; each is a share of
    /// its width and of its height.
    ///
    /// # Errors
    /// [`BrowserError::NoElement`].
    pub fn drag(&self, testid: &str, points: &[(f64, f64)]) -> Result<()> {
        let expression = element(testid);
        let (x, y) = self.middle_of(&expression, testid)?;
        let size = self.eval(&format!(
            "(() => {{ const r = {expression}.getBoundingClientRect(); return [r.width, r.height]; }})()"
        ))?;
        let size = [0, 1].map(|axis| size[axis].as_f64().unwrap_or(0.0));
        let last = points.len().saturating_sub(1);
        for (number, (across, down)) in points.iter().enumerate() {
            let mouse = |kind: &str| {
                self.call(
                    "Input.dispatchMouseEvent",
                    json!({
                        "type": kind,
                        "x": x + (across - 0.5) * size[0],
                        "y": y + (down - 0.5) * size[1],
                        "button": "left",
                        "buttons": 1,
                        "clickCount": 1,
                    }),
                )
            };
            mouse(if number == 0 {
                "mousePressed"
            } else {
                "mouseMoved"
            })?;
            if number == last {
                mouse("mouseReleased")?;
            }
        }
        Ok(())
    }

    /// Gives the file input with this `data-testid` files of this machine, as its chooser would.
    ///
    /// # Errors
    /// [`BrowserError::NoElement`].
    pub fn pick_files(&self, testid: &str, paths: &[PathBuf]) -> Result<()> {
        let found = self.call(
            "Runtime.evaluate",
            json!({ "expression": element(testid), "returnByValue": false }),
        )?;
        let Some(object) = found["result"]["objectId"].as_str() else {
            return Err(BrowserError::NoElement(testid.to_owned()));
        };
        self.call(
            "DOM.setFileInputFiles",
            json!({ "files": paths, "objectId": object }),
        )?;
        Ok(())
    }

    /// Drops files or folders of this machine onto the element with this `data-testid`, as from a file
    /// manager.
    ///
    /// # Errors
    /// [`BrowserError::NoElement`].
    pub fn drop_files(&self, testid: &str, paths: &[PathBuf]) -> Result<()> {
        let (x, y) = self.middle_of(&element(testid), testid)?;
        let data = json!({ "items": [], "files": paths, "dragOperationsMask": 1 });
        for kind in ["dragEnter", "dragOver", "drop"] {
            self.call(
                "Input.dispatchDragEvent",
                json!({ "type": kind, "x": x, "y": y, "data": data }),
            )?;
        }
        Ok(())
    }

    /// Brings an element into the window and says where its middle is, once that stands still: the page
    /// may be scrolling by itself.
    fn middle_of(&self, expression: &str, name: &str) -> Result<(f64, f64)> {
        let place = self.eval(&format!(
            "(async () => {{ let last = null; \
             for (let look = 0; look < 100; look += 1) {{ \
                 const e = {expression}; if (!e) return null; \
                 e.scrollIntoView({{ block: 'center', behavior: 'instant' }}); \
                 const r = e.getBoundingClientRect(); \
                 const place = [r.x + r.width / 2, r.y + r.height / 2]; \
                 if (last && last[0] === place[0] && last[1] === place[1] && !e.disabled) return place; \
                 last = place; \
                 await new Promise(d => requestAnimationFrame(() => requestAnimationFrame(d))); \
             }} \
             return last; }})()"
        ))?;
        place[0]
            .as_f64()
            .zip(place[1].as_f64())
            .ok_or_else(|| BrowserError::NoElement(name.to_owned()))
    }

    /// Gives the control with this `data-testid` a value: types into a text or number field, chooses in
    /// a list or among radio buttons (by their value, or by a `data-testid` that ends in it), moves a
    /// slider.
    ///
    /// # Errors
    /// [`BrowserError::NoElement`].
    pub fn set(&self, testid: &str, value: &str) -> Result<()> {
        let control = format!(
            "(() => {{ const e = {}; return e?.matches('input, select, textarea') ? e : \
             e?.querySelector('input:not([type=radio]), select, textarea') ?? e; }})()",
            element(testid)
        );
        let quoted = Value::from(value).to_string();
        let kind = self.eval(&format!(
            "(() => {{ const e = {control}; return e ? (e.type || e.tagName.toLowerCase()) : null; }})()"
        ))?;
        match kind.as_str() {
            None => Err(BrowserError::NoElement(testid.to_owned())),
            Some("select-one" | "range") => {
                self.eval(&format!(
                    "(() => {{ const e = {control}; e.focus(); \
                     Object.getOwnPropertyDescriptor(Object.getPrototypeOf(e), 'value').set.call(e, {quoted}); \
                     e.dispatchEvent(new Event('input', {{ bubbles: true }})); \
                     e.dispatchEvent(new Event('change', {{ bubbles: true }})); }})()"
                ))?;
                let now = self.eval(&format!("{control}.value"))?;
                let same = string(&now) == value
                    || string(&now).parse::<f64>().ok() == value.parse::<f64>().ok()
                        && value.parse::<f64>().is_ok();
                if same {
                    Ok(())
                } else {
                    Err(BrowserError::NoElement(format!(
                        "{testid} with a choice `{value}`"
                    )))
                }
            }
            Some("text" | "number" | "textarea" | "search" | "url") => {
                self.eval(&format!(
                    "(() => {{ const e = {control}; e.scrollIntoView({{ block: 'center' }}); \
                     e.focus(); e.select(); }})()"
                ))?;
                self.call("Input.insertText", json!({ "text": value }))?;
                self.eval(&format!("{control}.blur()"))?;
                Ok(())
            }
            Some(_) => {
                let choice = format!(
                    "(() => {{ const c = [...{}.querySelectorAll('*')].find(e => \
                     [e.getAttribute('value'), e.dataset.value].includes({quoted}) || \
                     e.dataset.testid === '{testid}-' + {quoted}); \
                     return c?.labels?.[0] ?? c; }})()",
                    element(testid)
                );
                self.click_on(&choice, &format!("{testid} with a choice `{value}`"))
            }
        }
    }

    /// Presses a key that types nothing, by its DOM name (`Tab`, `Escape`).
    ///
    /// # Errors
    /// [`BrowserError`].
    pub fn press(&self, key: &str) -> Result<()> {
        let code = match key {
            "Tab" => 9,
            "Escape" => 27,
            "Home" => 36,
            "ArrowLeft" => 37,
            "ArrowUp" => 38,
            "ArrowRight" => 39,
            "ArrowDown" => 40,
            _ => 0,
        };
        for kind in ["rawKeyDown", "keyUp"] {
            self.call(
                "Input.dispatchKeyEvent",
                json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code }),
            )?;
        }
        Ok(())
    }

    /// Gives the page a size in CSS pixels. Up to 500 wide it is a touch device with two pixels to one.
    ///
    /// # Errors
    /// [`BrowserError`].
    pub fn set_viewport(&self, width: u32, height: u32) -> Result<()> {
        let mobile = width <= 500;
        self.call(
            "Emulation.setDeviceMetricsOverride",
            json!({
                "width": width,
                "height": height,
                "deviceScaleFactor": if mobile { 2 } else { 1 },
                "mobile": mobile,
            }),
        )?;
        self.call(
            "Emulation.setTouchEmulationEnabled",
            json!({ "enabled": mobile }),
        )?;
        Ok(())
    }

    /// What keeps the page from being installed, by the browser's own names for it.
    ///
    /// # Errors
    /// [`BrowserError`].
    pub fn install_errors(&self) -> Result<Vec<String>> {
        let answer = self.call("Page.getInstallabilityErrors", json!({}))?;
        let errors = answer["installabilityErrors"].as_array();
        Ok(errors
            .into_iter()
            .flatten()
            .map(|error| string(&error["errorId"]))
            .collect())
    }

    /// Makes the desktop light or dark, and reduces motion or not.
    ///
    /// # Errors
    /// [`BrowserError`].
    pub fn set_preferences(&self, scheme: ColorScheme, reduced_motion: bool) -> Result<()> {
        let scheme = match scheme {
            ColorScheme::Light => "light",
            ColorScheme::Dark => "dark",
        };
        let motion = if reduced_motion {
            "reduce"
        } else {
            "no-preference"
        };
        self.call(
            "Emulation.setEmulatedMedia",
            json!({ "features": [
                { "name": "prefers-color-scheme", "value": scheme },
                { "name": "prefers-reduced-motion", "value": motion },
            ] }),
        )?;
        Ok(())
    }

    /// Saves what the window shows as `tests/out/NAME.png` and returns the path.
    ///
    /// # Errors
    /// [`BrowserError`].
    pub fn screenshot(&self, name: &str) -> Result<PathBuf> {
        self.save_screenshot(name, json!({ "format": "png" }))
    }

    /// Saves the whole page, beyond the window too, as `tests/out/NAME.png` and returns the path.
    ///
    /// # Errors
    /// [`BrowserError`].
    pub fn full_screenshot(&self, name: &str) -> Result<PathBuf> {
        let size = self.eval(
            "(() => { const e = document.documentElement; return [e.clientWidth, e.scrollHeight]; })()",
        )?;
        let clip = json!({ "x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1 });
        self.save_screenshot(
            name,
            json!({ "format": "png", "captureBeyondViewport": true, "clip": clip }),
        )
    }

    fn save_screenshot(&self, name: &str, params: Value) -> Result<PathBuf> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("out");
        let path = folder.join(format!("{name}.png"));
        let system = |source| BrowserError::System {
            what: format!("cannot write {}", path.display()),
            source,
        };
        let answer = self.call("Page.captureScreenshot", params)?;
        let bytes = BASE64_STANDARD
            .decode(answer["data"].as_str().unwrap_or_default())
            .map_err(|error| system(io::Error::other(error)))?;
        std::fs::create_dir_all(&folder).map_err(system)?;
        std::fs::write(&path, bytes).map_err(system)?;
        Ok(path)
    }

    /// The console so far, of the page and its workers.
    #[must_use]
    pub fn console(&self) -> Vec<ConsoleLine> {
        lock(&self.record).console.clone()
    }

    /// The errors of the console so far.
    #[must_use]
    pub fn errors(&self) -> Vec<String> {
        self.console()
            .into_iter()
            .filter(|line| line.level == Level::Error)
            .map(|line| line.text)
            .collect()
    }

    /// The addresses that the page and its workers asked for so far.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        lock(&self.record).requests.clone()
    }

    /// Bytes received so far, headers included, as they went over the wire.
    #[must_use]
    pub fn bytes_received(&self) -> f64 {
        lock(&self.record).bytes_received
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.devtools.cast("", "Browser.close", json!({}));
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(5) {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            sleep(Duration::from_millis(20));
        }
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A JavaScript expression for the element with this `data-testid`.
#[must_use]
pub fn element(testid: &str) -> String {
    format!("document.querySelector('[data-testid=\"{testid}\"]')")
}

/// Workers are attached to before they run, so that nothing of theirs is missed.
fn auto_attach() -> Value {
    json!({ "autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true })
}

fn receive(devtools: &DevTools, event: &Event, record: &mut Record) {
    let params = &event.params;
    let mut say = |level, text| record.console.push(ConsoleLine { level, text });
    match event.method.as_str() {
        "Target.attachedToTarget" if params["waitingForDebugger"] == true => {
            let session = params["sessionId"].as_str().unwrap_or_default();
            for method in ["Runtime.enable", "Log.enable", "Network.enable"] {
                devtools.cast(session, method, json!({}));
            }
            devtools.cast(session, "Target.setAutoAttach", auto_attach());
            if params["targetInfo"]["type"] == "worker" {
                record.workers.push(session.to_owned());
            }
            devtools.cast(session, "Runtime.runIfWaitingForDebugger", json!({}));
        }
        "Runtime.consoleAPICalled" => {
            let level = match params["type"].as_str() {
                Some("error" | "assert") => Level::Error,
                Some("warning") => Level::Warning,
                _ => Level::Info,
            };
            let arguments = params["args"]
                .as_array()
                .map(Vec::as_slice)
                .unwrap_or_default();
            let words: Vec<String> = arguments.iter().map(argument_text).collect();
            say(level, words.join(" "));
        }
        "Runtime.exceptionThrown" => {
            say(Level::Error, exception_text(&params["exceptionDetails"]));
        }
        "Log.entryAdded" => {
            let entry = &params["entry"];
            let level = match entry["level"].as_str() {
                Some("error") => Level::Error,
                Some("warning") => Level::Warning,
                _ => Level::Info,
            };
            let text = string(&entry["text"]);
            say(
                level,
                format!("{text} {}", string(&entry["url"]))
                    .trim()
                    .to_owned(),
            );
        }
        "Network.requestWillBeSent" => record.requests.push(string(&params["request"]["url"])),
        "Network.loadingFinished" => {
            record.bytes_received += params["encodedDataLength"].as_f64().unwrap_or(0.0);
        }
        "Inspector.targetCrashed" => say(Level::Error, "the page crashed".to_owned()),
        _ => {}
    }
}

fn argument_text(argument: &Value) -> String {
    match (&argument["value"], argument["description"].as_str()) {
        (Value::Null, Some(description)) => description.to_owned(),
        (value, _) => string(value),
    }
}

fn exception_text(details: &Value) -> String {
    details["exception"]["description"]
        .as_str()
        .map_or_else(|| string(&details["text"]), str::to_owned)
}

/// A string as it is, anything else as JSON.
fn string(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
