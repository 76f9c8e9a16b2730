// One l_inf PGD step: ascend along the gradient's sign, then project onto the ball and the image range.
//
//   moved  = x + step_size * sign(g)
//   next   = clamp(moved, max(clean - epsilon, 0), min(clean + epsilon, 1))
//
// sign(0) = 0, so a pixel without gradient stays. The bounds are computed in f32, exactly as the
// reference does, so `next` never leaves [0, 1] and lies within epsilon of `clean` to one rounding.
//
// Shapes: x, g, clean and next are arrays of n = arrayLength(x) numbers, contiguous and alike in layout;
// params = [step_size, epsilon].
// Bindings are all read_write because a buffer may hold several of these tensors at different
// offsets, and one buffer must not be bound for reading and for writing in the same dispatch.
// Dispatch: one invocation a number, ceil(n / 256) workgroups, spread over x and y.

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> g: array<f32>;
@group(0) @binding(2) var<storage, read_write> clean: array<f32>;
@group(0) @binding(3) var<storage, read_write> params: array<f32>;
@group(0) @binding(4) var<storage, read_write> next: array<f32>;

const WORKGROUP: u32 = 256u;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = (workgroup.y * workgroups.x + workgroup.x) * WORKGROUP + local;
    if i >= arrayLength(&next) {
        return;
    }
    let step_size = params[0];
    let epsilon = params[1];
    let center = clean[i];
    let moved = x[i] + step_size * sign(g[i]);
    let low = max(center - epsilon, 0.0);
    let high = min(center + epsilon, 1.0);
    next[i] = clamp(moved, low, high);
}
