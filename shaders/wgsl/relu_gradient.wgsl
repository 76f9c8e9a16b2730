// The gradient of ReLU, from what ReLU gave: it goes on where that is above 0 or is no number.
//
// Shapes: out, gradient and by_x [n].
// How numbers are Stored comes before this text (linear.rs).
// Bindings are all read_write, see attack_step.wgsl.
// Dispatch: one invocation a number, ceil(n / 64) workgroups, spread over x and y.

@group(0) @binding(0) var<storage, read_write> out: array<Stored>;
@group(0) @binding(1) var<storage, read_write> gradient: array<Stored>;
@group(0) @binding(2) var<storage, read_write> by_x: array<Stored>;

const WORKGROUP: u32 = 64u;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = (workgroup.y * workgroups.x + workgroup.x) * WORKGROUP + local;
    if i < arrayLength(&by_x) {
        by_x[i] = select(gradient[i], Stored(0.0), out[i] <= Stored(0.0));
    }
}
