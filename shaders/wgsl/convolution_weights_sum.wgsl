// Adds up the parts that convolution_weights.wgsl leaves, in their order.
//
// Shapes: parts [parts, weights + biases]; weights and biases by their length.
// Bindings are all read_write, see attack_step.wgsl.
// Dispatch: one invocation a number, ceil(n / 256) workgroups, spread over x and y.

@group(0) @binding(0) var<storage, read_write> parts: array<f32>;
@group(0) @binding(1) var<storage, read_write> weights: array<f32>;
@group(0) @binding(2) var<storage, read_write> biases: array<f32>;

const WORKGROUP: u32 = 256u;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = (workgroup.y * workgroups.x + workgroup.x) * WORKGROUP + local;
    let count = arrayLength(&weights);
    let row = count + arrayLength(&biases);
    if i >= row {
        return;
    }
    var sum = 0.0;
    for (var at = i; at < arrayLength(&parts); at += row) {
        sum += parts[at];
    }
    if i < count {
        weights[i] = sum;
    } else {
        biases[i - count] = sum;
    }
}
