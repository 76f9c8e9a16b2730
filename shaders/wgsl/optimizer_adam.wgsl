// One update by Adam or AdamW, as PyTorch's.
//
//   g = gradient + decay * value                                      (Adam's decay)
//   mean = b1 * mean + (1 - b1) * g,  square = b2 * square + (1 - b2) * g^2
//   next = value - rate / (1 - b1^t) * mean / (sqrt(square / (1 - b2^t)) + epsilon)
//                - rate * decay * value                               (AdamW's decay)
//
// Shapes: all [n], params = [rate / (1 - b1^t), 1 - b2^t, b1, b2, 1 - b1, 1 - b2, epsilon, Adam's decay,
// rate times AdamW's decay]; mean and square are changed in place.
// Bindings are all read_write, see attack_step.wgsl.
// Dispatch: one invocation a number, ceil(n / 64) workgroups, spread over x and y.

@group(0) @binding(0) var<storage, read_write> value: array<f32>;
@group(0) @binding(1) var<storage, read_write> gradient: array<f32>;
@group(0) @binding(2) var<storage, read_write> mean: array<f32>;
@group(0) @binding(3) var<storage, read_write> square: array<f32>;
@group(0) @binding(4) var<storage, read_write> params: array<f32>;
@group(0) @binding(5) var<storage, read_write> next: array<f32>;

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
    let g = gradient[i] + params[7] * value[i];
    let m = params[2] * mean[i] + params[4] * g;
    let s = params[3] * square[i] + params[5] * g * g;
    mean[i] = m;
    square[i] = s;
    let change = params[0] * (m / (sqrt(s / params[1]) + params[6]));
    next[i] = value[i] - change - params[8] * value[i];
}
