// ReLU, then the greatest of each square of 2 by 2; a last row or column without a fellow is left out.
// What is no number stays.
//
// Shapes: x [planes, HEIGHT, WIDTH]; out [planes, HEIGHT / 2, WIDTH / 2].
// HEIGHT, WIDTH and how numbers are Stored come before this text (relu_pool.rs).
// Bindings are all read_write, see attack_step.wgsl.
// Dispatch: one invocation a square, ceil(n / 64) workgroups, spread over x and y.

@group(0) @binding(0) var<storage, read_write> x: array<Stored>;
@group(0) @binding(1) var<storage, read_write> out: array<Stored>;

const WORKGROUP: u32 = 64u;
const ROWS: u32 = HEIGHT / 2u;
const COLUMNS: u32 = WIDTH / 2u;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = (workgroup.y * workgroups.x + workgroup.x) * WORKGROUP + local;
    if i >= arrayLength(&out) {
        return;
    }
    let row = i / COLUMNS;
    let at = (row / ROWS * HEIGHT + row % ROWS * 2u) * WIDTH + i % COLUMNS * 2u;
    let upper = greater(f32(x[at]), f32(x[at + 1u]));
    let lower = greater(f32(x[at + WIDTH]), f32(x[at + WIDTH + 1u]));
    out[i] = Stored(greater(greater(upper, lower), 0.0));
}
