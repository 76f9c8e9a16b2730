//! Through dropped folders, down to their files.
//!
//! Browsers give a dropped folder as an entry of the File and Directory Entries API, which answers by
//! callbacks.

use js_sys::{Array, Promise};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::File;

use crate::browser::js::{call, get};
use crate::files::picked::{Picked, is_clutter};

/// More files than any data set of small images has: beyond it somebody dropped a whole disk.
const MOST_FILES: usize = 500_000;

/// The files in and under `entries`; `found` hears how many there are so far.
///
/// # Errors
/// A sentence that names the file or folder that could not be opened.
pub async fn walk(entries: Vec<JsValue>, found: impl Fn(usize)) -> Result<Vec<Picked>, String> {
    let mut files = Vec::new();
    let mut waiting = entries;
    while let Some(entry) = waiting.pop() {
        let path = path_of(&entry);
        if is_clutter(&path) {
            continue;
        }
        if get(&entry, "isDirectory").is_falsy() {
            files.extend(open(&[entry]).await?);
        } else {
            let unreadable = |_| format!("The folder “{path}” cannot be read.");
            let reader = call(&entry, "createReader", &[]).map_err(unreadable)?;
            // A reader gives a hundred entries or so at a time, and none at its end.
            loop {
                let some = answer(&reader, "readEntries");
                let some: Array = JsFuture::from(some)
                    .await
                    .map_err(unreadable)?
                    .unchecked_into();
                if some.length() == 0 {
                    break;
                }
                let (folders, plain): (Vec<JsValue>, Vec<JsValue>) = some
                    .iter()
                    .filter(|entry| !is_clutter(&path_of(entry)))
                    .partition(|entry| get(entry, "isDirectory").is_truthy());
                waiting.extend(folders);
                files.extend(open(&plain).await?);
                found(files.len());
                if files.len() > MOST_FILES {
                    return Err(format!(
                        "The folder holds more than {MOST_FILES} files: drop the folder of the \
                         images alone."
                    ));
                }
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// The files of file entries, asked for all at once: one after the other would take minutes.
async fn open(entries: &[JsValue]) -> Result<Vec<Picked>, String> {
    let asked: Array = entries.iter().map(|entry| answer(entry, "file")).collect();
    let files = JsFuture::from(Promise::all(&asked)).await.map_err(|_| {
        let first = entries.first().map(path_of).unwrap_or_default();
        format!("A file beside “{first}” cannot be opened.")
    })?;
    let files: Array = files.unchecked_into();
    Ok(entries
        .iter()
        .zip(files.iter())
        .map(|(entry, file)| Picked {
            path: path_of(entry),
            file: file.unchecked_into::<File>(),
        })
        .collect())
}

fn path_of(entry: &JsValue) -> String {
    let path = get(entry, "fullPath").as_string().unwrap_or_default();
    path.trim_start_matches('/').to_owned()
}

/// A method that answers by two callbacks, as a promise.
fn answer(of: &JsValue, method: &str) -> Promise {
    Promise::new(&mut |resolve, reject| {
        if let Err(error) = call(of, method, &[resolve.into(), reject.clone().into()]) {
            // Rejecting a promise cannot fail.
            let _ = reject.call1(&JsValue::UNDEFINED, &error);
        }
    })
}
