// The gradient of a convolution by its weights and its bias, in parts: each invocation sums over some
// blocks of the images' pixels, for TILE output channels and the kernel of one input channel.
//
//   weights[o, c, u, v] = sum_{b, i, j} gradient[b, o, i, j] x[b, c, S i + u - P, S j + v - P]
//   bias[o]             = sum_{b, i, j} gradient[b, o, i, j]
//
// parts has a row for each part: all weights, then the biases. A block is COLUMNS pixels of a row.
// No memory of workgroups is used: handing sums over there costs more than adding up parts.
//
// The shape, and how numbers are Stored, come before this text, and loops are written out (convolution.rs,
// unrolled.rs): o counts the output channels, b the block's pixels; u, v the kernel's rows and columns,
// x the columns that the block sees.
// Bindings are all read_write, see attack_step.wgsl. The batch is what the bound gradient holds, the
// number of parts what the bound parts hold.
// Dispatch: one invocation a part and an input channel, ceil(n / 64) workgroups along x; y counts TILE
// output channels.

@group(0) @binding(0) var<storage, read_write> x: array<Stored>;
@group(0) @binding(1) var<storage, read_write> gradient: array<Stored>;
@group(0) @binding(2) var<storage, read_write> parts: array<f32>;

const WORKGROUP: u32 = 64u;
const PLANE: u32 = HEIGHT * WIDTH;
const OUT_PLANE: u32 = OUT_HEIGHT * OUT_WIDTH;
const ACROSS: u32 = (OUT_WIDTH + COLUMNS - 1u) / COLUMNS;
const BLOCKS: u32 = OUT_HEIGHT * ACROSS;
const TAPS: u32 = u32(KERNEL_Y * KERNEL_X);
const WEIGHTS: u32 = OUTPUTS * INPUTS * TAPS;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let count = arrayLength(&parts) / (WEIGHTS + OUTPUTS);
    let blocks = arrayLength(&gradient) / (OUTPUTS * OUT_PLANE) * BLOCKS;
    let invocation = workgroup.x * WORKGROUP + local;
    let input = invocation / count;
    if input >= INPUTS {
        return;
    }
    let part = invocation % count;
    let first = workgroup.y * TILE;

    var bias{o} = 0.0; // each o
    var sum{o}_{u}_{v} = 0.0; // each o u v
    for (var block = part; block < blocks; block += count) {
        let image = block / BLOCKS;
        let out_row = block % BLOCKS / ACROSS;
        let out_column = block % ACROSS * COLUMNS;
        let plane_at = (image * INPUTS + input) * PLANE;
        // What is left of the image, or above it, wraps round to beyond it.
        let top = u32(i32(out_row) * STRIDE_Y - PADDING_Y);
        let left = u32(i32(out_column) * STRIDE_X - PADDING_X);
        let is_column{x} = left + {x}u < WIDTH; // each x
        let column_at{x} = plane_at + min(left + {x}u, WIDTH - 1u); // each x
        // each u {
        let is_row{u} = top + {u}u < HEIGHT;
        let row_at{u} = min(top + {u}u, HEIGHT - 1u) * WIDTH;
        let loaded{u}_{x} = f32(x[row_at{u} + column_at{x}]); // each x
        let value{u}_{x} = select(0.0, loaded{u}_{x}, is_row{u} && is_column{x}); // each x
        // }
        let gradient_at = (image * OUTPUTS + first) * OUT_PLANE + out_row * OUT_WIDTH;
        let is_pixel{b} = out_column + {b}u < OUT_WIDTH; // each b
        let pixel_at{b} = gradient_at + min(out_column + {b}u, OUT_WIDTH - 1u); // each b
        // each o {
        let given{o}_{b} = f32(gradient[pixel_at{b} + {o}u * OUT_PLANE]); // each b
        let gradient{o}_{b} = select(0.0, given{o}_{b}, is_pixel{b}); // each b
        bias{o} += gradient{o}_{b}; // each b
        sum{o}_{u}_{v} += gradient{o}_{b} * value{u}_{b * SX + v}; // each u v b
        // }
    }

    let part_at = part * (WEIGHTS + OUTPUTS);
    let kernel_at = part_at + (first * INPUTS + input) * TAPS;
    parts[kernel_at + ({o}u * INPUTS * TAPS + {u * KX + v}u)] = sum{o}_{u}_{v}; // each o u v
    if input == 0u {
        parts[part_at + WEIGHTS + first + {o}u] = bias{o}; // each o
    }
}
