// Training images from bytes: gathers a batch, moves and mirrors its images, scales them to [0, 1],
// adds Gaussian noise.
//
//   out[b, c, y, x] = bytes[place_b, c, y + dy_b, x' + dx_b] / 255 + sigma * n,
//   x' = x, or width - 1 - x for a mirrored image; outside of the image the byte is 0.
//
// n is number (b, c, y, x) of the stream in the plan, counted in row-major order.
//
// Shapes:
//   images: bytes of whole images, row-major [images, channels, height, width], four to a word, the
//     first in the lowest bits. A data set may be cut into several such arrays; this one begins with
//     image `first` and holds `count` of them, and only what comes from these is written.
//   plan: a header of 12 words, then two words an image of the batch, its place and its shift:
//     [batch, channels, height, width, first, count, sigma as bits, key low, key high, purpose,
//     index, 0], [place, (dy + 128) | (dx + 128) << 8 | mirrored << 16] ...
//   out: [batch, channels, height, width]
// Bindings are all read_write, see attack_step.wgsl.
// Dispatch: one invocation for four numbers of `out`, ceil(n / 4 / 256) workgroups, spread over x, y.

@group(0) @binding(0) var<storage, read_write> images: array<u32>;
@group(0) @binding(1) var<storage, read_write> plan: array<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

const WORKGROUP: u32 = 256u;
const HEADER: u32 = 12u;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let four = (workgroup.y * workgroups.x + workgroup.x) * WORKGROUP + local;
    let batch = plan[0];
    let channels = plan[1];
    let height = plan[2];
    let width = plan[3];
    let length = channels * height * width;
    if 4u * four >= batch * length {
        return;
    }
    let sigma = bitcast<f32>(plan[6]);
    var noise = vec4<f32>(0.0);
    if sigma != 0.0 {
        let stream = Stream(vec2<u32>(plan[7], plan[8]), plan[9], plan[10]);
        noise = sigma * normal_block(stream, four);
    }
    for (var part = 0u; part < 4u; part++) {
        let i = 4u * four + part;
        if i >= batch * length {
            return;
        }
        let image = i / length;
        // Below 0, and so far above `count`, for an image of another array before this one.
        let place = plan[HEADER + 2u * image] - plan[4];
        if place >= plan[5] {
            continue;
        }
        let shift = plan[HEADER + 2u * image + 1u];
        let channel = (i % length) / (height * width);
        let y = i32((i / width) % height) + i32(shift & 0xffu) - 128;
        var x = i32(i % width);
        if (shift >> 16u) != 0u {
            x = i32(width) - 1 - x;
        }
        x += i32((shift >> 8u) & 0xffu) - 128;
        var pixel = 0.0;
        if y >= 0 && y < i32(height) && x >= 0 && x < i32(width) {
            let at = place * length + (channel * height + u32(y)) * width + u32(x);
            let byte = (images[at / 4u] >> (8u * (at % 4u))) & 0xffu;
            pixel = f32(byte) / 255.0;
        }
        out[i] = pixel + noise[part];
    }
}
