//! Sound inputs to begin from: nothing finds a gzipped tar by chance.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;

use anyhow::{Context, Result};
use image::{ImageFormat, Rgb, RgbImage};
use squeeze_engine::checkpoint::{Checkpoint, Progress};
use squeeze_engine::config::{RunConfig, preset};
use squeeze_engine::device::cpu_name;
use squeeze_engine::event::{DeviceKind, DeviceReport, Evaluation, Event, Part};
use squeeze_engine::network::weights::to_safetensors;
use squeeze_engine::optimizer::OptimizerState;
use squeeze_engine::parameter::Parameter;
use squeeze_engine::run::{Folder, Library};
use tempfile::TempDir;

use crate::datasets::joined;

/// Models of one operation each, with what they compute: those that the engine's tests hold to
/// onnxruntime.
const MODELS: &[u8] = include_bytes!("../../../engine/tests/golden/onnx.safetensors");

/// A verdict, of a model that lies ready beside the page.
const VERDICT: &[u8] = include_bytes!("../../../models/mnist-natural.report.json");

/// Inputs for a target.
///
/// # Errors
/// If one cannot be made.
pub fn seeds(target: &str) -> Result<Vec<Vec<u8>>> {
    match target {
        "toml" => preset::all()
            .iter()
            .map(|preset| Ok(preset.config.to_toml()?.into_bytes()))
            .collect(),
        "link" => preset::all()
            .iter()
            .map(|preset| {
                let mut config = preset.config.clone();
                config.seed += 1;
                Ok(format!("?device=cpu&run={}#attack", config.to_link()?).into_bytes())
            })
            .collect(),
        "data" => data(),
        "safetensors" => Ok(vec![to_safetensors(&weights(), Some(("k", "v")))?]),
        "checkpoint" => Ok(vec![checkpoint().to_bytes()?]),
        "onnx" => Ok(from_safetensors_bytes(MODELS)?),
        "stored" => pollster::block_on(stored()),
        _ => Ok(Vec::new()),
    }
}

/// Writes the inputs for a target into a folder.
///
/// # Errors
/// If one cannot be made or written.
pub fn write_seeds(target: &str, folder: &Path) -> Result<()> {
    for (number, seed) in seeds(target)?.iter().enumerate() {
        fs::write(folder.join(format!("seed-{number}")), seed)?;
    }
    Ok(())
}

/// The tensors of bytes in a safetensors file that are called a model.
fn from_safetensors_bytes(bytes: &[u8]) -> Result<Vec<Vec<u8>>> {
    let (length, rest) = bytes.split_first_chunk().context("a length")?;
    let length = usize::try_from(u64::from_le_bytes(*length))?;
    let (head, data) = rest.split_at_checked(length).context("a header")?;
    let head: BTreeMap<String, serde_json::Value> = serde_json::from_slice(head)?;
    let models = head.iter().filter(|(name, _)| name.ends_with("/model"));
    models
        .map(|(name, tensor)| {
            let [from, to] = [0, 1].map(|end| tensor["data_offsets"][end].as_u64());
            let at = from.zip(to).with_context(|| name.clone())?;
            let model = data.get(at.0 as usize..at.1 as usize);
            Ok(model.with_context(|| name.clone())?.to_vec())
        })
        .collect()
}

fn weights() -> Vec<Parameter> {
    let parameter = |name: &str, shape: &[usize]| Parameter {
        name: name.to_owned(),
        shape: shape.to_vec(),
        values: (0..shape.iter().product()).map(|n| n as f32).collect(),
    };
    vec![
        parameter("conv1.weight", &[2, 1, 3, 3]),
        parameter("conv1.bias", &[2]),
    ]
}

fn checkpoint() -> Checkpoint {
    let moments = weights().into_iter().map(|weight| {
        let moments = vec![weight.values.clone(), weight.values];
        (weight.name, moments)
    });
    Checkpoint {
        progress: Progress {
            config: RunConfig::default(),
            step: 7,
            seconds: 1.5,
            best: Some((5, 0.9)),
            worse: 1,
            looked_at: 5,
            first_loss: Some(2.3),
            finished: false,
        },
        network: weights(),
        optimizer: OptimizerState {
            updates: 7,
            moments: moments.collect(),
        },
        average: Some(weights()),
        best: Some(weights()),
        perturbation: None,
        loss_scale: None,
    }
}

async fn stored() -> Result<Vec<Vec<u8>>> {
    let folder = TempDir::new()?;
    let library = Library::new(Folder::at(folder.path())?);
    let device = DeviceReport {
        kind: DeviceKind::Cpu,
        name: cpu_name(),
        api: "flex".to_owned(),
        software: false,
        reason: "a seed".to_owned(),
    };
    let (id, mut run) = library.add(&RunConfig::default(), &device).await?;
    run.record(&Event::Evaluation(Evaluation {
        step: 5,
        part: Part::HeldOut,
        images: 10,
        accuracy: 0.9,
        cross_entropy: 0.3,
    }));
    run.save(&checkpoint()).await?;
    let mut verdict = serde_json::from_slice(VERDICT)?;
    shorten(&mut verdict);
    let verdict = serde_json::to_vec(&verdict)?;
    run.folder().write("evaluation.json", &verdict).await?;
    drop(run);
    let (_, zip) = library.download(&id).await?;
    Ok(vec![zip])
}

/// Leaves a few of each list, and of each text its beginning.
fn shorten(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Array(values) => {
            values.truncate(4);
            values.iter_mut().for_each(shorten);
        }
        serde_json::Value::Object(fields) => fields.values_mut().for_each(shorten),
        serde_json::Value::String(text) if text.is_ascii() => text.truncate(32),
        _ => {}
    }
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

fn idx(dims: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, dims.len() as u8];
    bytes.extend(dims.iter().flat_map(|dim| dim.to_be_bytes()));
    bytes.extend(values);
    bytes
}

fn tar(members: &[(&str, &[u8])]) -> Result<Vec<u8>> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *bytes)?;
    }
    Ok(builder.into_inner()?)
}

fn zip(members: &[(&str, &[u8])]) -> Result<Vec<u8>> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (name, bytes) in members {
        writer.start_file(*name, options)?;
        writer.write_all(bytes)?;
    }
    Ok(writer.finish()?.into_inner())
}

fn picture(format: ImageFormat, red: u8) -> Result<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    let picture = RgbImage::from_fn(9, 7, |x, y| Rgb([red, x as u8 * 20, y as u8 * 30]));
    picture.write_to(&mut bytes, format)?;
    Ok(bytes.into_inner())
}

fn data() -> Result<Vec<Vec<u8>>> {
    let images = idx(&[2, 28, 28], &[5; 2 * 784]);
    let labels = idx(&[2], &[3, 9]);
    let mut image = vec![3_u8];
    image.resize(3073, 9);
    let members: Vec<(String, Vec<u8>)> = (1..=5)
        .map(|batch| format!("data_batch_{batch}.bin"))
        .chain(["test_batch.bin".to_owned()])
        .map(|name| (format!("cifar-10-batches-bin/{name}"), image.clone()))
        .collect();
    let members: Vec<(&str, &[u8])> = members
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
        .collect();
    let mut of_100 = vec![1_u8, 7];
    of_100.resize(3074, 9);
    let [png, other, jpeg, webp] = [
        picture(ImageFormat::Png, 10)?,
        picture(ImageFormat::Png, 200)?,
        picture(ImageFormat::Jpeg, 90)?,
        picture(ImageFormat::WebP, 160)?,
    ];
    let folder: [(&str, &[u8]); 4] = [
        ("train/cat/1.png", &png),
        ("test/cat/2.jpg", &jpeg),
        ("train/dog/1.webp", &webp),
        ("test/dog/2.png", &other),
    ];
    let mnist: [(&str, &[u8]); 4] = [
        ("train-images-idx3-ubyte", &images),
        ("train-labels-idx1-ubyte", &labels),
        ("t10k-images-idx3-ubyte", &images),
        ("t10k-labels-idx1-ubyte", &labels),
    ];
    let zipped = mnist.map(|(name, bytes)| (format!("{name}.gz"), gzip(bytes)));
    let mut packed = Vec::new();
    for (name, bytes) in zipped {
        packed.push((name, bytes?));
    }
    let packed: Vec<(&str, &[u8])> = packed
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
        .collect();
    Ok(vec![
        joined(&mnist),
        joined(&packed),
        joined(&folder),
        joined(&[
            ("cat/3.png", &png),
            ("dog/3.jpeg", &jpeg),
            ("cat/3.png", &other),
            ("dog/3.jpeg", &jpeg),
        ]),
        joined(&[("cifar-10-binary.tar.gz", &gzip(&tar(&members)?)?)]),
        joined(&[(
            "cifar-100-binary.tar",
            &tar(&[
                ("cifar-100-binary/train.bin", &of_100),
                ("cifar-100-binary/test.bin", &of_100),
            ])?,
        )]),
        joined(&[("pictures.zip", &zip(&folder)?)]),
        joined(&[("pictures.zip", &zip(&mnist)?)]),
        joined(&[("data_batch_1.bin", &image), ("test_batch.bin", &image)]),
    ])
}
