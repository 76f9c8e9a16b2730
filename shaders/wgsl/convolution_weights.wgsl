// The gradient of a convolution by its weights and its bias, in parts: each workgroup sums over some
// images, for TILE output channels and ROWS rows of one input channel's kernel.
//
//   weights[o, c, u, v] = sum_{b, i, j} gradient[b, o, i, j] x[b, c, S i + u - P, S j + v - P]
//   bias[o]             = sum_{b, i, j} gradient[b, o, i, j]
//
// parts has a row for each part: all weights, then the biases. Each invocation goes through every 64th
// pixel of its images.
//
// The shape comes as constants before this text (convolution.rs). A line with a dollar sign stands for
// TILE lines, and one with a number sign for ROWS KERNEL_X lines, with 0, 1, ... in its place.
// Bindings are all read_write, see attack_step.wgsl. The batch is what the bound gradient holds.
// Dispatch: x counts parts, y TILE output channels, z ROWS kernel rows of the input channels; the first
// of these sums for the bias, too.

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> gradient: array<f32>;
@group(0) @binding(2) var<storage, read_write> parts: array<f32>;

const WORKGROUP: u32 = 64u;
const PLANE: u32 = HEIGHT * WIDTH;
const OUT_PLANE: u32 = OUT_HEIGHT * OUT_WIDTH;
const COLUMNS: u32 = u32(KERNEL_X);
const TAPS: u32 = ROWS * COLUMNS;
const BANDS: u32 = u32(KERNEL_Y) / ROWS;
const WEIGHTS: u32 = OUTPUTS * INPUTS * u32(KERNEL_Y) * COLUMNS;
// Sums are handed over for so many output channels at a time: a workgroup's memory is 16 kB.
const GROUP: u32 = min(TILE, 4096u / (WORKGROUP * (TAPS + 1u)));
const SLOTS: u32 = GROUP * (TAPS + 1u);

var<workgroup> sums: array<f32, WORKGROUP * SLOTS>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let first = workgroup.y * TILE;
    let input = workgroup.z / BANDS;
    let u = workgroup.z % BANDS * ROWS;
    let images = arrayLength(&gradient) / (OUTPUTS * OUT_PLANE);
    let share = (images + workgroups.x - 1u) / workgroups.x;
    let end = min((workgroup.x + 1u) * share, images);

    var sum$_# = 0.0;
    var bias$ = 0.0;
    for (var image = workgroup.x * share; image < end; image++) {
        let gradient_at = (image * OUTPUTS + first) * OUT_PLANE;
        let plane_at = (image * INPUTS + input) * PLANE;
        var i = local / OUT_WIDTH;
        var j = local % OUT_WIDTH;
        for (var place = local; place < OUT_PLANE; place += WORKGROUP) {
            let gradient$ = gradient[gradient_at + $u * OUT_PLANE + place];
            bias$ += gradient$;
            let row = i32(i) * STRIDE_Y + i32(u) - PADDING_Y;
            let column = i32(j) * STRIDE_X - PADDING_X;
            let at = row * i32(WIDTH) + column;
            // Somewhere in the plane where it is not inside, and beside its neighbours if it can be.
            let near# = clamp(at + (#i / KERNEL_X * i32(WIDTH) + #i % KERNEL_X), 0i, i32(PLANE) - 1i);
            let loaded# = x[plane_at + u32(near#)];
            let is_inside# = u32(row + #i / KERNEL_X) < HEIGHT && u32(column + #i % KERNEL_X) < WIDTH;
            let value# = select(0.0, loaded#, is_inside#);
            sum$_# += gradient$ * value#;
            i += WORKGROUP / OUT_WIDTH;
            j += WORKGROUP % OUT_WIDTH;
            if j >= OUT_WIDTH {
                j -= OUT_WIDTH;
                i += 1u;
            }
        }
    }

    let part_at = workgroup.x * (WEIGHTS + OUTPUTS);
    for (var group = 0u; group < TILE; group += GROUP) {
        let at = local * SLOTS;
        if $u / GROUP * GROUP == group { sums[at + $u % GROUP * (TAPS + 1u) + #u] = sum$_#; }
        if $u / GROUP * GROUP == group { sums[at + $u % GROUP * (TAPS + 1u) + TAPS] = bias$; }
        workgroupBarrier();
        for (var slot = local; slot < SLOTS; slot += WORKGROUP) {
            var sum = 0.0;
            for (var invocation = 0u; invocation < WORKGROUP; invocation++) {
                sum += sums[invocation * SLOTS + slot];
            }
            let channel = group + slot / (TAPS + 1u);
            let tap = slot % (TAPS + 1u);
            let output = first + channel;
            if channel < TILE && tap < TAPS {
                let kernel = (output * INPUTS + input) * u32(KERNEL_Y) + u;
                parts[part_at + kernel * COLUMNS + tap] = sum;
            } else if channel < TILE && workgroup.z == 0u {
                parts[part_at + WEIGHTS + output] = sum;
            }
        }
        workgroupBarrier();
    }
}
