// A convolution (cross-correlation) with bias, or its gradient by the image, which is one too: of the
// outputs' gradient with the kernel turned round, its zeros between pixels being the stride.
//
//   out[b, o, i, j] = bias[o] + sum_{c, u, v} weight[o, c, u, v] X[b, c, S i + u - P, S j + v - P]
//
// where X is x with D - 1 zeros between its pixels, and zeros around it. Axes have their own S, P, D.
//
// Each invocation makes a block of ROWS by COLUMNS pixels of TILE channels: it loads what the block
// sees of a channel once, and each weight once for the whole block.
//
// The shape, and how numbers are Stored, come before this text, and loops are written out (convolution.rs,
// unrolled.rs): o, a, b count the block's channels, rows and columns; u, v the kernel's rows and
// columns; y, x the rows and columns that the block sees. The gradient does without the bias.
// Bindings are all read_write, see attack_step.wgsl. The batch is what the bound output holds.
// Dispatch: x and z count 64 blocks of the batch, y counts TILE channels.

@group(0) @binding(0) var<storage, read_write> x: array<Stored>;
@group(0) @binding(1) var<storage, read_write> weight: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<Stored>;
@group(0) @binding(3) var<storage, read_write> bias: array<f32>;

const WORKGROUP: u32 = 64u;
const PLANE: u32 = HEIGHT * WIDTH;
const OUT_PLANE: u32 = OUT_HEIGHT * OUT_WIDTH;
const ACROSS: u32 = (OUT_WIDTH + COLUMNS - 1u) / COLUMNS;
const BLOCKS: u32 = (OUT_HEIGHT + ROWS - 1u) / ROWS * ACROSS;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let images = arrayLength(&out) / (OUTPUTS * OUT_PLANE);
    let block = (workgroup.z * workgroups.x + workgroup.x) * WORKGROUP + local;
    let image = block / BLOCKS;
    if image >= images {
        return;
    }
    let first = workgroup.y * TILE;
    let out_row = block % BLOCKS / ACROSS * ROWS;
    let out_column = block % ACROSS * COLUMNS;
    // What is left of the image, or above it, wraps round to beyond it.
    let top = u32(i32(out_row) * STRIDE_Y - PADDING_Y);
    let left = u32(i32(out_column) * STRIDE_X - PADDING_X);
    let row{y} = (top + {y}u) / DILATION_Y; // each y
    let is_row{y} = row{y} < HEIGHT && (top + {y}u) % DILATION_Y == 0u; // each y
    let row_at{y} = min(row{y}, HEIGHT - 1u) * WIDTH; // each y
    let column{x} = (left + {x}u) / DILATION_X; // each x
    let is_column{x} = column{x} < WIDTH && (left + {x}u) % DILATION_X == 0u; // each x
    let column_at{x} = min(column{x}, WIDTH - 1u); // each x

    var sum{o}_{a}_{b} = 0.0; // each o a b
    var at = image * (INPUTS * PLANE);
    var weight_at = first * WEIGHT_OUTPUT;
    for (var input = 0u; input < INPUTS; input++) {
        // each y x {
        let loaded{y}_{x} = f32(x[at + row_at{y} + column_at{x}]);
        let value{y}_{x} = select(0.0, loaded{y}_{x}, is_row{y} && is_column{x});
        // }
        // each u v o {
        let weight{o}_{u}_{v} = weight[weight_at + ({o}u * WEIGHT_OUTPUT + u32(TAP_FIRST + {u * KX + v} * TAP_STEP))];
        sum{o}_{a}_{b} += weight{o}_{u}_{v} * value{a * SY + u}_{b * SX + v}; // each a b
        // }
        at += PLANE;
        weight_at += WEIGHT_INPUT;
    }
    sum{o}_{a}_{b} += bias[first + {o}u]; // each o a b

    let out_at = (image * OUTPUTS + first) * OUT_PLANE + out_row * OUT_WIDTH + out_column;
    // each a b {
    if out_row + {a}u < OUT_HEIGHT && out_column + {b}u < OUT_WIDTH {
        out[out_at + ({o}u * OUT_PLANE + {a}u * OUT_WIDTH + {b}u)] = Stored(sum{o}_{a}_{b}); // each o
    }
    // }
}
