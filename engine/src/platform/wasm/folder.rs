//! A folder of the origin's private file system, which belongs to this page in this browser.

use std::rc::Rc;

use js_sys::{Array, AsyncIterator, Function, IteratorNext, Promise, Reflect, Uint8Array};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortSignal, DedicatedWorkerGlobalScope, DomException, File, FileSystemDirectoryHandle,
    FileSystemFileHandle, FileSystemGetDirectoryOptions, FileSystemGetFileOptions,
    FileSystemRemoveOptions,
};

use crate::run::StoreError;

/// A folder that runs are stored in.
#[derive(Clone, Debug)]
pub struct Folder {
    handle: FileSystemDirectoryHandle,
    name: String,
    /// Held until the last clone is gone.
    lock: Option<Rc<Lock>>,
}

/// A lock of the browser's, among all tabs of the page; let go of when this is dropped.
#[derive(Debug)]
struct Lock {
    release: Function,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Settles a promise, which cannot fail.
        let _ = self.release.call0(&JsValue::NULL);
    }
}

impl Folder {
    /// The page's own root folder.
    ///
    /// # Errors
    /// [`StoreError`] where the browser offers none, as some do in private windows.
    pub async fn root() -> Result<Self, StoreError> {
        let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
        let storage = scope.navigator().storage();
        let handle = JsFuture::from(storage.get_directory())
            .await
            .map_err(|error| failed("opened", "the browser's storage", &error))?;
        Ok(Self {
            handle: handle.unchecked_into(),
            name: String::new(),
            lock: None,
        })
    }

    /// Where it is, for people.
    pub fn name(&self) -> String {
        self.name.clone()
    }

    /// A folder in it, made if it is not there.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be made.
    pub async fn folder(&self, name: &str) -> Result<Self, StoreError> {
        self.open(name, true)
            .await
            .map_err(|error| failed("opened", name, &error))
    }

    /// A folder in it, if it is there.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be opened.
    pub async fn existing(&self, name: &str) -> Result<Option<Self>, StoreError> {
        match self.open(name, false).await {
            Ok(folder) => Ok(Some(folder)),
            Err(error) if is_not_found(&error) => Ok(None),
            Err(error) => Err(failed("opened", name, &error)),
        }
    }

    async fn open(&self, name: &str, create: bool) -> Result<Self, JsValue> {
        let options = FileSystemGetDirectoryOptions::new();
        options.set_create(create);
        let promise = self
            .handle
            .get_directory_handle_with_options(name, &options);
        let handle = JsFuture::from(promise).await?;
        Ok(Self {
            handle: handle.unchecked_into(),
            name: name.to_owned(),
            lock: None,
        })
    }

    /// Holds it, so that no other tab writes into it until this folder and its clones are gone. The
    /// browser lets go of it when the tab is closed or the worker ended.
    ///
    /// # Errors
    /// [`StoreError::Held`] if another tab has it, or this one through another `Folder`.
    pub async fn hold(mut self) -> Result<Self, StoreError> {
        if self.lock.is_some() {
            return Ok(self);
        }
        let granted = request_lock(&self.name).map_err(|e| failed("locked", &self.name, &e))?;
        let release = JsFuture::from(granted).await.map_err(|error| {
            if is_named(&error, "TimeoutError") {
                StoreError::Held(format!("the run {}", self.name))
            } else {
                failed("locked", &self.name, &error)
            }
        })?;
        let release = release
            .dyn_into()
            .map_err(|error| failed("locked", &self.name, &error))?;
        self.lock = Some(Rc::new(Lock { release }));
        Ok(self)
    }

    /// Names of all that is in it, sorted.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub async fn names(&self) -> Result<Vec<String>, StoreError> {
        let failed = |error: &JsValue| failed("read", &self.name, error);
        let keys: AsyncIterator = self.handle.keys();
        let mut names = Vec::new();
        loop {
            let promise = keys.next().map_err(|error| failed(&error))?;
            let next = JsFuture::from(promise)
                .await
                .map_err(|error| failed(&error))?;
            let next: IteratorNext = next.unchecked_into();
            if next.done() {
                break;
            }
            names.extend(next.value().as_string());
        }
        names.sort();
        Ok(names)
    }

    /// Length of a file in bytes; 0 if it is not there.
    ///
    /// # Errors
    /// [`StoreError`] if it is there but cannot be read.
    pub async fn size(&self, name: &str) -> Result<u64, StoreError> {
        Ok(match self.file(name).await? {
            Some(file) => file.size() as u64,
            None => 0,
        })
    }

    /// A file's bytes; `None` if it is not there.
    ///
    /// # Errors
    /// [`StoreError`] if it is there but cannot be read.
    pub async fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(file) = self.file(name).await? else {
            return Ok(None);
        };
        let buffer = JsFuture::from(file.array_buffer())
            .await
            .map_err(|error| failed("read", name, &error))?;
        Ok(Some(Uint8Array::new(&buffer).to_vec()))
    }

    /// Writes a file so that it is there whole, or the one before it is: the browser puts the new
    /// bytes in place when the stream is closed.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written, for example because the disk is full.
    pub async fn write(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.stream(name, false, bytes).await
    }

    /// Adds bytes to a file's end, making it if it is not there.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    pub async fn append(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.stream(name, true, bytes).await
    }

    /// Removes a file, or a folder and all that is in it.
    ///
    /// # Errors
    /// [`StoreError`] if it is there but cannot be removed.
    pub async fn remove(&self, name: &str) -> Result<(), StoreError> {
        let options = FileSystemRemoveOptions::new();
        options.set_recursive(true);
        let promise = self.handle.remove_entry_with_options(name, &options);
        match JsFuture::from(promise).await {
            Err(error) if !is_not_found(&error) => Err(failed("removed", name, &error)),
            _ => Ok(()),
        }
    }

    async fn file(&self, name: &str) -> Result<Option<File>, StoreError> {
        let failed = |error: &JsValue| failed("read", name, error);
        let handle = match JsFuture::from(self.handle.get_file_handle(name)).await {
            Ok(handle) => handle.unchecked_into::<FileSystemFileHandle>(),
            Err(error) if is_not_found(&error) => return Ok(None),
            Err(error) => return Err(failed(&error)),
        };
        let file = JsFuture::from(handle.get_file())
            .await
            .map_err(|error| failed(&error))?;
        Ok(Some(file.unchecked_into()))
    }

    /// Writes through `createWritable`, which web-sys has only among its unstable interfaces.
    async fn stream(&self, name: &str, keep: bool, bytes: &[u8]) -> Result<(), StoreError> {
        let failed = |error: JsValue| failed("written", name, &error);
        let options = FileSystemGetFileOptions::new();
        options.set_create(true);
        let promise = self.handle.get_file_handle_with_options(name, &options);
        let handle = JsFuture::from(promise).await.map_err(failed)?;
        let keep_data = js_sys::Object::new();
        Reflect::set(&keep_data, &"keepExistingData".into(), &keep.into()).map_err(failed)?;
        let stream = call(&handle, "createWritable", &Array::of1(&keep_data))
            .await
            .map_err(failed)?;
        if keep {
            let end = self.size(name).await?;
            call(&stream, "seek", &Array::of1(&(end as f64).into()))
                .await
                .map_err(failed)?;
        }
        call(&stream, "write", &Array::of1(&Uint8Array::from(bytes)))
            .await
            .map_err(failed)?;
        call(&stream, "close", &Array::new())
            .await
            .map_err(failed)?;
        Ok(())
    }
}

/// How long a lock is waited for: the worker of a page that was just reloaded has its own for a moment yet.
const PATIENCE_MS: u32 = 2000;

/// Asks for the lock of a name through `navigator.locks`, which web-sys has only among its unstable
/// interfaces. Gives a promise of the function that lets go of it; it fails with a `TimeoutError` if the lock
/// stays taken.
fn request_lock(name: &str) -> Result<Promise, JsValue> {
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    let locks = Reflect::get(&scope.navigator(), &"locks".into())?;
    let request: Function = Reflect::get(&locks, &"request".into())?.dyn_into()?;
    let options = js_sys::Object::new();
    let signal = AbortSignal::timeout_with_u32(PATIENCE_MS);
    Reflect::set(&options, &"signal".into(), &signal)?;
    let mut called = JsValue::NULL;
    let answered = Promise::new(&mut |answer, _| {
        called = Closure::once_into_js(move || -> JsValue {
            let mut release = JsValue::NULL;
            let held = Promise::new(&mut |settle, _| release = settle.into());
            // Settles a promise, which cannot fail.
            let _ = answer.call1(&JsValue::NULL, &release);
            // The browser holds the lock until this is settled.
            held.into()
        });
    });
    let arguments = Array::of3(&format!("squeeze/{name}").into(), &options, &called);
    // Comes first only if the browser refuses to ask at all.
    let refused = Reflect::apply(&request, &locks, &arguments)?;
    Ok(Promise::race(&Array::of2(&answered, &refused)))
}

/// Calls a method that gives a promise, and waits for it.
async fn call(object: &JsValue, method: &str, arguments: &Array) -> Result<JsValue, JsValue> {
    let function: js_sys::Function = Reflect::get(object, &method.into())?.dyn_into()?;
    let promise: js_sys::Promise = Reflect::apply(&function, object, arguments)?.dyn_into()?;
    JsFuture::from(promise).await
}

fn is_not_found(error: &JsValue) -> bool {
    is_named(error, "NotFoundError")
}

fn is_named(error: &JsValue, name: &str) -> bool {
    error
        .dyn_ref::<DomException>()
        .is_some_and(|error| error.name() == name)
}

fn failed(what: &'static str, name: &str, error: &JsValue) -> StoreError {
    let reason = match error.dyn_ref::<DomException>() {
        Some(error) if error.name() == "QuotaExceededError" => {
            "the browser gives this page no more room".to_owned()
        }
        Some(error) => format!("{}: {}", error.name(), error.message()),
        None => format!("{error:?}"),
    };
    StoreError::Failed {
        what,
        name: name.to_owned(),
        reason,
    }
}
