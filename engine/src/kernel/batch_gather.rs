//! Launches `batch_gather.wgsl`.

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::wgpu::CubeBackend;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::{Device, Int, Tensor};
use squeeze_shaders::batch_gather::{Plan, WGSL, WORKGROUP};

use super::{launch_into, wgsl_kernel, words};

/// Most bytes of one array: half of what WebGPU promises to bind.
const CHUNK: usize = 1 << 26;

wgsl_kernel!(BatchGather, WGSL);

#[backend_extension(Cube)]
trait BatchGatherOps: Backend {
    fn batch_gather(
        images: IntTensor<Self>,
        plan: IntTensor<Self>,
        out: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

/// Images on a GPU, as bytes, in arrays of bounded size.
pub struct Images {
    chunks: Vec<Tensor<1, Int>>,
    /// Images of each array but the last.
    per_chunk: usize,
    count: usize,
    device: Device,
}

impl Images {
    /// Takes the bytes of whole images to a plain device.
    pub fn upload(bytes: &[u8], image_len: usize, device: &Device) -> Self {
        let per_chunk = (CHUNK / image_len).max(1);
        let chunks = bytes
            .chunks(per_chunk * image_len)
            .map(|chunk| {
                let packed: Vec<u32> = chunk
                    .chunks(4)
                    .map(|four| {
                        let mut word = [0; 4];
                        word[..four.len()].copy_from_slice(four);
                        u32::from_le_bytes(word)
                    })
                    .collect();
                words(&packed, device)
            })
            .collect();
        Self {
            chunks,
            per_chunk,
            count: bytes.len() / image_len,
            device: device.clone(),
        }
    }

    /// [`squeeze_shaders::batch_gather::batch_gather`] on the GPU.
    ///
    /// # Shapes
    /// - output: `[batch, channels, height, width]`, without autodiff
    pub fn gather(&self, plan: &Plan) -> Tensor<4> {
        let [channels, height, width] = plan.image_shape;
        let shape = [plan.picks.len(), channels, height, width];
        let mut out = Tensor::<4>::empty(shape, &self.device);
        for (chunk, first) in self.chunks.iter().zip((0..).step_by(self.per_chunk)) {
            let end = (first + self.per_chunk).min(self.count);
            let held = first as u32..end as u32;
            // An array that holds none of the batch has nothing to write.
            if !plan.picks.iter().any(|pick| held.contains(&pick.place)) {
                continue;
            }
            let plan = words(&plan.words(held), &self.device);
            out = Tensor::from_dispatch(<Dispatch as BatchGatherOps>::batch_gather(
                chunk.clone().into_dispatch(),
                plan.into_dispatch(),
                out.into_dispatch(),
            ));
        }
        out
    }
}

impl BatchGatherOps for CubeBackend {
    fn batch_gather(
        images: IntTensor<Self>,
        plan: IntTensor<Self>,
        out: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let fours = out.meta.num_elements().div_ceil(4);
        launch_into(BatchGather, vec![images, plan], out, WORKGROUP, fours)
    }
}
