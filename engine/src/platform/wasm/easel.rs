//! Draws sheets on a canvas of the worker's own; a page takes them from it as bitmaps, which stay with the GPU.

use std::cell::RefCell;

use burn::tensor::wgpu::wgpu;
use burn::tensor::{Device, Tensor, TensorData};
use squeeze_shaders::sheet::sheet;
use wasm_bindgen::JsCast;
use web_sys::{ImageBitmap, OffscreenCanvas, OffscreenCanvasRenderingContext2d};

use crate::device::Graphics;
use crate::evaluate::read;
use crate::kernel::sheet::Painter;
use crate::sheet::Picture;

/// What browsers compose canvases in; none of them converts to sRGB.
const FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8Unorm;

struct Easel {
    canvas: OffscreenCanvas,
    surface: wgpu::Surface<'static>,
    device: wgpu::Device,
    painter: Painter,
    /// What the canvas is set to.
    size: [u32; 2],
}

thread_local! {
    static EASEL: RefCell<Option<Easel>> = const { RefCell::new(None) };
    /// Drawn and not taken yet, and how many there have been.
    static DRAWN: RefCell<(u32, Vec<(u32, ImageBitmap)>)> = const { RefCell::new((0, Vec::new())) };
}

/// Opens an easel if this browser can draw from a worker; a sheet is drawn and looked at first.
pub(crate) async fn open(graphics: &Graphics) {
    let scope = graphics
        .setup
        .device
        .push_error_scope(wgpu::ErrorFilter::Validation);
    let tried = match Easel::new(graphics) {
        Some(mut easel) => {
            let is_right = easel.try_out(&graphics.tensors).await;
            is_right.unwrap_or(false).then_some(easel)
        }
        None => None,
    };
    let fault = scope.pop().await;
    EASEL.with_borrow_mut(|easel| *easel = tried.filter(|_| fault.is_none()));
}

/// Draws a sheet and gives back its number, under which [`take`] has it.
pub(crate) fn draw(picture: &Picture) -> Option<u32> {
    let bitmap = EASEL.with_borrow_mut(|easel| easel.as_mut()?.paint(picture))?;
    DRAWN.with_borrow_mut(|(count, drawn)| {
        *count += 1;
        drawn.push((*count, bitmap));
        Some(*count)
    })
}

/// A sheet that was drawn, by its number; it is there once.
pub fn take(number: u32) -> Option<ImageBitmap> {
    DRAWN.with_borrow_mut(|(_, drawn)| {
        let place = drawn.iter().position(|(drawn, _)| *drawn == number)?;
        Some(drawn.swap_remove(place).1)
    })
}

impl Easel {
    fn new(graphics: &Graphics) -> Option<Self> {
        let canvas = OffscreenCanvas::new(1, 1).ok()?;
        let target = wgpu::SurfaceTarget::OffscreenCanvas(canvas.clone());
        let surface = graphics.setup.instance.create_surface(target).ok()?;
        Some(Self {
            canvas,
            surface,
            device: graphics.setup.device.clone(),
            painter: Painter::new(&graphics.setup, FORMAT),
            size: [0, 0],
        })
    }

    fn paint(&mut self, picture: &Picture) -> Option<ImageBitmap> {
        let [width, height] = picture.size();
        let most = self.device.limits().max_texture_dimension_2d;
        if width.max(height) > most {
            return None;
        }
        if self.size != [width, height] {
            self.canvas.set_width(width);
            self.canvas.set_height(height);
            self.surface.configure(
                &self.device,
                &wgpu::SurfaceConfiguration {
                    usage: wgpu::TextureUsages::RENDER_ATTACHMENT,
                    format: FORMAT,
                    width,
                    height,
                    present_mode: wgpu::PresentMode::Fifo,
                    desired_maximum_frame_latency: 2,
                    alpha_mode: wgpu::CompositeAlphaMode::Opaque,
                    view_formats: Vec::new(),
                    color_space: wgpu::SurfaceColorSpace::Srgb,
                },
            );
            self.size = [width, height];
        }
        let (wgpu::CurrentSurfaceTexture::Success(texture)
        | wgpu::CurrentSurfaceTexture::Suboptimal(texture)) = self.surface.get_current_texture()
        else {
            return None;
        };
        let view = texture
            .texture
            .create_view(&wgpu::TextureViewDescriptor::default());
        self.painter.paint(picture, &view).ok()?;
        self.canvas.transfer_to_image_bitmap().ok()
    }

    /// Whether a sheet comes out as it should; none if it cannot even be looked at.
    async fn try_out(&mut self, device: &Device) -> Option<bool> {
        let attacked = [0.0, 0.25, 0.5, 1.0];
        let clean = [0.0, 0.3, 0.4, 0.9];
        let tensor = |values: [f32; 4]| {
            Tensor::<4>::from_data(TensorData::new(values.into(), [2, 1, 1, 2]), device)
        };
        let picture = Picture {
            attacked: tensor(attacked),
            clean: tensor(clean),
            full: Tensor::from_data([0.2_f32], device),
        };
        // The device is known to work before it is asked for more.
        read(picture.full.clone()).await.ok()?;
        let bitmap = self.paint(&picture)?;
        let [width, height] = picture.size();
        let context = OffscreenCanvas::new(width, height)
            .and_then(|canvas| canvas.get_context("2d"))
            .ok()??
            .dyn_into::<OffscreenCanvasRenderingContext2d>()
            .ok()?;
        context
            .draw_image_with_image_bitmap(&bitmap, 0.0, 0.0)
            .ok()?;
        let seen = context
            .get_image_data(0.0, 0.0, width.into(), height.into())
            .ok()?;
        let (images, changes) = sheet(&attacked, &clean, 0.2);
        let expected = images.into_iter().chain(changes);
        let mut pixels = seen.data().0.into_iter().step_by(4).zip(expected);
        // A level more or less is rounding.
        Some(pixels.all(|(seen, expected)| seen.abs_diff(expected) <= 1))
    }
}
