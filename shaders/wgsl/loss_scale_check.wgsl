// Notes down in a loss scale's state that a gradient holds a number that is infinite or none.
//
// The bits are looked at: compilers of shaders may take all numbers for finite ones.
//
// Shapes: gradient [n], 32-bit floats; state as in loss_scale.rs.
// Bindings are all read_write, see attack_step.wgsl.
// Dispatch: one invocation a number, ceil(n / 64) workgroups, spread over x and y.

@group(0) @binding(0) var<storage, read_write> gradient: array<u32>;
@group(0) @binding(1) var<storage, read_write> state: array<atomic<u32>>;

const WORKGROUP: u32 = 64u;
const EXPONENT: u32 = 0x7f800000u;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = (workgroup.y * workgroups.x + workgroup.x) * WORKGROUP + local;
    if i < arrayLength(&gradient) && (gradient[i] & EXPONENT) == EXPONENT {
        atomicStore(&state[3], 1u);
    }
}
