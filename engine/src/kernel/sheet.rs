//! Draws `sheet.wgsl`: a render pass over the memory in which tensors lie.

use burn::backend::Wgpu;
use burn::backend::wgpu::{AutoCompiler, WgpuResource, WgpuSetup, into_contiguous, wgpu};
use burn::cubecl::wgpu::WgpuServer;
use burn::tensor::Tensor;
use squeeze_shaders::sheet::WGSL;
use wgpu::util::DeviceExt;

use crate::sheet::Picture;

/// A sheet that cannot be drawn.
#[derive(Debug, thiserror::Error)]
#[error("the images cannot be drawn from the GPU's memory: {0}")]
pub struct SheetError(String);

/// Draws sheets on the device whose tensors it is given.
pub struct Painter {
    device: wgpu::Device,
    queue: wgpu::Queue,
    pipeline: wgpu::RenderPipeline,
}

impl Painter {
    /// For targets of `format`, which must not be one that converts to sRGB.
    pub fn new(setup: &WgpuSetup, format: wgpu::TextureFormat) -> Self {
        let device = setup.device.clone();
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("sheet"),
            source: wgpu::ShaderSource::Wgsl(WGSL.into()),
        });
        let pipeline = device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
            label: Some("sheet"),
            layout: None,
            vertex: wgpu::VertexState {
                module: &module,
                entry_point: Some("corner"),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                buffers: &[],
            },
            primitive: wgpu::PrimitiveState::default(),
            depth_stencil: None,
            multisample: wgpu::MultisampleState::default(),
            fragment: Some(wgpu::FragmentState {
                module: &module,
                entry_point: Some("main"),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                targets: &[Some(format.into())],
            }),
            multiview_mask: None,
            cache: None,
        });
        Self {
            device,
            queue: setup.queue.clone(),
            pipeline,
        }
    }

    /// Fills a target of [`Picture::size`]. Nothing is read back: the pass is queued behind what computes the
    /// tensors.
    ///
    /// # Errors
    /// [`SheetError`] if the tensors do not lie on a GPU, or the GPU failed.
    pub fn paint(&self, picture: &Picture, target: &wgpu::TextureView) -> Result<(), SheetError> {
        let [_, channels, height, width] = picture.attacked.dims();
        let shape = [channels, height, width, 0].map(|length| length as u32);
        let shape: Vec<u8> = shape.iter().flat_map(|word| word.to_le_bytes()).collect();
        let shape = self
            .device
            .create_buffer_init(&wgpu::util::BufferInitDescriptor {
                label: Some("shape of a sheet"),
                contents: &shape,
                usage: wgpu::BufferUsages::UNIFORM,
            });
        let memory = [
            lent(picture.attacked.clone().reshape([-1]))?,
            lent(picture.clean.clone().reshape([-1]))?,
            lent(picture.full.clone())?,
        ];
        let ranges = memory.iter().map(|memory| {
            let WgpuResource {
                buffer,
                offset,
                size,
                ..
            } = &memory.resource;
            wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                buffer,
                offset: *offset,
                size: std::num::NonZeroU64::new(*size),
            })
        });
        let entries: Vec<_> = ranges
            .chain([shape.as_entire_binding()])
            .enumerate()
            .map(|(binding, resource)| wgpu::BindGroupEntry {
                binding: binding as u32,
                resource,
            })
            .collect();
        let bound = self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("sheet"),
            layout: &self.pipeline.get_bind_group_layout(0),
            entries: &entries,
        });
        let mut encoder = self
            .device
            .create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
                label: Some("sheet"),
                color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                    view: target,
                    depth_slice: None,
                    resolve_target: None,
                    ops: wgpu::Operations::default(),
                })],
                ..wgpu::RenderPassDescriptor::default()
            });
            pass.set_pipeline(&self.pipeline);
            pass.set_bind_group(0, &bound, &[]);
            pass.draw(0..3, 0..1);
        }
        self.queue.submit([encoder.finish()]);
        Ok(())
    }
}

/// Where a tensor lies, which is its own for as long as this is held.
struct Lent {
    resource: WgpuResource,
    // The memory is free for others once the tensor is gone.
    _held: burn::backend::wgpu::CubeTensor,
}

fn lent(tensor: Tensor<1>) -> Result<Lent, SheetError> {
    let failed = |why: &dyn std::fmt::Debug| SheetError(format!("{why:?}"));
    let tensor = tensor
        .try_into_primitive::<Wgpu>()
        .map_err(|error| failed(&error))?;
    let tensor = into_contiguous(tensor);
    let client = &tensor.client;
    let resource = client
        .get_resource::<WgpuServer<AutoCompiler>>(tensor.handle.clone())
        .map_err(|error| failed(&error))?;
    // What computes it goes to the queue before the pass that reads it.
    client.flush().map_err(|error| failed(&error))?;
    Ok(Lent {
        resource: resource.resource().clone(),
        _held: tensor,
    })
}
