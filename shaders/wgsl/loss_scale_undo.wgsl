// A gradient without the loss scale: 0 in a step that is left out.
//
// Shapes: gradient and out [n]; state as in loss_scale.rs.
// Bindings are all read_write, see attack_step.wgsl.
// Dispatch: one invocation a number, ceil(n / 64) workgroups, spread over x and y.

@group(0) @binding(0) var<storage, read_write> gradient: array<f32>;
@group(0) @binding(1) var<storage, read_write> state: array<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

const WORKGROUP: u32 = 64u;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = (workgroup.y * workgroups.x + workgroup.x) * WORKGROUP + local;
    if i < arrayLength(&out) {
        out[i] = select(gradient[i] / bitcast<f32>(state[0]), 0.0, state[3] != 0u);
    }
}
