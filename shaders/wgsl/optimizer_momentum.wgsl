// One update by stochastic gradient descent with momentum, as PyTorch's (dampening 0).
//
//   g = gradient + decay * value
//   velocity = momentum * velocity + g
//   next = value - rate * (velocity, or g + momentum * velocity for Nesterov's)
//
// Shapes: all [n], params = [rate, momentum, decay, 1 for Nesterov's]; velocity is changed in place.
// Bindings are all read_write, see attack_step.wgsl.
// Dispatch: one invocation a number, ceil(n / 64) workgroups, spread over x and y.

@group(0) @binding(0) var<storage, read_write> value: array<f32>;
@group(0) @binding(1) var<storage, read_write> gradient: array<f32>;
@group(0) @binding(2) var<storage, read_write> velocity: array<f32>;
@group(0) @binding(3) var<storage, read_write> params: array<f32>;
@group(0) @binding(4) var<storage, read_write> next: array<f32>;

const WORKGROUP: u32 = 64u;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = (workgroup.y * workgroups.x + workgroup.x) * WORKGROUP + local;
    if i >= arrayLength(&next) {
        return;
    }
    let momentum = params[1];
    let g = gradient[i] + params[2] * value[i];
    let v = momentum * velocity[i] + g;
    velocity[i] = v;
    let direction = select(v, g + momentum * v, params[3] != 0.0);
    next[i] = value[i] - params[0] * direction;
}
