// Images under attack and what was added to them, drawn from where they lie.
//
// A sheet has the images side by side, and under each its perturbation. Every texel is one of the 256 levels of
// a byte, by the rule of the reference in `sheet.rs`, so that the sheet can be read as bytes.

// [images, channels, height, width], in [0, 1]
@group(0) @binding(0) var<storage, read> attacked: array<f32>;
@group(0) @binding(1) var<storage, read> clean: array<f32>;
// The change that is shown in full.
@group(0) @binding(2) var<storage, read> full: array<f32>;
// Channels, height, width.
@group(0) @binding(3) var<uniform> shape: vec4<u32>;

// One triangle that covers the sheet.
@vertex
fn corner(@builtin(vertex_index) index: u32) -> @builtin(position) vec4<f32> {
    let x = f32((index & 1u) << 2u) - 1.0;
    let y = f32((index & 2u) << 1u) - 1.0;
    return vec4<f32>(x, y, 0.0, 1.0);
}

fn level(value: f32) -> f32 {
    return clamp(floor(value + 0.5), 0.0, 255.0) / 255.0;
}

fn channel(number: u32, at: vec2<u32>, scale: f32) -> f32 {
    let image = at.x / shape.z;
    let row = at.y % shape.y;
    let place = ((image * shape.x + number) * shape.y + row) * shape.z + at.x % shape.z;
    if at.y < shape.y {
        return level(attacked[place] * 255.0);
    }
    return level(128.0 + (attacked[place] - clean[place]) * scale);
}

@fragment
fn main(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
    let at = vec2<u32>(position.xy);
    var scale = 0.0;
    if full[0] > 0.0 {
        scale = 127.0 / full[0];
    }
    let first = channel(0u, at, scale);
    if shape.x == 1u {
        return vec4<f32>(first, first, first, 1.0);
    }
    return vec4<f32>(first, channel(1u, at, scale), channel(2u, at, scale), 1.0);
}
