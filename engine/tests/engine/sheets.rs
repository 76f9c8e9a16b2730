//! `sheet.wgsl` against its reference.

use burn::tensor::wgpu::wgpu;
use burn::tensor::{Tensor, TensorData};
use squeeze_engine::device::Graphics;
use squeeze_engine::kernel::sheet::Painter;
use squeeze_engine::sheet::Picture;
use squeeze_shaders::sheet::sheet;

use crate::devices::{cpu, gpu, graphics, numbers};

/// A row of a copied texture takes a multiple of so many bytes.
const ALIGNED: u32 = wgpu::COPY_BYTES_PER_ROW_ALIGNMENT;

struct Canvas {
    graphics: Graphics,
    painter: Painter,
}

impl Canvas {
    fn new() -> Self {
        let graphics = graphics();
        let painter = Painter::new(&graphics.setup, wgpu::TextureFormat::Rgba8Unorm);
        Self { graphics, painter }
    }

    /// What is drawn, as rows of red, green, blue and alpha.
    fn draw(&self, picture: &Picture) -> Vec<Vec<[u8; 4]>> {
        let wgpu_device = &self.graphics.setup.device;
        let [width, height] = picture.size();
        let size = wgpu::Extent3d {
            width,
            height,
            depth_or_array_layers: 1,
        };
        let texture = wgpu_device.create_texture(&wgpu::TextureDescriptor {
            label: None,
            size,
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: wgpu::TextureFormat::Rgba8Unorm,
            usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC,
            view_formats: &[],
        });
        let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
        self.painter.paint(picture, &view).unwrap();
        let row = (4 * width).next_multiple_of(ALIGNED);
        let buffer = wgpu_device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: u64::from(row * height),
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let mut encoder =
            wgpu_device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.copy_texture_to_buffer(
            texture.as_image_copy(),
            wgpu::TexelCopyBufferInfo {
                buffer: &buffer,
                layout: wgpu::TexelCopyBufferLayout {
                    offset: 0,
                    bytes_per_row: Some(row),
                    rows_per_image: None,
                },
            },
            size,
        );
        self.graphics.setup.queue.submit([encoder.finish()]);
        buffer.map_async(wgpu::MapMode::Read, .., |mapped| mapped.unwrap());
        wgpu_device
            .poll(wgpu::PollType::wait_indefinitely())
            .unwrap();
        let bytes = buffer.get_mapped_range(..).unwrap().to_vec();
        bytes
            .chunks_exact(row as usize)
            .map(|row| {
                let texels = row.chunks_exact(4).take(width as usize);
                texels.map(|texel| texel.try_into().unwrap()).collect()
            })
            .collect()
    }
}

#[test]
fn a_sheet_has_the_levels_of_its_reference() {
    let canvas = Canvas::new();
    for (shape, full) in [
        ([1, 1, 28, 28], 0.3),
        ([5, 1, 7, 9], 0.3),
        ([3, 3, 32, 32], 8.0 / 255.0),
        ([2, 3, 4, 5], 0.0),
    ] {
        let [images, channels, height, width] = shape;
        let count: usize = shape.iter().product();
        let clean: Vec<f32> = numbers(1, count, 0.5).iter().map(|x| x + 0.5).collect();
        let attacked: Vec<f32> = numbers(2, count, 1.2 * full)
            .iter()
            .zip(&clean)
            .map(|(change, clean)| (clean + change).clamp(0.0, 1.0))
            .collect();
        let tensor = |values: &[f32]| {
            Tensor::<4>::from_data(TensorData::new(values.to_vec(), shape), &gpu())
        };
        // Made by kernels that are still on their way, so that the pass has to wait its turn.
        let picture = Picture {
            attacked: tensor(&attacked).mul_scalar(2.0).div_scalar(2.0),
            clean: tensor(&clean),
            full: Tensor::from_data([full], &gpu()),
        };
        assert_eq!(picture.size(), [(images * width) as u32, 2 * height as u32]);
        let drawn = canvas.draw(&picture);
        let (levels, changes) = sheet(&attacked, &clean, full);
        let mut off = 0;
        for (row, texels) in drawn.iter().enumerate() {
            for (column, texel) in texels.iter().enumerate() {
                let (image, x, y) = (column / width, column % width, row % height);
                for (channel, seen) in texel[..3].iter().enumerate() {
                    // A gray image has one plane for the three.
                    let plane = image * channels + channel.min(channels - 1);
                    let place = (plane * height + y) * width + x;
                    if row < height {
                        assert_eq!(*seen, levels[place], "{shape:?} {row} {column}");
                    } else {
                        // A GPU's quotient may be rounded another way.
                        let apart = seen.abs_diff(changes[place]);
                        assert!(apart <= 1, "{shape:?} {row} {column}");
                        off += usize::from(apart > 0);
                    }
                }
            }
        }
        assert!(off <= count / 100, "{off} of {count} are a level off");
        assert!(drawn.iter().flatten().all(|texel| texel[3] == 255));
    }
}

/// Twenty sheets one after the other, each with the tensors of its own: memory that is used again is not drawn too
/// early or too late.
#[test]
fn each_sheet_shows_its_own_tensors() {
    let canvas = Canvas::new();
    for turn in 0..20_u8 {
        let level = f32::from(turn) / 255.0;
        let x = Tensor::<4>::zeros([2, 1, 6, 6], &gpu()).add_scalar(level);
        let picture = Picture {
            attacked: x.clone(),
            clean: x.clone(),
            full: Tensor::from_data([1.0_f32], &gpu()),
        };
        let drawn = canvas.draw(&picture);
        drop(picture);
        // Takes the freed memory.
        let _ = x.mul_scalar(3.0).add_scalar(0.5);
        assert!(
            drawn[..6].iter().flatten().all(|texel| texel[0] == turn),
            "{turn}"
        );
        assert!(drawn[6..].iter().flatten().all(|texel| texel[0] == 128));
    }
}

#[test]
fn tensors_of_the_cpu_are_refused() {
    let canvas = Canvas::new();
    let x = Tensor::<4>::zeros([1, 1, 2, 2], &cpu());
    let picture = Picture {
        attacked: x.clone(),
        clean: x,
        full: Tensor::from_data([1.0_f32], &cpu()),
    };
    let texture = canvas
        .graphics
        .setup
        .device
        .create_texture(&wgpu::TextureDescriptor {
            label: None,
            size: wgpu::Extent3d {
                width: 2,
                height: 4,
                depth_or_array_layers: 1,
            },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: wgpu::TextureFormat::Rgba8Unorm,
            usage: wgpu::TextureUsages::RENDER_ATTACHMENT,
            view_formats: &[],
        });
    let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
    let refused = canvas.painter.paint(&picture, &view).unwrap_err();
    assert!(refused.to_string().contains("cannot be drawn"), "{refused}");
}
